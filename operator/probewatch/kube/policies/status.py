"""Renders the status of a ProbePolicy: whether it is accepted, why, and how many pods it has.

A condition's transition time changes only when its status does, so an equal status need not be
written.
"""

from probewatch.core.policies import REASONS, Count, Problem, Reason
from probewatch.kube.custom_resources import Condition
from probewatch.kube.policies import objects
from probewatch.kube.policies.parsing import Read
from probewatch.kube.times import render_time


def render_status(
    read: Read, verdict: Problem | Reason, count: Count, *, now: float
) -> objects.Status:
    """Return the status that a policy should have, with the transition time kept if it applies."""
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
    return f"{problem.message}. It selects nothing until that is fixed."


def only_counts_differ(one: objects.Status, other: objects.Status) -> bool:
    """Whether two statuses differ at most in their numbers of pods."""
    return one.observed_generation == other.observed_generation and [
        (each.type, each.status, each.message) for each in one.conditions
    ] == [(each.type, each.status, each.message) for each in other.conditions]
