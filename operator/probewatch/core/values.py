"""Faster construction and `replace` for frozen dataclasses.

The constructor of a frozen dataclass calls `object.__setattr__` for each field, and
`dataclasses.replace` calls that constructor with every field by keyword. Both cost more than the
work that the value is made for, and each restart makes and changes dozens of values. So this
module generates functions for each class, as `dataclasses` generates constructors: a new object
is filled as an instance of a *twin* class, which has the same slots and is not frozen, and then
its `__class__` is set to the real class. This works for dataclasses with slots and without
`__post_init__`, as all values of the core are.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["quickly_made", "replace"]

V = TypeVar("V")

_changers: dict[tuple[object, ...], Callable[..., Any]] = {}
_twins: dict[type, type] = {}


def quickly_made(kind: type[V]) -> type[V]:
    """Class decorator: give a frozen dataclass with slots and `kw_only` a faster constructor."""
    every = fields(kind)  # type: ignore[arg-type]  # a dataclass, as is said above
    known: dict[str, Any] = {
        **_names(kind),
        **{f"_default_{each.name}": each.default for each in every},
        **{f"_make_{each.name}": each.default_factory for each in every},
    }
    parameters = ", ".join(_parameter(each) for each in every)
    lines = [f"def __init__(self, /, *, {parameters}):", " _become(self, '__class__', _twin)"]
    lines += [f" self.{each.name} = {_argument(each)}" for each in every]
    exec("\n".join([*lines, " self.__class__ = _kind"]), known)  # noqa: S102  # of names of fields alone
    kind.__init__ = known["__init__"]  # type: ignore[method-assign]  # as dataclass wrote one
    return kind


def _parameter(field: Field[Any]) -> str:
    if field.default is not MISSING:
        return f"{field.name}=_default_{field.name}"
    return field.name if field.default_factory is MISSING else f"{field.name}=_missing"


def _argument(field: Field[Any]) -> str:
    if field.default_factory is MISSING:
        return field.name
    return f"_make_{field.name}() if {field.name} is _missing else {field.name}"


def _names(kind: type) -> dict[str, Any]:
    """The namespace of the generated functions; no field's name begins with an underscore."""
    slots = tuple(field.name for field in fields(kind))
    twin = _twins.setdefault(kind, type(kind.__name__, (), {"__slots__": slots}))
    return {
        "_become": object.__setattr__,
        "_twin": twin,
        "_kind": kind,
        "_missing": MISSING,
    }


def _replace(value: V, /, **changes: object) -> V:
    """Return a copy of a value with some of its fields changed, as `dataclasses.replace` does.

    Raises KeyError for a field that the value does not have.
    """
    key = (type(value), *changes)
    try:
        change = _changers[key]
    except KeyError:
        change = _changers[key] = _write_changer(type(value), tuple(changes))
    changed: V = change(value, **changes)
    return changed


def _write_changer(kind: type, names: tuple[str, ...]) -> Callable[..., Any]:
    """Generate the function that copies a value of this class and sets these fields."""
    every = tuple(field.name for field in fields(kind))
    for unknown in set(names).difference(every):
        raise KeyError(unknown)
    lines = [f"def change({', '.join(('_value', '/', *names))}):", " _made = _twin()"]
    lines += [f" _made.{name} = {name if name in names else f'_value.{name}'}" for name in every]
    known = _names(kind)
    exec("\n".join([*lines, " _made.__class__ = _kind", " return _made"]), known)  # noqa: S102  # of names of fields alone
    written: Callable[..., Any] = known["change"]
    return written


if TYPE_CHECKING:  # type checkers know the signature of `dataclasses.replace`
    from dataclasses import replace
else:
    replace = _replace
