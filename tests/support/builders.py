"""Builders of core values: everything that a test does not set has a default."""

from dataclasses import replace

from probewatch.core.book import Book, Mark
from probewatch.core.causes import Cause, Confidence
from probewatch.core.counters import Reading
from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.exits import is_of_windows
from probewatch.core.facts import Facts
from probewatch.core.findings import Restart
from probewatch.core.model import Condition, ContainerStatus, Pod, PodRef, PodUid, Termination
from probewatch.core.past import Past
from probewatch.core.restarts import CountedRestart, Path
from probewatch.core.spec import Container, HandlerKind, PodSpec, Probe, ProbeType

LIVENESS = Probe(probe_type=ProbeType.LIVENESS, handler=HandlerKind.HTTP_GET, period=5.0)
READINESS = Probe(probe_type=ProbeType.READINESS, handler=HandlerKind.HTTP_GET, period=5.0)
STARTUP = Probe(probe_type=ProbeType.STARTUP, handler=HandlerKind.HTTP_GET)


def spec(*containers: Container, **overrides: object) -> PodSpec:
    """A pod spec with these containers; by default one with a liveness probe."""
    given = containers or (Container(name="app", liveness=LIVENESS),)
    return replace(PodSpec(containers=given), **overrides)  # type: ignore[arg-type]  # names are checked by replace


def died(
    exit_code: int | None = 143, start: float | None = 0.0, end: float | None = 41.0, **more: object
) -> Termination:
    """A termination of an instance that ran from *start* to *end*."""
    plain = Termination(
        exit_code=exit_code, reason="Error", started_at=start, finished_at=end, container_id="A"
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace


def mark(kind: EvidenceKind, at: float, count: int = 1, **more: object) -> Mark:
    """One delivery of an Event, in a series of its own for each kind."""
    plain = Mark(kind=kind, at=at, count=count, series=str(kind))
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace


def started(at: float, count: int = 2, **more: object) -> tuple[Mark, ...]:
    """The three Events of a start."""
    kinds = (EvidenceKind.PULLED, EvidenceKind.CREATED, EvidenceKind.STARTED)
    return tuple(mark(kind, at, count, **more) for kind in kinds)


def failed(probe_type: ProbeType, at: float, times: int, period: float = 5.0) -> Mark:
    """So many consecutive probe failures, the last at *at*."""
    since = at - (times - 1) * period - 1
    return mark(
        EvidenceKind.PROBE_FAILED, at, times, fresh=times, since=since, probe_type=probe_type
    )


def facts(
    termination: Termination | None,
    *,
    kills: tuple[Mark, ...] = (),
    failures: tuple[Mark, ...] = (),
    starts: tuple[Mark, ...] = (),
    others: tuple[Mark, ...] = (),
    pod_others: tuple[Mark, ...] = (),
    past: tuple[Past, ...] = (),
    pod: PodSpec | None = None,
    path: Path = Path.UNSEEN,
    readings: tuple[Reading, ...] = (),
    used: frozenset[tuple[str, int]] = frozenset(),
    **restart: object,
) -> Facts:
    """Facts about one restart of the container `app`."""
    pod = pod or spec()
    counted = CountedRestart(
        container=pod.containers[0], restart_count=1, termination=termination, path=path
    )
    return Facts(
        restart=replace(counted, **restart),  # type: ignore[arg-type]  # names are checked by replace
        spec=pod,
        book=Book(kills=kills, failures=failures, starts=starts, others=others),
        pod_book=Book(others=pod_others),
        past=past,
        readings=readings,
        used=used,
    )


def counted(failed: int, before: float = -100.0, after: float = 60.0) -> tuple[Reading, ...]:
    """Two readings of the kubelet's counters, with so many failed liveness runs between."""
    first = Reading(at=before, process=1.0, restart_count=0, liveness=5)
    return (first, Reading(at=after, process=1.0, restart_count=1, liveness=5 + failed))


def past(
    cause: Cause,
    exit_code: int | None,
    lifetime: float | None,
    confidence: Confidence = Confidence.CONFIRMED,
    *,
    own_end: bool | None = False,
) -> Past:
    """An earlier restart."""
    return Past(
        cause=cause,
        confidence=confidence,
        exit_code=exit_code,
        lifetime=lifetime,
        own_end=own_end,
        on_windows=is_of_windows(exit_code),
    )


def status(**overrides: object) -> ContainerStatus:
    """The status of the container `app`, running and ready since 0."""
    plain = ContainerStatus(
        name="app", ready=True, started=True, container_id="A", running_since=1.0
    )
    return replace(plain, **overrides)  # type: ignore[arg-type]  # names are checked by replace


def pod(
    version: int,
    *statuses: ContainerStatus,
    ready: bool = True,
    since: float = 1.0,
    **overrides: object,
) -> Pod:
    """One version of the pod `web`."""
    plain = Pod(
        uid=PodUid("u1"),
        evidence_uid="u1",
        namespace="shop",
        name="web",
        node="n1",
        resource_version=version,
        phase="Running",
        spec=spec(),
        statuses=statuses or (status(),),
        conditions={
            "Ready": Condition(status=ready, last_transition=since),
            "ContainersReady": Condition(status=ready, last_transition=since),
        },
    )
    return replace(plain, **overrides)  # type: ignore[arg-type]  # names are checked by replace


def restart(count: int = 1, **more: object) -> Restart:
    """A restart of the container `app` caused by its liveness probe."""
    plain = Restart(
        pod=PodRef(uid=PodUid("u1"), namespace="shop", name="web"),
        container="app",
        restart_count=count,
        epoch=0,
        cause=Cause.LIVENESS_PROBE,
        confidence=Confidence.CONFIRMED,
        rule="killing-event",
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace


def said(kind: EvidenceKind, at: float, **overrides: object) -> Evidence:
    """A kubelet Event about the container `app` of the pod `web`."""
    plain = Evidence(
        kind=kind,
        at=at,
        first_at=at,
        container="app",
        name=str(kind),
        involved_uid="u1",
        namespace="shop",
    )
    return replace(plain, **overrides)  # type: ignore[arg-type]  # names are checked by replace
