"""Failed readiness probes: what the kubelet's Events tell about a loss of readiness.

A restarted kubelet considers every container as not ready until its readiness probe succeeds (up
to 1.34 always, since then only with the feature gate ChangeContainerStatusOnKubeletRestart). Its
`Starting` Event on the node tells. Without that Event, a restart of the kubelet shows in *missing*
Events: the readiness probe was not reported to fail as often as a loss takes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from probewatch.core.book import Book, Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.model import ContainerStatus, Pod
from probewatch.core.spec import Probe, ProbeType
from probewatch.core.values import quickly_made

BookOf = Callable[[str], Book]
"""Returns the evidence book of the container of this name."""

FIRST_SYNC = 60.0
"""Seconds within which a kubelet that was started writes the status of all its pods."""

QUIET = 9
"""With fewer Events of a pod than this within `SPAM_SPAN`, none was dropped by the kubelet's spam
filter (burst of 25) and none combined (from the 10th on)."""

SPAM_SPAN = 7500.0
"""Seconds in which the spam filter is refilled from empty: 25 tokens, one in 300 s."""

SLACK = 2.0

LATE = 5.0
"""Seconds by which an Event may arrive after the status that it explains: the watches of pods and
Events are not ordered with each other."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class KubeletEvents:
    """The kubelet's Events that matter here: per container, and its own last start."""

    book_of: BookOf = lambda _name: Book()
    kubelet_started: float | None = None
    """Time of its latest `Starting` Event."""

    def has_just_started(self, at: float) -> bool:
        """Whether at the time *at* (node clock) it had just started, and knew no probe results."""
        started = self.kubelet_started
        return started is not None and -SLACK <= at - started <= FIRST_SYNC


def is_unprobed(pod: Pod, lost: Sequence[ContainerStatus], events: KubeletEvents) -> bool:
    """Whether a kubelet that has just started has reported no readiness failure since then."""
    at, started = pod.conditions["Ready"].last_transition, events.kubelet_started
    if at is None or started is None or not events.has_just_started(at):
        return False
    marks = (mark for status in lost for mark in events.book_of(status.name).failures)
    return not any(_is_failure(mark) and mark.at >= started for mark in marks)


def find_failed(
    pod: Pod, lost: Sequence[ContainerStatus], book_of: BookOf, *, proven: bool = False
) -> ContainerStatus | None:
    """The first container whose readiness probe failed by its Events.

    If there is none, and it does not have to be *proven*, the first whose probe may have failed.
    """
    reported = (status for status in lost if _has_failed(pod, status, book_of))
    possible = (status for status in lost if not proven and _may_have_failed(pod, status, book_of))
    return next(reported, None) or next(possible, None)


def readiness_of(pod: Pod, status: ContainerStatus) -> Probe | None:
    """The readiness probe of a container; None if it has none."""
    container = pod.spec.container(status.name)
    return container.readiness if container is not None else None


def _has_failed(pod: Pod, status: ContainerStatus, book_of: BookOf) -> bool:
    """Whether an Event tells that the readiness probe failed, in time to lead to the loss."""
    probe, at = readiness_of(pod, status), pod.conditions["Ready"].last_transition
    if probe is None or at is None:
        return False
    begin = at - probe.failure_threshold * probe.interval - probe.timeout - SLACK
    marks = book_of(status.name).failures
    return any(_is_failure(mark) and begin <= mark.at <= at + SLACK for mark in marks)


def _may_have_failed(pod: Pod, status: ContainerStatus, book_of: BookOf) -> bool:
    """Whether the readiness probe may have failed without an Event that reached us.

    It surely did not fail if Events of the pod do reach us, so few that the kubelet dropped none,
    and none tells of a failure. The earlier failures up to the threshold must have come long enough
    before the last one to have arrived by now.
    """
    probe, at = readiness_of(pod, status), pod.conditions["Ready"].last_transition
    if probe is None or at is None:
        return True
    if (probe.failure_threshold - 1) * probe.interval <= LATE:
        return True
    marks = [mark for each in pod.spec.containers for mark in _marks_of(book_of(each.name))]
    lately = sum(mark.at > at - SPAM_SPAN for mark in marks)
    return not marks or lately >= QUIET


def _marks_of(book: Book) -> tuple[Mark, ...]:
    return (*book.kills, *book.failures, *book.starts, *book.others)


def _is_failure(mark: Mark) -> bool:
    return mark.kind is EvidenceKind.PROBE_FAILED and mark.probe_type == ProbeType.READINESS
