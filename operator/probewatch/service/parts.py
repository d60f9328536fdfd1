"""The parts of a running operator, built once and connected by their constructors.

    login ─▶ client ─▶ watches ─▶ feeds ─▶ controller ─▶ sinks (metrics, Events, records)
                                                │
                          kopf, in its thread   └─▶ store ◀─ /metrics, /healthz, /readyz

Decisions of other parts are passed in as functions, such as which policy applies to
a pod, and whether this replica is the one that writes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

from probewatch import logs
from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.controller import Controller, Sink
from probewatch.core.findings import Finding
from probewatch.core.model import PodUid
from probewatch.core.remembered import NOTHING_REMEMBERED, Remembered
from probewatch.core.spec import PodSpec
from probewatch.corroboration import Corroboration
from probewatch.gates import EventGate
from probewatch.handlers import Memo
from probewatch.kube.client import ApiClient
from probewatch.kube.greeting import greet
from probewatch.kube.login import Login
from probewatch.kube.workloads import Workloads
from probewatch.metrics.server import MetricsServer
from probewatch.metrics.sources import Sources
from probewatch.missing_rights import CREDENTIALS, words_of
from probewatch.newcomers import Newcomer
from probewatch.policies.policies import Policies, PolicySurroundings
from probewatch.policies.upkeep import ThreadsafeUpkeep
from probewatch.recording.recording import Recording
from probewatch.recording.surroundings import Surroundings
from probewatch.service import builders
from probewatch.service.builders import Worker, build_recorder
from probewatch.service.runtime import find_version
from probewatch.service.watches import EventLists, build_watches, is_watching
from probewatch.settings import Settings
from probewatch.store import Store
from probewatch.supervisor import Supervisor, kopf_operator


class Parts:
    """Builds all parts without running any; has to be created in the event loop they run in."""

    preparations: Sequence[Worker]
    """Run one after the other before anything is watched; /metrics waits for them too."""
    workers: Sequence[Worker]
    """Run concurrently from start to stop."""
    drains: Sequence[Callable[[float], Awaitable[None]]]
    """Called one after the other at the end; each takes at most the seconds it is given."""

    def __init__(
        self, *, settings: Settings, login: Login, client: ApiClient, clock: Clock
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.login = login
        self.client = client
        self.boundary = Boundary(clock=clock)
        self.policies = self._build_policies()
        self.store = Store(
            self.policies.index.policy_for, self._remember, selective=bool(settings.pod_selector)
        )
        self.workloads = Workloads(requester=client, clock=clock)
        self.recorder = build_recorder(settings, client, self._spec_of, boundary=self.boundary)
        self.events = EventGate(self.recorder, self._has_event)
        self.counters = builders.build_counters(settings, lambda: self.recording, clock=clock)
        self.corroboration = self._build_corroboration()
        self.recording = self._build_recording()
        self.controller = self._build_controller()
        self.watches = build_watches(
            settings=settings, client=client, observer=self.controller, boundary=self.boundary
        )
        self.health = builders.build_health(settings, self.watches, clock=clock)
        self.supervisor = Supervisor(kopf_operator(self._build_memo()), clock=clock)
        self.prepared = False
        self.preparations = tuple(self._preparations())
        self.workers = tuple(self._workers())
        self.drains = tuple(self._drains())
        self.server = self._build_server()

    # --- what other parts ask

    def leads(self) -> bool:
        """Tell whether this replica is the one that writes."""
        return self.recording is None or self.recording.leads()

    def find_missing(self) -> Sequence[str]:
        """Return a sentence for each thing that /metrics still waits for."""
        refused = (words_of(CREDENTIALS),) if self.client.stats.is_refused else ()
        unprepared = () if self.prepared else ("the preparations are not finished yet",)
        unloaded = self.recording.find_missing() if self.recording is not None else ()
        unpublished = () if self._is_derived() else ("pods are not looked at in full yet",)
        return (*refused, *unprepared, *unloaded, *self.health.find_unsynced(), *unpublished)

    def _is_derived(self) -> bool:
        """Tell whether all pods are listed, and the findings of the lists are published."""
        return not self.health.find_unsynced() and self.controller.has_published_lists

    # --- what is run

    def _preparations(self) -> Iterator[Worker]:
        yield Worker(name="greet", run=partial(greet, self.client, self.clock))
        yield Worker(name="read policies", run=self.policies.upkeep.start)
        if self.recording is not None:
            yield Worker(name="load records", run=self.recording.start)
        if not self.settings.pod_selector:  # with a selector, pods are few: get owners one by one
            learn = partial(self.workloads.learn, self.settings.namespaces)
            yield Worker(name="list owners", run=learn)

    def _workers(self) -> Iterator[Worker]:
        yield Worker(name="login", run=self.login.run)
        yield Worker(name="policies", run=self.policies.upkeep.run)
        yield Worker(name="policy statuses", run=self.policies.statuses.run)
        yield Worker(name="publish", run=self.controller.publish)
        yield Worker(name="events", run=self.recorder.run)
        if self.recording is not None:
            yield Worker(name="lease", run=self.recording.hold)
            yield Worker(name="records", run=self.recording.run)
            yield Worker(name="reports", run=self.recording.reports.run)
            yield Worker(name="display", run=self.recording.display.run)
        if self.corroboration is not None:
            yield Worker(name="corroboration", run=self.corroboration.run)

    def _drains(self) -> Iterator[Callable[[float], Awaitable[None]]]:
        """Yield in the order of the data flow: each one writes what the last one passed on."""
        yield self.controller.leave
        yield self.controller.drain
        if self.recording is not None:
            yield self.recording.stop
        yield self.recorder.drain

    # --- building

    def _build_policies(self) -> Policies:
        return Policies(
            settings=self.settings,
            requester=self.client,
            around=PolicySurroundings(
                pods=lambda: self.store.headers(),  # noqa: PLW0108  # not built yet
                changed=lambda namespace: self.controller.reconsider(namespace),  # noqa: PLW0108  # likewise
                may_write=lambda: self.leads() and self._is_derived(),
                restart_kopf=lambda: self.supervisor.restart(),  # noqa: PLW0108  # likewise
            ),
            clock=self.clock,
        )

    def _build_controller(self) -> Controller:
        return Controller(
            store=self.store,
            sinks=self._build_sinks(),
            resolver=self.workloads,
            boundary=self.boundary,
            has_listed_events=EventLists(lambda: self.watches, clock=self.clock).are_complete,
            is_watching=lambda: is_watching(self.watches),
        )

    def _build_server(self) -> MetricsServer:
        return builders.build_server(
            self.settings,
            self.client,
            sources=self._build_sources(),
            health=self.health,
            gate=self.find_missing,
            boundary=self.boundary,
        )

    def _build_sinks(self) -> Sequence[Sink]:
        # With records, `Reports` passes findings on to the other sinks once they are recorded.
        return self._final_sinks() if self.recording is None else (self.recording.reports,)

    def _final_sinks(self) -> Sequence[Sink]:
        asking = () if self.corroboration is None else (self.corroboration,)
        if self.settings.dry_run:
            return (self.counters, *asking)
        return (self.counters, self.events, *asking)

    def _build_corroboration(self) -> Corroboration | None:
        return builders.build_corroboration(
            self.settings,
            self.client,
            self.login,
            observe=lambda seen: self.controller.observe(seen),  # noqa: PLW0108  # not built yet
            clock=self.clock,
        )

    def _build_recording(self) -> Recording | None:
        if self.settings.dry_run or not self.settings.records:
            return None
        around = Surroundings(
            store=self.store,
            counters=self.counters,
            events=self.events,
            sinks=self._final_sinks(),
            find_workload=self.workloads.find,
            limit_for=self._history_limit,
            active_since=lambda at: self.health.active_since(at),  # noqa: PLW0108  # it is not there yet
            is_synced=self._is_derived,
        )
        return builders.build_recording(
            self.settings, self.client, self.login, around=around, boundary=self.boundary
        )

    def _remember(self, pod: Newcomer) -> Remembered:
        """Return what the records hold of a pod that is new to this process."""
        if self.recording is None:
            return NOTHING_REMEMBERED
        return self.recording.book.remember(pod)

    def _history_limit(self, uid: PodUid) -> int | None:
        policy = self.policies.index.find_last(uid, self.store.about(uid))
        return policy.history_limit if policy else None

    def _build_sources(self) -> Sources:
        recording = self.recording
        return Sources(
            store=self.store,
            counters=self.counters,
            boundary=self.boundary,
            clock=self.clock,
            version=find_version(),
            watches=[each.stats for each in self.watches],
            controller=self.controller.stats,
            queues={
                "findings": lambda: self.controller.unpublished,
                "events": lambda: self.recorder.queued,
                "reports": lambda: recording.reports.queued if recording else 0,
            },
            events=self.recorder.stats,
            api=self.client.stats.requests,
            kopf=self.supervisor.stats,
            reports=recording.reports.stats if recording else None,
            dropped_logs=logs.count_dropped,
            leads=self.leads,
            stands_by=recording.stands_by if recording else None,
            withholds=partial(builders.withholds, recording),
        )

    def _build_memo(self) -> Memo:
        home = asyncio.get_running_loop()
        return Memo(
            settings=self.settings,
            access=lambda: self.login.access,
            health=self.health.facts,
            policies=ThreadsafeUpkeep(self.policies.upkeep, home),
        )

    def _spec_of(self, uid: PodUid) -> PodSpec | None:
        header = self.store.about(uid)
        return header.spec if header else None

    def _has_event(self, finding: Finding) -> bool:
        uid, index = finding.pod.uid, self.policies.index
        policy = index.find_last(uid, self.store.about(uid)) or index.default
        return policy.events and self.leads()
