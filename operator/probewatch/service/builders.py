"""Builds parts of the operator from settings and a client; and `Worker`, a task to run."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.core.model import PodUid, Workload
from probewatch.core.observe import Observation
from probewatch.core.spec import PodSpec
from probewatch.corroboration import Corroboration
from probewatch.health import Health
from probewatch.kube.client import ApiClient
from probewatch.kube.events.recorder import Recorder, RecorderOptions
from probewatch.kube.events.writer import EventWriter
from probewatch.kube.kubelet_client import KubeletClient, KubeletOptions
from probewatch.kube.login import Login
from probewatch.metrics.authorization import Authorizer
from probewatch.metrics.cluster_families import RESTARTS
from probewatch.metrics.counters import Counters
from probewatch.metrics.exposition import Exposition
from probewatch.metrics.family import Family, Kind
from probewatch.metrics.server import MetricsServer, ServerOptions
from probewatch.metrics.sources import Sources
from probewatch.metrics.totals import RestartTotal
from probewatch.recording.recording import Recording
from probewatch.recording.surroundings import Surroundings, totals_of
from probewatch.records.entries import key_of
from probewatch.service.runtime import find_lease_namespace
from probewatch.service.watches import Watch
from probewatch.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A task: runs for ever, or, as a preparation, until it is done; restarted if it fails."""

    name: str
    run: Callable[[], Awaitable[object]]


def build_recorder(
    settings: Settings,
    client: ApiClient,
    spec_of: Callable[[PodUid], PodSpec | None],
    *,
    boundary: Boundary,
) -> Recorder:
    """Return the sink that writes Kubernetes Events, with the rate limits of the settings."""
    clock = boundary.clock
    writer = EventWriter(requester=client, instance=settings.instance, clock=clock)
    options = RecorderOptions(
        queue_length=settings.event_queue_length,
        workers=settings.event_workers,
        per_second=settings.events_per_second,
        burst=settings.events_burst,
        pod_burst=settings.pod_events_burst,
        pod_refill_seconds=settings.pod_event_refill_seconds,
    )
    return Recorder(writer=writer, options=options, spec_of=spec_of, boundary=boundary)


def build_corroboration(
    settings: Settings,
    client: ApiClient,
    login: Login,
    *,
    observe: Callable[[Observation], None],
    clock: Clock,
) -> Corroboration | None:
    """Return the sink that asks kubelets after uncertain verdicts; None if that is disabled."""
    if not settings.corroborate:
        return None
    kubelets = KubeletClient(
        requester=client,
        authorization=lambda: login.access.authorization,
        options=KubeletOptions(ca_file=settings.kubelet_ca_file),
    )
    return Corroboration(
        kubelets=kubelets,
        observe=observe,
        per_minute=settings.corroborate_per_minute,
        clock=clock,
    )


def build_recording(
    settings: Settings,
    client: ApiClient,
    login: Login,
    *,
    around: Surroundings,
    boundary: Boundary,
) -> Recording:
    """Return the recording, with its Lease in the operator's namespace."""
    return Recording(
        settings=settings,
        requester=client,
        lease_namespace=find_lease_namespace(settings, login.access.namespace),
        around=around,
        boundary=boundary,
    )


def build_counters(
    settings: Settings, find_recording: Callable[[], Recording | None], *, clock: Clock
) -> Counters:
    """Return the sink that counts findings; a workload that reappears continues from its record."""

    def recall(workload: Workload) -> Iterable[RestartTotal]:
        recording = find_recording()
        if recording is None:
            return ()
        return totals_of(recording.book.saved_parts(key_of(workload)))

    return Counters(clock=clock, series_limit=settings.metrics_series_limit, recall=recall)


def withholds(recording: Recording | None, family: Family) -> bool:
    """Tell whether a family of workloads is not exposed for now.

    Restarts are not while their records cannot be read yet, and nothing that is counted while
    another replica may count on.
    """
    if recording is None or family.kind is Kind.GAUGE:
        return False
    is_unread = family is RESTARTS and recording.unread.withholds()
    return is_unread or recording.display.hides_counters()


def build_health(settings: Settings, watches: Iterable[Watch], *, clock: Clock) -> Health:
    """Return the health of the operator, judged by its watches."""
    known = tuple(watches)
    return Health(
        essential=[each.stats for each in known if each.is_essential],
        others=[each.stats for each in known if not each.is_essential],
        silence_seconds=settings.unhealthy_after_seconds,
        clock=clock,
    )


def build_server(
    settings: Settings,
    client: ApiClient,
    *,
    sources: Sources,
    health: Health,
    gate: Callable[[], Sequence[str]],
    boundary: Boundary,
) -> MetricsServer:
    """Return the server; /metrics answers once *gate* returns nothing that is missing."""
    authorizer = None
    if settings.metrics_authorization:
        authorizer = Authorizer(client, clock=sources.clock)
    return MetricsServer(
        exposition=Exposition(sources),
        health=health,
        gate=gate,
        options=ServerOptions.from_settings(settings),
        authorizer=authorizer,
        boundary=boundary,
    )
