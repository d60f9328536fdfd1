"""Seconds that decide whether the kubelet ended a container, or found it ended."""

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.facts import KILL_AFTER_DEATH, Facts
from probewatch.core.kills import LATE_KILL
from probewatch.core.restarts import Change, Path
from probewatch.core.spec import MINIMUM_GRACE_SECONDS, Container, ProbeType
from probewatch.core.verdict import KILL_BEGINS
from tests.support.builders import READINESS, died, facts, failed, mark, spec, started

END = 1000.0
HIGH, MEDIUM = Confidence.HIGH, Confidence.MEDIUM


def told(given: Facts) -> tuple[str, Cause, Confidence]:
    """The name of the rule that answered, and its verdict."""
    rule, verdict = attribute(given)
    return rule.name, verdict.cause, verdict.confidence


@pytest.mark.parametrize(
    ("code", "since", "cause"),
    [
        (143, KILL_BEGINS, Cause.LIVENESS_PROBE),
        (143, KILL_BEGINS - 1, Cause.SIGNAL),
        (137, KILL_BEGINS, Cause.LIVENESS_PROBE),
        (137, KILL_BEGINS - 1, Cause.SIGNAL),
        (0, KILL_BEGINS, Cause.COMPLETED),
        (1, KILL_BEGINS, Cause.ERROR),
    ],
)
def test_a_signal_after_a_kill_was_due(code: int, since: float, cause: Cause) -> None:
    """A signal seconds after the threshold was reached is the kubelet's, however it is shown."""
    failures = (failed(ProbeType.LIVENESS, END - since, 3),)
    given = facts(died(code, end=END), failures=failures, path=Path.TERMINATED_SEEN)
    rule = "threshold-reached" if cause is Cause.LIVENESS_PROBE else "terminated-seen"

    assert (rule, cause, MEDIUM) == told(given)


def test_a_due_kill_outweighs_a_missing_event() -> None:
    """A due kill with its signal counts for more than a missing Event, which may be lost."""
    failures = (failed(ProbeType.LIVENESS, END - KILL_BEGINS, 3),)
    heard = facts(
        died(143, end=END), failures=failures, starts=started(END + 1), path=Path.TERMINATED_SEEN
    )

    assert ("threshold-reached", Cause.LIVENESS_PROBE, MEDIUM) == told(heard)


@pytest.mark.parametrize(
    ("at", "own"),
    [
        (END + KILL_AFTER_DEATH, False),
        (END + KILL_AFTER_DEATH + 1, True),
        (END + LATE_KILL, True),
        (END + LATE_KILL + 1, False),
    ],
)
def test_a_failure_after_the_end(at: float, own: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """A probe that still failed clearly after the end did not make the kubelet kill before."""
    failures = (failed(ProbeType.LIVENESS, at, 1),)
    given = facts(died(1, end=END), failures=failures, path=Path.IN_PLACE, next_start=END + 60)
    expected = ("died-before-kill", Cause.ERROR, MEDIUM)

    assert own is (expected == told(given))


@pytest.mark.parametrize(
    "other",
    [
        facts(
            died(1, end=END),
            failures=(failed(ProbeType.LIVENESS, END + 5, 1),),
            path=Path.IN_PLACE,
            next_start=END + 5,
        ),
        facts(
            died(1, end=END),
            failures=(failed(ProbeType.LIVENESS, END + 5, 1),),
            path=Path.IN_PLACE,
        ),
        facts(
            died(1, end=END),
            failures=(failed(ProbeType.READINESS, END + 5, 1),),
            path=Path.IN_PLACE,
            next_start=END + 60,
        ),
        facts(
            died(1, end=END),
            failures=(mark(K.PROBE_ERRORED, END + 5, probe_type=ProbeType.LIVENESS),),
            path=Path.IN_PLACE,
            next_start=END + 60,
        ),
    ],
    ids=["of the next instance", "of nobody knows which", "readiness", "not carried out"],
)
def test_failures_that_tell_nothing_after_the_end(other: Facts) -> None:
    """Only a failed run of a probe that kills, surely of the instance that ended, tells."""
    assert "died-before-kill" != told(other)[0]


@pytest.mark.parametrize(
    ("before", "cause", "sure"),
    [
        (MINIMUM_GRACE_SECONDS, Cause.SANDBOX_RECREATED, HIGH),
        (MINIMUM_GRACE_SECONDS - 1, Cause.OOM_KILLED, MEDIUM),
    ],
)
def test_out_of_memory_as_the_sandbox_changes(
    before: float, cause: Cause, sure: Confidence
) -> None:
    """SIGKILL comes two seconds after the kubelet noticed a new sandbox, or not for that."""
    given = facts(
        died(137, end=END, reason="OOMKilled"),
        pod_others=(mark(K.SANDBOX_CHANGED, END - before),),
        all_restarted=True,
        change=Change(sandbox=True),
    )

    assert (cause, sure) == told(given)[1:]


@pytest.mark.parametrize(
    ("at", "born", "sure"),
    [
        (END - 1, END + 9, HIGH),
        (END, END + 9, MEDIUM),
        (END + 9, END + 9, MEDIUM),
        (END + 10, END + 9, HIGH),
        (END + 10, None, MEDIUM),
    ],
)
def test_a_sandbox_that_changed_after_the_end(
    at: float, born: float | None, sure: Confidence
) -> None:
    """A container is not surely ended by itself if its sandbox changed before its next start."""
    given = facts(
        died(1, end=END),
        pod=spec(Container(name="app", readiness=READINESS)),
        pod_others=(mark(K.SANDBOX_CHANGED, at),),
        path=Path.TERMINATED_SEEN,
        next_start=born,
    )

    assert ("terminated-seen", Cause.ERROR, sure) == told(given)
