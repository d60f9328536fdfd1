"""Whether unreported failures of a readiness probe may explain a loss of readiness."""

from dataclasses import replace

import pytest

from probewatch.core.book import Book, Mark
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.failed_readiness import (
    FIRST_SYNC,
    LATE,
    QUIET,
    SLACK,
    SPAM_SPAN,
    KubeletEvents,
)
from probewatch.core.losses import loss_reason
from probewatch.core.model import Condition, Pod
from probewatch.core.spec import FIRST_TICK, Container, Probe, ProbeType, RestartPolicy
from tests.support.builders import READINESS, STARTUP, died, mark, pod, spec, status

LOST = 10_000.0
"""When the pod lost its readiness."""

FIRST = LOST - READINESS.failure_threshold * READINESS.period - READINESS.timeout - SLACK
"""The earliest time of the first failure that can have led to the loss."""


def reason_of(
    *marks: Mark,
    probe_of: str = "app",
    probe: Probe = READINESS,
    others: tuple[Mark, ...] = (),
    started: float | None = None,
) -> str:
    """Why a pod lost readiness, given *marks* on its container and *others* on a second one."""
    containers = spec(
        Container(name="app", readiness=probe if probe_of == "app" else None),
        Container(name="side"),
    )
    side = replace(status(name="side", container_id="s"), ready=True)
    before = pod(1, status(), side, spec=containers)
    after = pod(2, status(ready=False), side, spec=containers, ready=False, since=LOST)
    books = {"app": _book(marks), "side": _book(others)}
    return loss_reason(
        before, after, KubeletEvents(book_of=books.__getitem__, kubelet_started=started)
    )[0]


def _book(marks: tuple[Mark, ...]) -> Book:
    return Book(
        failures=tuple(each for each in marks if each.kind is K.PROBE_FAILED),
        others=tuple(each for each in marks if each.kind is not K.PROBE_FAILED),
    )


def failure(at: float, probe_type: ProbeType = ProbeType.READINESS) -> Mark:
    """The kubelet's Event of a failed probe."""
    return mark(K.PROBE_FAILED, at, probe_type=probe_type)


HEARD = mark(K.OTHER, 1.0)
"""An Event that shows that Events of the pod arrive at all."""


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (FIRST - 1, "Unknown"),
        (FIRST, "ReadinessProbe"),
        (FIRST + 1, "ReadinessProbe"),
        (LOST + SLACK, "ReadinessProbe"),
        (LOST + SLACK + 1, "Unknown"),
    ],
)
def test_a_failure_that_led_to_it(at: float, expected: str) -> None:
    """A failure counts from the first that can have led to the loss until shortly after it."""
    assert expected == reason_of(HEARD, failure(at))


@pytest.mark.parametrize(
    ("threshold", "period", "expected"),
    [(1, 60.0, "ReadinessProbe"), (3, LATE / 2, "ReadinessProbe"), (3, LATE / 2 + 0.1, "Unknown")],
)
def test_a_probe_that_fails_faster_than_events_come(
    threshold: int, period: float, expected: str
) -> None:
    """A probe that fails within the delay of Events may be the reason without any Event."""
    probe = replace(READINESS, failure_threshold=threshold, period=period)

    assert expected == reason_of(HEARD, probe=probe)


def test_another_probe_says_nothing_of_readiness() -> None:
    """Failures of a liveness probe or other Events do not explain a loss of readiness."""
    marks = (failure(LOST - 1, ProbeType.LIVENESS), mark(K.OTHER, LOST - 1))

    assert "Unknown" == reason_of(*marks)


def test_nothing_was_heard_at_all() -> None:
    """If no Events arrived at all, the readiness probe may have failed."""
    assert "ReadinessProbe" == reason_of()


@pytest.mark.parametrize(
    ("count", "since", "expected"),
    [
        (QUIET, LOST - SPAM_SPAN + 1, "ReadinessProbe"),
        (QUIET - 1, LOST - SPAM_SPAN + 1, "Unknown"),
        (QUIET, LOST - SPAM_SPAN - QUIET, "Unknown"),
    ],
)
def test_so_many_events_that_some_are_dropped(count: int, since: float, expected: str) -> None:
    """After so many Events that the spam filter drops some, the probe may have failed.

    All containers of the pod share one budget, which refills.
    """
    others = tuple(mark(K.OTHER, since + number / 10) for number in range(count))

    assert expected == reason_of(HEARD, others=others)


def test_another_container_is_ready_without_a_probe() -> None:
    """A ready container without a probe does not show whether the kubelet restarted."""
    assert "Unknown" == reason_of(HEARD)


