"""Containers that were stopped with their sandbox, or ended shortly before they would have been."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.book import Mark
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import Facts
from probewatch.core.restarts import Change, Path
from probewatch.core.spec import Container, RestartPolicy, RestartRule
from tests.support.builders import LIVENESS, died, facts, mark, spec

END = 100.0
RULE = RestartRule(action="Restart", operator="In", values=(137,))
RULED = Container(name="app", restart_policy=RestartPolicy.NEVER, restart_rules=(RULE,))
KILLED = replace(RULED, liveness=LIVENESS)
STOPPED = (mark(EvidenceKind.KILL_STOP, END - 1),)
SAID = (mark(EvidenceKind.SANDBOX_CHANGED, END - 1),)
SANDBOX = (Cause.SANDBOX_RECREATED, Confidence.MEDIUM)


def told(given: Facts) -> tuple[Cause, Confidence]:
    """Return the verdict's cause and confidence."""
    _, verdict = attribute(given)
    return verdict.cause, verdict.confidence


def shown_dead(code: int, *, later: float) -> Facts:
    """A container that was shown as terminated, and its pod's new sandbox so much later."""
    change = Change(sandbox=True, sandbox_since=END + later)
    return facts(died(code, end=END), change=change, all_restarted=True, path=Path.TERMINATED_SEEN)


@pytest.mark.parametrize(("code", "later"), [(143, 0.0), (137, 1.0), (143, 3.0), (0, 1.0)])
def test_stopped_with_its_sandbox(code: int, later: float) -> None:
    """An end like a stop, and a new sandbox at once, belong together, though the end was shown."""
    assert told(shown_dead(code, later=later)) == SANDBOX


@pytest.mark.parametrize(("code", "later"), [(143, 4.0), (143, -1.0), (1, 1.0), (139, 1.0)])
def test_ended_before_its_sandbox(code: int, later: float) -> None:
    """A container that ended some time before, or in another way, ended by itself."""
    assert Cause.SANDBOX_RECREATED is not told(shown_dead(code, later=later))[0]


def test_what_was_shown_leaves_doubt() -> None:
    """The kubelet's word on the sandbox is not sure for what was shown as terminated."""
    change = Change(sandbox=True, sandbox_since=END + 1)
    given = facts(
        died(143, end=END),
        change=change,
        all_restarted=True,
        path=Path.TERMINATED_SEEN,
        pod_others=SAID,
    )

    assert told(given) == SANDBOX


def stopped(container: Container, code: int = 137, *, said: tuple[Mark, ...] = ()) -> Facts:
    """A container that was stopped with its pod, just before the pod's new sandbox."""
    change = Change(sandbox=True, sandbox_since=END + 1)
    return facts(
        died(code, end=END),
        pod=spec(container),
        change=change,
        all_restarted=True,
        kills=STOPPED,
        pod_others=said,
    )


def test_a_probe_stops_a_whole_pod_of_policy_never() -> None:
    """Where a probe kill stops the whole pod, a new sandbox does not tell why it was stopped."""
    assert Cause.SANDBOX_RECREATED is not told(stopped(KILLED))[0]


OTHERS = {
    "no probe kills it": stopped(RULED),
    "no rule starts it again": stopped(KILLED, 143),
    "the kubelet says so": stopped(KILLED, said=SAID),
}


@pytest.mark.parametrize("given", OTHERS.values(), ids=OTHERS.keys())
def test_pod_of_policy_never_that_a_probe_cannot_have_restarted(given: Facts) -> None:
    """If no probe kill leads to a restart, or the kubelet speaks of it, it was the sandbox."""
    assert Cause.SANDBOX_RECREATED is told(given)[0]
