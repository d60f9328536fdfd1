"""A loop whose Events are dropped: kills at the same age, again and again."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.facts import Facts
from probewatch.core.past import Past
from probewatch.core.restarts import Change, Path
from tests.support.builders import died, facts, past

CAUSE, AGE = Cause.LIVENESS_PROBE, 55.0
KILLED = past(CAUSE, 143, AGE, own_end=False)
HIGH, MEDIUM = Confidence.HIGH, Confidence.MEDIUM


def looped(*earlier: Past, code: int = 143, reason: str = "Error") -> Facts:
    """An instance that was replaced at this age, without an Event."""
    ended = died(code, end=AGE, reason=reason)
    return facts(ended, path=Path.IN_PLACE, past=earlier, next_start=AGE + 1)


def told(given: Facts) -> tuple[str, Cause, Confidence]:
    rule, verdict = attribute(given)
    return rule.name, verdict.cause, verdict.confidence


def test_three_kills_at_this_age_are_enough() -> None:
    """A container that was surely killed three times at this age was killed again."""
    assert ("replaced-in-place", CAUSE, HIGH) == told(looped(KILLED, KILLED, KILLED))


OTHERS = {
    "a kill less": (KILLED, KILLED),
    "an unsure one": (KILLED, KILLED, replace(KILLED, confidence=MEDIUM)),
    "one of another age": (KILLED, KILLED, replace(KILLED, lifetime=AGE + 3)),
    "one of unknown age": (KILLED, KILLED, replace(KILLED, lifetime=None)),
    "one with another exit code": (KILLED, KILLED, replace(KILLED, exit_code=137)),
    "another cause, too": (KILLED, KILLED, KILLED, past(Cause.SPEC_CHANGE, 143, 300)),
    "an end of its own, too": (KILLED, KILLED, KILLED, replace(KILLED, own_end=True)),
}


@pytest.mark.parametrize("earlier", OTHERS.values(), ids=OTHERS.keys())
def test_less_is_not_enough(earlier: tuple[Past, ...]) -> None:
    """With fewer kills like this, or other ends with its exit code, the verdict is not sure."""
    assert (CAUSE, MEDIUM) == told(looped(*earlier))[1:]


@pytest.mark.parametrize("change", [Change(unknown=True), Change(sandbox=True)])
def test_a_change_that_may_explain_the_end_leaves_doubt(change: Change) -> None:
    """If something else may have ended the container, the verdict is not sure."""
    given = looped(KILLED, KILLED, KILLED)
    given = replace(given, restart=replace(given.restart, change=change))

    assert told(given)[2] in {MEDIUM, Confidence.LOW}


def test_the_times_may_differ_by_two_seconds() -> None:
    """Times are known to the second, so that lifetimes differ by up to two."""
    near = (replace(KILLED, lifetime=AGE + 2), replace(KILLED, lifetime=AGE - 2), KILLED)

    assert HIGH is told(looped(*near))[2]


def test_memory_leaves_doubt() -> None:
    """If the runtime reports that a child process ran out of memory, the verdict is not sure."""
    assert MEDIUM is told(looped(KILLED, KILLED, KILLED, reason="OOMKilled"))[2]


def test_a_hook_is_no_probe() -> None:
    """Kills for a postStart hook that failed do not make a verdict sure."""
    hooked = replace(KILLED, cause=Cause.POST_START_HOOK)

    assert HIGH is not told(looped(hooked, hooked, hooked))[2]
