"""The status of a ProbePolicy, and which of its changes cannot wait."""

from dataclasses import replace

import pytest

from probewatch.core.policies import Count, Problem, Reason
from probewatch.kube.policies.objects import Status
from probewatch.kube.policies.status import only_counts_differ, render_status
from tests.support.probe_policies import read_policy

BEFORE, NOW = 1_796_068_700.0, 1_796_068_800.5
PROBLEM = Problem(reason=Reason.INVALID_VALUE, message="too few")
OTHER_PROBLEM = Problem(reason=Reason.INVALID_VALUE, message="too many")


def status(verdict: Problem | Reason, *, generation: int = 1, pods: int = 1) -> Status:
    """A status that was rendered before."""
    read = replace(read_policy(), generation=generation, status=Status())
    return render_status(read, verdict, Count(matched=pods, applied=pods), now=BEFORE)


@pytest.mark.parametrize(
    ("verdict", "at"),
    [
        (Reason.IN_EFFECT, "2026-11-30T19:58:20Z"),
        (Reason.NO_PODS, "2026-11-30T19:58:20Z"),
        (PROBLEM, "2026-11-30T20:00:00Z"),
    ],
    ids=["as before", "another reason", "another status"],
)
def test_transition_time_is_that_of_the_last_change(verdict: Problem | Reason, at: str) -> None:
    """The time of a condition changes with its status, in whole seconds, and only then."""
    read = replace(read_policy(generation=2), status=status(Reason.IN_EFFECT))

    [condition] = render_status(read, verdict, Count(matched=7, applied=7), now=NOW).conditions

    assert (at, 2) == (condition.last_transition_time, condition.observed_generation)


@pytest.mark.parametrize(
    ("is_so", "other"),
    [
        (True, status(PROBLEM, pods=9)),
        (False, status(PROBLEM, generation=2)),
        (False, status(OTHER_PROBLEM)),
        (False, status(Reason.IN_EFFECT)),
        (False, Status(observed_generation=1)),
    ],
    ids=["numbers", "generation", "message", "verdict", "no condition"],
)
def test_only_numbers_of_pods_can_wait(other: Status, *, is_so: bool) -> None:
    """Somebody who changed a policy waits for all else that its status says."""
    assert is_so is only_counts_differ(status(PROBLEM), other)
