"""Values: how to change one, quickly.

`dataclasses.replace` calls the constructor with every field by name, which for a frozen value
costs more than what it is changed for, and a restart changes dozens. Here a function is written
for each class and set of fields, as `dataclasses` writes constructors. The new value is filled
while it belongs to a *twin* class that has the same slots and is not frozen; then it becomes one
of its own class. For values with slots and without `__post_init__`, as all values of the core are.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["replace"]

V = TypeVar("V")

_changers: dict[tuple[object, ...], Callable[..., Any]] = {}
_twins: dict[type, type] = {}


def _replace(value: V, /, **changes: object) -> V:
    """Return a copy of a value with some of its fields changed; as `dataclasses.replace` does.

    Raises KeyError for a field that the value does not have.
    """
    key = (type(value), *changes)
    change = _changers.get(key)
    if change is None:
        change = _changers[key] = _write_changer(type(value), tuple(changes))
    changed: V = change(value, **changes)
    return changed


def _write_changer(kind: type, names: tuple[str, ...]) -> Callable[..., Any]:
    """Write the function that copies a value of this class and sets these fields."""
    every = tuple(field.name for field in fields(kind))
    for unknown in set(names).difference(every):
        raise KeyError(unknown)
    twin = _twins.setdefault(kind, type(kind.__name__, (), {"__slots__": every}))
    lines = [f"def change({', '.join(('value', '/', *names))}):", " made = new(twin)"]
    lines += [f" made.{name} = {name if name in names else f'value.{name}'}" for name in every]
    known: dict[str, Any] = {"new": object.__new__, "twin": twin, "kind": kind}
    exec("\n".join([*lines, " made.__class__ = kind", " return made"]), known)  # noqa: S102  # of names of fields alone
    written: Callable[..., Any] = known["change"]
    return written


if TYPE_CHECKING:  # so that names and types of the changes are checked
    from dataclasses import replace
else:
    replace = _replace
