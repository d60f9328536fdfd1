"""The operator as one running thing: everything is made here, once, and tied together.

    login ─▶ client ─▶ watches ─▶ feeds ─▶ controller ─▶ sinks (metrics, Events, records)
                                                │
                          kopf, in its thread   └─▶ store ◀─ /metrics, /healthz, /readyz

Whatever fails is started again; only a signal ends it, in order: no new
observations, then what was found is published and written, then the rest.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from probewatch import finding_log
from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.controller import Controller, Sink
from probewatch.core.findings import Finding
from probewatch.core.model import Pod, PodSpec, PodUid
from probewatch.core.policy import Policy
from probewatch.gates import Gate
from probewatch.handlers import Connection, Memo
from probewatch.health import Health
from probewatch.kube.client import ApiClient
from probewatch.kube.event_writer import EventWriter
from probewatch.kube.login import Login
from probewatch.kube.recorder import Recorder, RecorderOptions
from probewatch.kube.workloads import Workloads
from probewatch.missing_rights import RightsCheck
from probewatch.service_runtime import freeze_what_stays
from probewatch.service_watches import Watch, build_watches
from probewatch.settings import Settings
from probewatch.store import Store
from probewatch.supervisor import Supervisor, kopf_operator

_log = logging.getLogger(__name__)

FIRST_RIGHTS_CHECK_SECONDS = 3.0
"""Soon, for whoever sits in front of it."""

RIGHTS_CHECK_SECONDS = 60.0
SYNC_CHECK_SECONDS = 0.5

LOGIN_SECONDS = 10.0
"""How long kopf's thread waits for credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Something that runs for ever, and is started again when it fails."""

    name: str
    run: Callable[[], Awaitable[object]]


class Service:
    """Makes all parts; `run` until the event is set. The client has to be open."""

    def __init__(
        self, *, settings: Settings, login: Login, client: ApiClient, clock: Clock
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.login = login
        self.client = client
        self.boundary = Boundary(clock=clock)
        self._default_policy = settings.policy()
        self.store = Store(self.policy_for)
        self.workloads = Workloads(requester=client, clock=clock)
        self.recorder = self._build_recorder()
        self.controller = Controller(
            store=self.store,
            sinks=self._build_sinks(),
            resolver=self.workloads,
            boundary=self.boundary,
            clock=clock,
        )
        self.watches = build_watches(
            settings=settings,
            client=client,
            observer=self.controller,
            boundary=self.boundary,
            clock=clock,
        )
        self.health = self._build_health()
        self.supervisor = Supervisor(kopf_operator(self._build_memo()), clock=clock)

    # --- what others decide

    def policy_for(self, _pod: Pod) -> Policy:
        """Return the policy that applies to a pod."""
        return self._default_policy

    def leads(self) -> bool:
        """Tell whether this replica is the one that writes."""
        return True

    # --- the making

    def _build_recorder(self) -> Recorder:
        writer = EventWriter(
            requester=self.client, instance=self.settings.instance, clock=self.clock
        )
        options = RecorderOptions(
            queue_length=self.settings.event_queue_length,
            workers=self.settings.event_workers,
            per_second=self.settings.events_per_second,
            burst=self.settings.events_burst,
            pod_burst=self.settings.pod_events_burst,
            pod_refill_seconds=self.settings.pod_event_refill_seconds,
        )
        return Recorder(writer=writer, options=options, spec_of=self._spec_of, clock=self.clock)

    def _build_sinks(self) -> Sequence[Sink]:
        if self.settings.dry_run:
            return ()
        return (Gate(self.recorder, self._has_event),)

    def _build_health(self) -> Health:
        return Health(
            essential=[each.stats for each in self.watches if each.is_essential],
            others=[each.stats for each in self.watches if not each.is_essential],
            silence_seconds=self.settings.unhealthy_after_seconds,
            clock=self.clock,
        )

    def _build_memo(self) -> Memo:
        home = asyncio.get_running_loop()
        return Memo(
            settings=self.settings,
            connection=lambda: self._connection(home),
            health=self.health.facts,
            call=lambda action: _ignore(home.call_soon_threadsafe(action)),
        )

    def _connection(self, home: asyncio.AbstractEventLoop) -> Connection:
        """Read credentials anew for kopf, from one of its own threads."""
        asked = asyncio.run_coroutine_threadsafe(self.login.renew(), home)
        access = asked.result(LOGIN_SECONDS)
        return Connection(
            server=access.server,
            authorization=access.authorization,
            ca_path=access.ca_path or None,
            certificate_path=access.certificate_path or None,
            private_key_path=access.private_key_path or None,
            insecure=access.insecure,
            proxy=access.proxy or None,
        )

    def _spec_of(self, uid: PodUid) -> PodSpec | None:
        pod = self.store.pod(uid)
        return pod.spec if pod else None

    def _has_event(self, finding: Finding) -> bool:
        pod = self.store.pod(finding_log.subject(finding).uid)
        policy = self.policy_for(pod) if pod else self._default_policy
        return policy.events and self.leads()

    # --- the running

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set, then end in an orderly way, in bounded time."""
        async with asyncio.TaskGroup() as group:
            tasks = [self._start(group, worker) for worker in self._workers()]
            kopf = group.create_task(self.supervisor.run(), name="kopf")
            observing = group.create_task(self._observe(), name="observing")
            await stop.wait()
            kopf.cancel()
            observing.cancel()
            await self._finish([observing, kopf])
            for task in tasks:
                task.cancel()

    def _workers(self) -> Sequence[Worker]:
        return (
            Worker(name="login", run=self.login.run),
            Worker(name="publish", run=self.controller.publish),
            Worker(name="events", run=self.recorder.run),
            Worker(name="rights", run=self._check_rights),
        )

    def _beat(self) -> Worker:
        return Worker(name="beat", run=self.controller.beat)

    def _start(self, group: asyncio.TaskGroup, worker: Worker | Watch) -> "asyncio.Task[None]":
        return group.create_task(
            self.boundary.keep_running(worker.name, worker.run), name=worker.name
        )

    async def _observe(self) -> None:
        """Watch, with everything in place that has to be there before."""
        async with asyncio.TaskGroup() as group:
            workers: Sequence[Worker | Watch] = (*self.watches, self._beat())
            for worker in workers:
                _ = self._start(group, worker)
            await self._settle()

    async def _settle(self) -> None:
        """Say when the first list is complete, and tune the memory for what is there."""
        begun = self.clock.monotonic()
        while self.health.find_unsynced():
            await self.clock.sleep(SYNC_CHECK_SECONDS)
        freeze_what_stays()
        seconds = round(self.clock.monotonic() - begun, 1)
        _log.info("All pods are listed", extra={"pods": len(self.store), "seconds": seconds})

    async def _check_rights(self) -> None:
        check = RightsCheck([each.stats for each in self.watches])
        await self.clock.sleep(FIRST_RIGHTS_CHECK_SECONDS)
        while True:
            check.check()
            await self.clock.sleep(RIGHTS_CHECK_SECONDS)

    async def _finish(self, ending: "Sequence[asyncio.Task[None]]") -> None:
        """Publish what was found and write what was published, within the time there is."""
        end = self.clock.monotonic() + self.settings.shutdown_seconds

        def left() -> float:
            return max(0.0, end - self.clock.monotonic())

        await asyncio.wait(ending[:1], timeout=left())
        await self.controller.drain(left())
        await self.recorder.drain(left())
        await asyncio.wait(ending, timeout=left())


def _ignore(_result: object) -> None:
    """Make a callback of something that returns what nobody needs."""