def test_no_probe_to_fail() -> None:
    """A container without a readiness probe is only unready after a kubelet restart."""
    assert "KubeletRestart" == reason_of(HEARD, probe_of="nobody")


def test_one_that_ended_by_right_beside_one_that_restarts() -> None:
    """A restarting container is named rather than a completed one, in either order."""
    names = ("app", "side")
    before = pod(1, *(status(name=name) for name in names))
    after = (
        status(name="app", ready=False, running_since=None, terminated=died(0)),
        status(name="side", ready=False, running_since=None, terminated=died(1)),
    )
    once = spec(*(Container(name=name) for name in names), restart_policy=RestartPolicy.ON_FAILURE)

    for each in (after, after[::-1]):
        lost = pod(2, *each, ready=False, since=LOST, spec=once)
        assert ("ContainerRestart", "side") == loss_reason(before, lost, KubeletEvents())


def test_a_gate_that_is_not_declared() -> None:
    """The reason `ReadinessGatesNotReady` counts only if the spec declares a gate."""
    after: Pod = pod(2, status(), ready=False, since=LOST)
    ready = replace(after.conditions["Ready"], reason="ReadinessGatesNotReady")
    whole = replace(after.conditions["ContainersReady"], status=True)
    after = replace(after, conditions={"Ready": ready, "ContainersReady": whole})

    assert "NodeNotReady" == loss_reason(pod(1, status()), after, KubeletEvents())[0]


@pytest.mark.parametrize(
    ("started", "reason"),
    [
        (LOST, "KubeletRestart"),
        (LOST + SLACK, "KubeletRestart"),
        (LOST + SLACK + 1, "ReadinessProbe"),
        (LOST - FIRST_SYNC, "KubeletRestart"),
        (LOST - FIRST_SYNC - 1, "ReadinessProbe"),
    ],
)
def test_a_kubelet_that_has_just_started(started: float, reason: str) -> None:
    """A loss within a minute after the kubelet started is due to that."""
    assert reason == reason_of(started=started)


def test_a_probe_that_fails_after_the_kubelet_has_started() -> None:
    """A failure after the kubelet's start outweighs it; one before does not."""
    started = LOST - 10

    assert "ReadinessProbe" == reason_of(failure(started), started=started)
    assert "KubeletRestart" == reason_of(failure(started - 1), started=started)
    assert "KubeletRestart" == reason_of(failure(LOST, ProbeType.LIVENESS), started=started)


TICKED = STARTUP.period + FIRST_TICK
"""Seconds after the start within which a startup probe has surely run once."""


@pytest.mark.parametrize(
    ("lived", "restarts", "reason"),
    [
        (TICKED, 1, "ContainerRestart"),
        (TICKED + 1, 1, "KubeletRestart"),
        (TICKED, 0, "KubeletRestart"),
        (None, 1, "KubeletRestart"),
    ],
)
def test_a_container_that_is_not_started_any_more(
    lived: float | None, restarts: int, reason: str
) -> None:
    """Until its first probe run an instance may show `started` of the one before it."""
    shown = status(restart_count=restarts, running_since=LOST - (lived or 0.0))
    slow = spec(Container(name="app", startup=STARTUP, readiness=READINESS))
    after = pod(2, replace(shown, ready=False, started=False), ready=False, since=LOST, spec=slow)
    if lived is None:  # the time of the loss is unknown
        after = _without_time(after)

    assert (reason, "app") == loss_reason(pod(1, shown, spec=slow), after, KubeletEvents())


def _without_time(lost: Pod) -> Pod:
    return replace(lost, conditions={**lost.conditions, "Ready": Condition(status=False)})


@pytest.mark.parametrize("started", [None, LOST])
def test_nobody_knows_when_it_was_lost(started: float | None) -> None:
    """Without the time of the loss, Event times prove nothing: the probe may have failed."""
    probed = spec(Container(name="app", readiness=READINESS))
    lost = _without_time(pod(2, status(ready=False), ready=False, spec=probed))
    said = KubeletEvents(book_of=lambda _name: _book((HEARD,)), kubelet_started=started)

    assert ("ReadinessProbe", "app") == loss_reason(pod(1, spec=probed), lost, said)


def test_no_container_is_named_where_none_lost_it() -> None:
    """If all containers are ready, none is named and the reason is Unknown."""
    assert ("Unknown", "") == loss_reason(pod(1), pod(2, ready=False, since=LOST), KubeletEvents())
