"""Events in the seconds around an end or a start: to which instance they belong."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.evidence import FailureReason
from probewatch.core.facts import KILL_AFTER_DEATH, Facts
from probewatch.core.kills import LATE_KILL
from probewatch.core.restarts import Change, Path
from probewatch.core.spec import Container, ProbeType
from probewatch.core.watermarks import HOOK_FAILED
from tests.support.builders import LIVENESS, READINESS, died, facts, failed, mark, past, spec

END = 1000.0
CONFIRMED, HIGH, MEDIUM = Confidence.CONFIRMED, Confidence.HIGH, Confidence.MEDIUM


def told(given: Facts) -> tuple[str, Cause, Confidence]:
    """The name of the rule that answered, and its verdict."""
    rule, verdict = attribute(given)
    return rule.name, verdict.cause, verdict.confidence


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (END - 10, END, 3),
        (END - 8, END + KILL_AFTER_DEATH, 3),
        (END - 8, END + KILL_AFTER_DEATH + 1, 2),
    ],
)
def test_failures_up_to_the_end(first: float, last: float, expected: int) -> None:
    """The last failure may be reported up to two seconds after the end."""
    times = (first, END - 5, last)
    marks = tuple(mark(K.PROBE_FAILED, at, probe_type=ProbeType.LIVENESS) for at in times)

    assert expected == facts(died(end=END), failures=marks).failures(ProbeType.LIVENESS)


@pytest.mark.parametrize(("first", "expected"), [(END - 10, 3), (END - 11, 2)])
def test_failures_from_the_start(first: float, expected: int) -> None:
    """A failure in the second of the start counts for the instance, an earlier one does not."""
    times = (first, END - 5, END)
    marks = tuple(mark(K.PROBE_FAILED, at, probe_type=ProbeType.LIVENESS) for at in times)
    given = facts(died(start=END - 10, end=END), failures=marks)

    assert expected == given.failures(ProbeType.LIVENESS)


@pytest.mark.parametrize(
    ("at", "sure"), [(END - 2, HIGH), (END - 1, MEDIUM), (END, MEDIUM), (END + 30, MEDIUM)]
)
@pytest.mark.parametrize("kind", [K.CREATED, K.STARTED])
def test_a_series_that_began_anew_after_the_end(at: float, kind: K, sure: Confidence) -> None:
    """A new series after the end shows a new kubelet; node times are exact to one second."""
    starts = (mark(kind, END - 500, 1, series="old"), mark(kind, at, 1, series="new"))
    given = facts(
        died(1, end=END),
        pod=spec(Container(name="app", readiness=READINESS)),
        path=Path.TERMINATED_SEEN,
        starts=starts,
    )

    assert ("terminated-seen", sure) == (told(given)[0], told(given)[2])


@pytest.mark.parametrize(
    ("at", "born", "late"),
    [
        (END + 1, END + 60, True),
        (END + LATE_KILL, END + 60, True),
        (END + LATE_KILL + 1, END + 60, False),
        (END + 10, END + 10, False),
        (END + KILL_AFTER_DEATH, None, True),
        (END + KILL_AFTER_DEATH + 1, None, False),
    ],
)
def test_how_late_a_kill_may_be(at: float, born: float | None, *, late: bool) -> None:
    """A probe's kill may come seconds after the end, but before the next start."""
    given = facts(died(1, end=END), kills=(mark(K.KILL_LIVENESS, at),), next_start=born)

    assert ("died-before-kill" if late else "own-exit") == told(given)[0]


@pytest.mark.parametrize(
    ("at", "sure"),
    [
        (100.0, HIGH),
        (END + 1, MEDIUM),
        (END + 40, MEDIUM),
        (END + 59, MEDIUM),
        (END + 60, HIGH),
        (END + 90, HIGH),
    ],
)
def test_a_kill_that_was_said_before_the_next_start(at: float, sure: Confidence) -> None:
    """A kill between the end and the next start lowers confidence; other kills do not."""
    given = facts(
        died(start=END - 500, end=END),
        failures=(failed(ProbeType.LIVENESS, END - 1, 3),),
        kills=(mark(K.KILL_LIVENESS, at),),
        path=Path.IN_PLACE,
        next_start=END + 60,
    )

    assert ("threshold-reached", Cause.LIVENESS_PROBE, sure) == told(given)


@pytest.mark.parametrize(
    ("code", "last", "sure"),
    [
        (143, END - 1, HIGH),
        (137, END - 1, MEDIUM),
        (1, END - 1, MEDIUM),
        (1, END, MEDIUM),
        (1, END + KILL_AFTER_DEATH, MEDIUM),
        (0, END, MEDIUM),
        (137, END, MEDIUM),
        (143, END, HIGH),
        (143, END + 1, MEDIUM),
    ],
)
def test_the_last_failure_may_follow_from_the_end(code: int, last: float, sure: Confidence) -> None:
    """A dead container fails its probe: a last failure at the end may be a result of it."""
    marks = tuple(
        mark(K.PROBE_FAILED, at, probe_type=ProbeType.LIVENESS) for at in (END - 8, END - 4, last)
    )
    given = facts(died(code, end=END), failures=marks, path=Path.IN_PLACE, next_start=END + 3)

    assert ("threshold-reached", Cause.LIVENESS_PROBE, sure) == told(given)


