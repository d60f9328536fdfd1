"""Values: how to change one, quickly.

`dataclasses.replace` calls the constructor with every field by name, which for a frozen value
costs more than what it is changed for, and a restart changes dozens. Here the fields go over
as they are. For values without `__post_init__`, as all values of the core are.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import fields
from itertools import repeat
from operator import attrgetter, call
from typing import TYPE_CHECKING, NamedTuple, TypeVar

__all__ = ["replace"]

V = TypeVar("V")

Setter = Callable[[object, object], None]


class _Shape(NamedTuple):
    """How to read all fields of a class, and how to set each, past its being frozen."""

    read: Callable[[object], tuple[object, ...]]
    setters: tuple[Setter, ...]
    by_name: dict[str, Setter]


_shapes: dict[type, _Shape] = {}


def _replace(value: V, /, **changes: object) -> V:
    """Return a copy of a value with some of its fields changed; as `dataclasses.replace` does.

    Raises KeyError for a field that the value does not have.
    """
    kind = type(value)
    shape = _shapes.get(kind) or _find_shape(kind)
    new = kind.__new__(kind)
    deque(map(call, shape.setters, repeat(new), shape.read(value)), maxlen=0)
    for name, changed in changes.items():
        shape.by_name[name](new, changed)
    return new


def _find_shape(kind: type) -> _Shape:
    names = [field.name for field in fields(kind)]
    setters = {name: getattr(kind, name).__set__ for name in names}
    if len(names) > 1:
        read: Callable[[object], tuple[object, ...]] = attrgetter(*names)
    else:
        read = _read_one(attrgetter(*names))
    _shapes[kind] = _Shape(read=read, setters=tuple(setters.values()), by_name=setters)
    return _shapes[kind]


def _read_one(read: "attrgetter[object]") -> Callable[[object], tuple[object, ...]]:
    return lambda value: (read(value),)


if TYPE_CHECKING:  # so that names and types of the changes are checked
    from dataclasses import replace
else:
    replace = _replace
