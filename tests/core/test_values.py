"""`replace` and `quickly_made` do what the standard library's dataclasses do."""

import copy
import dataclasses
from collections.abc import Mapping

import pytest

from probewatch.core.book import Book
from probewatch.core.policy import Policy
from probewatch.core.restarts import Watermark
from probewatch.core.state import PodState, ReadinessState
from probewatch.core.values import quickly_made, replace
from tests.support.builders import LIVENESS, spec, status


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """A value with one field."""

    field: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A value whose field names might clash with those in generated code."""

    kind: str
    value: str
    made: str


CASES: Mapping[str, tuple[object, dict[str, object]]] = {
    "one field": (Single(field=1), {"field": 2}),
    "a probe": (LIVENESS, {"period": 7.0, "grace": None}),
    "a spec": (spec(), {"containers": ()}),
    "a status": (status(), {"restart_count": 3, "last": None}),
    "a watermark": (Watermark(name="app", count=1), {"count": 2, "running": True}),
    "a book": (Book(), {"series": (("a", 1, 2.0),)}),
    "a policy": (Policy(), {}),
    "readiness": (ReadinessState(), {"ready": True}),
    "names in the way": (Names(kind="a", value="b", made="c"), {"kind": "d", "value": "e"}),
}


@pytest.mark.parametrize(("value", "changes"), CASES.values(), ids=CASES.keys())
def test_change_is_that_of_the_standard_library(value: object, changes: dict[str, object]) -> None:
    """`replace` equals `dataclasses.replace` and leaves the original as it was."""
    before = dataclasses.replace(value)  # type: ignore[type-var]  # all of them are dataclasses
    expected = dataclasses.replace(value, **changes)  # type: ignore[type-var]  # likewise

    assert expected == replace(value, **changes)  # type: ignore[type-var]  # likewise
    assert before == value
    assert hash(expected) == hash(replace(value, **changes))  # type: ignore[type-var]  # likewise


@quickly_made
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """A value whose fields have a default of each kind."""

    needed: int
    given: int = 3
    made: dict[str, int] = dataclasses.field(default_factory=dict)
    kind: str = ""


def test_constructor_is_that_of_the_standard_library() -> None:
    """Defaults are filled in, factories run for each value, and values are frozen."""
    value, other = Quick(needed=1), Quick(needed=1, given=3, made={})

    assert (1, 3, {}) == (value.needed, value.given, value.made)
    assert value == other
    assert value.made is not other.made
    assert "Quick(needed=1, given=3, made={}, kind='')" == repr(value)
    assert value == copy.copy(value)
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.given = 4  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize("given", [{}, {"needed": 1, "unheard_of": 2}], ids=["missing", "unknown"])
def test_wrong_call_of_a_constructor(given: dict[str, int]) -> None:
    """Missing and unknown arguments raise TypeError."""
    with pytest.raises(TypeError):
        Quick(**given)  # type: ignore[arg-type]  # that is the point


def test_unknown_field_is_refused() -> None:
    """Replacing an unknown field raises KeyError."""
    with pytest.raises(KeyError):
        replace(Policy(), unheard_of=1)  # type: ignore[call-arg]  # that is the point


def test_values_of_the_core_have_no_code_in_their_making() -> None:
    """PodState has no `__post_init__`, which `replace` would skip."""
    assert not hasattr(PodState, "__post_init__")