@pytest.mark.parametrize(
    ("last", "how", "sure"),
    [
        (END - 1, FailureReason.REFUSED, HIGH),
        (END, FailureReason.REFUSED, MEDIUM),
        (END, FailureReason.HTTP_5XX, HIGH),
        (END - 15, FailureReason.REFUSED, MEDIUM),
        (END - 14, FailureReason.REFUSED, HIGH),
    ],
)
def test_a_single_failure_may_follow_from_the_end(
    last: float, how: FailureReason, sure: Confidence
) -> None:
    """With threshold 1, SIGTERM itself may cause the failure, but a dead app cannot answer.

    A failure in the second of the start may be due to the previous end.
    """
    once = spec(Container(name="app", liveness=replace(LIVENESS, failure_threshold=1)))
    failure = mark(K.PROBE_FAILED, last, probe_type=ProbeType.LIVENESS, failure=how)
    given = facts(
        died(143, END - 15, END),
        pod=once,
        failures=(failure,),
        path=Path.IN_PLACE,
        next_start=END + 3,
    )

    assert ("threshold-reached", Cause.LIVENESS_PROBE, sure) == told(given)


def test_the_first_of_several_failures_in_the_first_second() -> None:
    """The first of three failures counts even in the second of the start."""
    marks = tuple(
        mark(K.PROBE_FAILED, END - at, probe_type=ProbeType.LIVENESS) for at in (14, 9, 4)
    )
    given = facts(died(143, END - 14, END), failures=marks, path=Path.IN_PLACE)

    assert ("threshold-reached", Cause.LIVENESS_PROBE, HIGH) == told(given)


ANSWERS = {
    *(FailureReason.HTTP_1XX, FailureReason.HTTP_3XX, FailureReason.HTTP_4XX),
    *(FailureReason.HTTP_5XX, FailureReason.GRPC_UNHEALTHY),
}


@pytest.mark.parametrize("how", FailureReason)
def test_only_what_still_runs_answers(how: FailureReason) -> None:
    """A failure reported after the end with an answer in it happened before the end."""
    marks = tuple(
        mark(K.PROBE_FAILED, at, probe_type=ProbeType.LIVENESS, failure=how)
        for at in (END - 8, END - 4, END + 1)
    )
    given = facts(died(143, end=END), failures=marks, path=Path.IN_PLACE, next_start=END + 3)

    assert (HIGH if how in ANSWERS else MEDIUM) is told(given)[2]


@pytest.mark.parametrize("change", [Change(image=True), Change(resources=True)])
def test_what_was_asked_for_makes_failures_doubtful(change: Change) -> None:
    """A changed image or changed resources explain the restart as well as probe failures do."""
    failures = (failed(ProbeType.LIVENESS, END - 1, 3),)
    given = facts(died(end=END), failures=failures, change=change)

    assert ("threshold-reached", Cause.LIVENESS_PROBE, MEDIUM) == told(given)


def test_a_kill_in_the_second_of_the_end_is_not_after_it() -> None:
    """A kill in the second of the end does not lower the confidence in probe failures."""
    given = facts(
        died(end=END),
        failures=(failed(ProbeType.LIVENESS, END - 1, 3),),
        kills=(mark(K.KILL_STOP, END), mark(K.KILL_LIVENESS, END + 0.5)),
        path=Path.IN_PLACE,
        next_start=END + 1,
    )

    assert ("threshold-reached", Cause.LIVENESS_PROBE, HIGH) == told(given)


@pytest.mark.parametrize(
    ("start", "end", "waiting", "expected"),
    [
        (END - 20, END, "", (Cause.POST_START_HOOK, CONFIRMED)),
        (END - 19, END, "", (Cause.UNKNOWN, Confidence.LOW)),
        (END - 60, END + 20, "", (Cause.POST_START_HOOK, CONFIRMED)),
        (END - 60, END + 21, "", (Cause.UNKNOWN, Confidence.LOW)),
        (None, END, HOOK_FAILED, (Cause.POST_START_HOOK, MEDIUM)),
        (END - 20, None, HOOK_FAILED, (Cause.POST_START_HOOK, MEDIUM)),
    ],
)
def test_a_hook_that_failed_in_the_life_of_the_instance(
    start: float | None, end: float | None, waiting: str, expected: tuple[Cause, Confidence]
) -> None:
    """A hook failure counts from the first second on; without times the status decides."""
    given = facts(
        died(137, start, end),
        pod=spec(Container(name="app", liveness=LIVENESS, has_post_start=True)),
        others=(mark(K.POST_START_FAILED, END - 20),),
        waiting_reason=waiting,
    )

    assert expected == told(given)[1:]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ((), Cause.OOM_KILLED),
        ((Cause.SIGNAL,), Cause.OOM_KILLED),
        ((Cause.LIVENESS_PROBE,), Cause.LIVENESS_PROBE),
        ((Cause.LIVENESS_PROBE, Cause.OOM_KILLED), Cause.OOM_KILLED),
    ],
)
def test_out_of_memory_by_the_ends_before(before: tuple[Cause, ...], expected: Cause) -> None:
    """OOMKilled like earlier probe kills is one too, unless it ran out of memory before as well."""
    given = facts(
        died(137, reason="OOMKilled"),
        path=Path.IN_PLACE,
        past=tuple(past(cause, 137, 500.0, MEDIUM) for cause in before),
    )

    assert expected is told(given)[1]
