"""The clock of a replay: it wakes the store when that has asked for it, and never runs back."""

import pytest

from probewatch.commands.virtual_time import VirtualTime
from probewatch.core.findings import Finding
from probewatch.core.observe import Observation


class Sleeper:
    """A store that asks to be woken at these moments, and notes when it was."""

    def __init__(self, *moments: float) -> None:
        self.moments = list(moments)
        self.woken: list[float] = []

    def feed(self, observation: Observation, now: float) -> tuple[Finding, ...]:
        raise NotImplementedError

    def tick(self, now: float) -> tuple[Finding, ...]:
        self.woken.append(now)
        self.moments = self.moments[1:]
        return ()

    def next_due(self) -> float | None:
        return self.moments[0] if self.moments else None

    def pending(self) -> int:
        return int(bool(self.moments))


def test_store_is_woken_at_each_moment_up_to_now() -> None:
    """Before the clock reaches a moment, the store is woken at all that are due until then."""
    store = Sleeper(3.0, 7.0, 10.0, 11.0)
    time = VirtualTime(store)
    list(time.run_to(10.0))

    assert [3.0, 7.0, 10.0] == store.woken
    list(time.run_out())
    assert [3.0, 7.0, 10.0, 11.0] == store.woken


def test_clock_never_runs_back() -> None:
    """A line with an earlier time of arrival does not set the clock back."""
    time = VirtualTime(Sleeper())
    for moment in (10.0, 5.0):
        list(time.run_to(moment))

    assert 10.0 == time.now


def test_moment_that_is_asked_for_again_is_a_fault() -> None:
    """A store that asks for the same moment again would be woken without end."""
    with pytest.raises(RuntimeError, match=r"asks again for the moment 3\.0"):
        list(VirtualTime(Sleeper(3.0, 3.0)).run_to(10.0))
