"""A changed value is what the standard library would have made of it."""

import dataclasses
from collections.abc import Mapping

import pytest

from probewatch.core.book import Book
from probewatch.core.policy import Policy
from probewatch.core.restarts import Watermark
from probewatch.core.state import PodState, ReadinessState
from probewatch.core.values import replace
from tests.builders import LIVENESS, spec, status


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """A value of one field."""

    field: int


CASES: Mapping[str, tuple[object, dict[str, object]]] = {
    "one field": (Single(field=1), {"field": 2}),
    "a probe": (LIVENESS, {"period": 7.0, "grace": None}),
    "a spec": (spec(), {"containers": ()}),
    "a status": (status(), {"restart_count": 3, "last": None}),
    "a watermark": (Watermark(name="app", count=1), {"count": 2, "running": True}),
    "a book": (Book(), {"series": (("a", 1, 2.0),)}),
    "a policy": (Policy(), {}),
    "readiness": (ReadinessState(), {"ready": True}),
}


@pytest.mark.parametrize(("value", "changes"), CASES.values(), ids=CASES.keys())
def test_change_is_that_of_the_standard_library(value: object, changes: dict[str, object]) -> None:
    """The copy has the changes and all else of the original, which stays as it was."""
    before = dataclasses.replace(value)  # type: ignore[type-var]  # all of them are dataclasses
    expected = dataclasses.replace(value, **changes)  # type: ignore[type-var]  # likewise

    assert expected == replace(value, **changes)  # type: ignore[type-var]  # likewise
    assert before == value
    assert hash(expected) == hash(replace(value, **changes))  # type: ignore[type-var]  # likewise


def test_unknown_field_is_refused() -> None:
    """A field that the value does not have is a mistake."""
    with pytest.raises(KeyError):
        replace(Policy(), unheard_of=1)  # type: ignore[call-arg]  # that is the point


def test_values_of_the_core_have_no_code_in_their_making() -> None:
    """What is copied past the constructor must not need it."""
    assert not hasattr(PodState, "__post_init__")
