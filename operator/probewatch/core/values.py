"""Values: how to change one, quickly.

`dataclasses.replace` calls the constructor with every field by name, which for a frozen value
costs more than what it is changed for, and a restart changes dozens. Here the fields go over
as they are. For values without `__post_init__`, as all values of the core are.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

__all__ = ["replace"]

V = TypeVar("V")

Setter = Callable[[object, object], None]


class _Shape(NamedTuple):
    """How to copy a value of a class, and how to set its fields, past their being frozen."""

    copy: Callable[[Any], Any]
    setters: dict[str, Setter]


_shapes: dict[type, _Shape] = {}


def _replace(value: V, /, **changes: object) -> V:
    """Return a copy of a value with some of its fields changed; as `dataclasses.replace` does.

    Raises KeyError for a field that the value does not have.
    """
    kind = type(value)
    shape = _shapes.get(kind) or _find_shape(kind)
    new: V = shape.copy(value)
    for name, changed in changes.items():
        shape.setters[name](new, changed)
    return new


def _find_shape(kind: type) -> _Shape:
    """Write the function that copies, as `dataclasses` writes constructors."""
    setters: dict[str, Setter] = {
        field.name: getattr(kind, field.name).__set__ for field in fields(kind)
    }
    known: dict[str, Any] = {f"set_{name}": setter for name, setter in setters.items()}
    known |= {"new": kind.__new__, "kind": kind}
    lines = ["def copy(value):", " made = new(kind)"]
    lines += [f" set_{name}(made, value.{name})" for name in setters]
    exec("\n".join([*lines, " return made"]), known)  # noqa: S102  # of names of fields alone
    _shapes[kind] = _Shape(copy=known["copy"], setters=setters)
    return _shapes[kind]


if TYPE_CHECKING:  # so that names and types of the changes are checked
    from dataclasses import replace
else:
    replace = _replace
