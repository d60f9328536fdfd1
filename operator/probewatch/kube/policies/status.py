"""What the status of a ProbePolicy should say: whether it is accepted, why, and for how many pods.

A condition's time changes only when its status does, so that an equal status is not written.
"""

from probewatch.core.policies import REASONS, Count, Problem, Reason
from probewatch.kube.policies import objects
from probewatch.kube.policies.parsing import Read
from probewatch.kube.reports.objects import Condition
from probewatch.kube.times import render_time


def render_status(
    read: Read, verdict: Problem | Reason, count: Count, *, now: float
) -> objects.Status:
    """Return the status that a policy should have; of its condition's time, the one it has."""
    is_accepted = isinstance(verdict, Reason)
    condition = Condition(
        type=objects.ACCEPTED,
        status="True" if is_accepted else "False",
        last_transition_time=render_time(int(now)),
        reason=verdict if isinstance(verdict, Reason) else verdict.reason,
        message=REASONS[verdict] if isinstance(verdict, Reason) else _explain(verdict),
        observed_generation=read.generation,
    )
    before = next((each for each in read.status.conditions if each.type == objects.ACCEPTED), None)
    if before is not None and before.status == condition.status:
        condition.last_transition_time = before.last_transition_time
    return objects.Status(
        observed_generation=read.generation,
        matched_pods=count.matched,
        applied_pods=count.applied,
        conditions=[condition],
    )


def _explain(problem: Problem) -> str:
    return f"{problem.message}. It selects nothing until that is mended."


def only_counts_differ(one: objects.Status, other: objects.Status) -> bool:
    """Whether nothing but numbers of pods is different."""
    return one.observed_generation == other.observed_generation and [
        (each.type, each.status, each.message) for each in one.conditions
    ] == [(each.type, each.status, each.message) for each in other.conditions]
