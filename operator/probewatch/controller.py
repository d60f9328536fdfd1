"""The controller: passes observations to the store, and its findings to the sinks in order.

    watch ──▶ feeds ──▶ observe ──▶ store.feed ──▶ findings ──▶ workload ──▶ sinks

Observing never blocks: findings go into a queue. A single publisher resolves
their workload, which may need a request to the API server, and calls the
sinks, so that each sink sees the findings in the order in which they were made.
The queue is unbounded, since a dropped finding would unbalance the ledger. It holds
at most a few findings per pod, and resolving a workload has a timeout.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from probewatch import finding_log
from probewatch.assigning import Assigner, Resolver
from probewatch.boundary import Boundary
from probewatch.clock import Jumps
from probewatch.core.findings import Finding
from probewatch.core.model import PodUid, Workload
from probewatch.core.observe import Observation, TimePassed
from probewatch.kube.pods.snapshot import Snapshot
from probewatch.store import Store

HEARTBEAT_SECONDS = 0.5
"""How often deadlines are checked. Precise enough: they are tens of seconds long."""

BATCH = 512
"""Findings published in one turn; their workloads are resolved concurrently. More than one read
from a watch produces, or the queue would grow while updates arrive without a pause. A turn blocks
the event loop for some milliseconds."""

TURN = 64
"""Pods whose deadlines are handled before the event loop gets a turn: after a mass restart,
thousands of verdicts fall due in one second, at a tenth of a millisecond each."""


class Sink(Protocol):
    """Where findings go: metrics, Events, records."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Take a finding without blocking; a sink that does I/O has a bounded queue of its own."""
        ...


@dataclass(slots=True, kw_only=True)
class ControllerStats:
    """Counts of what went through the controller, read by the metrics."""

    findings: Counter[str] = field(default_factory=Counter)
    """By the name of the finding's class."""
    loop_lag_seconds: float = 0.0
    """How late the last heartbeat was, that is, how long the event loop was blocked."""


class Controller:
    """Connects the store, the clock and the sinks."""

    def __init__(
        self,
        *,
        store: Store,
        sinks: Sequence[Sink],
        resolver: Resolver,
        boundary: Boundary,
        has_listed_events: Callable[[], bool],
        is_watching: Callable[[], bool],
    ) -> None:
        """*has_listed_events* tells whether the kubelet's Events were listed, or cannot be.

        Until then no deadline expires: a restart is not judged to lack evidence just because
        listing takes long. *is_watching* tells whether the watches of pods are up to date.
        """
        self.store = store
        self.stats = ControllerStats()
        self._log_guard = boundary.guard("log")
        self._sinks = tuple((boundary.guard(type(sink).__name__), sink) for sink in sinks)
        self._assigner = Assigner(resolver, boundary)
        self._boundary = boundary
        self._clock = boundary.clock
        self._has_listed_events, self._is_watching = has_listed_events, is_watching
        self._jumps, self._is_set_back, self._is_set_forth = Jumps(self._clock), False, False
        self._reconsidered: set[str] = set()
        self._waiting: deque[Finding] = deque()
        self._found_by_now = self._found_by_lists = self._published = 0
        self._has_work = asyncio.Event()
        self._is_idle = asyncio.Event()  # not _has_work: an unset event cannot be waited for
        self._is_idle.set()

    @property
    def unpublished(self) -> int:
        """How many findings wait to be published."""
        return len(self._waiting)

    @property
    def has_published_lists(self) -> bool:
        """Whether all findings made up to the end of the last list were published.

        Later findings do not count: in a busy cluster some are always waiting.
        """
        return self._published >= self._found_by_lists

    def observe(self, observation: Observation) -> None:
        """Process one observation, received now."""
        self._found(self.store.feed(observation, self._clock.now()))

    def skips(self, uid: PodUid, version: int, mark: int) -> bool:
        """Tell whether this version of a pod, by its digest *mark*, holds nothing new."""
        return self.store.skips(uid, version, mark)

    def see(self, snapshot: Snapshot, *, relisted: bool) -> None:
        """Process a version of a pod, received now; *relisted* if it comes from a list."""
        self._found(self.store.see(snapshot, self._clock.now(), relisted=relisted))

    def known_version(self, uid: PodUid) -> int:
        """Return the newest resourceVersion seen of a pod; 0 if the pod is unknown."""
        return self.store.known_version(uid)

    def gone(self, uid: PodUid, version: int) -> None:
        """Process the deletion of a pod at this resourceVersion."""
        self._found(self.store.gone(uid, version, self._clock.now()))

    def sweep(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, version: int = 0
    ) -> None:
        """Forget the pods of *namespaces* (`None`: all) that a complete list did not contain.

        *version* is the resourceVersion of the list. A pod last seen in a newer one stays.
        """
        now = self._clock.now()
        self._found(self.store.sweep(seen, now, namespaces=namespaces, version=version))

    def list_ended(self) -> None:
        """Note that a list is complete, for `has_published_lists`."""
        self._found_by_lists = self._found_by_now

    def reconsider(self, namespace: str) -> None:
        """Judge the waiting pods of a namespace again, since their policies have changed.

        Done with the next heartbeat, so that many changes of policies cause one pass.
        """
        self._reconsidered.add(namespace)

    async def beat(self) -> None:
        """Handle deadlines with each heartbeat, for ever, and measure the lag of the event loop."""
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(HEARTBEAT_SECONDS)
            after = self._clock.monotonic()
            self.stats.loop_lag_seconds = max(0.0, after - before - HEARTBEAT_SECONDS)
            for _ in range(self.store.waiting() // TURN + 1):
                if not self.tick():
                    break
                await asyncio.sleep(0)  # thousands may be due at once: yield to other tasks
            await self._reconsider()

    async def _reconsider(self) -> None:
        while self._reconsidered and self._has_listed_events():
            await self._judge_waiting(self._reconsidered.pop(), self._passed())

    async def _judge_waiting(self, namespace: str | None, passed: TimePassed) -> None:
        waiting = self.store.waiting_in(namespace)
        for some in (waiting[at : at + TURN] for at in range(0, len(waiting), TURN)):
            with self._boundary.guard("reconsider"):
                self._found(self.store.reconsider(some, self._clock.now(), passed))
            await asyncio.sleep(0)  # there may be thousands: yield to other tasks

    async def leave(self, seconds: float) -> None:
        """Judge what the next process could not see any more, in at most *seconds*.

        All else that waits for late evidence is left to it: it lists the same pods and Events.
        """
        if self._has_listed_events():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._judge_waiting(None, TimePassed(leaving=True))

    def tick(self) -> bool:
        """Handle at most TURN deadlines that have passed; tell whether any was due.

        After the wall clock was set back, pending verdicts do not wait for the lost time again:
        each is given at once, as if its deadline had come. After the clock was set forward, or
        while pods are not watched, silence is not taken for quiet (see `TimePassed.unwatched`).
        """
        jump = self._jumps.measure()
        self._is_set_back |= jump < 0
        self._is_set_forth |= jump > 0
        if not self._has_listed_events():
            return False
        self._is_set_back = self._is_set_back and self.store.pending() > 0
        now, due = self._clock.now(), self.store.next_due()
        if due is None or (due > now and not self._is_set_back):
            self._is_set_forth = False
            return False
        now = max(now, due)
        with self._boundary.guard("tick"):
            self._found(self.store.tick(now, TURN, self._passed()))
        return True

    def _passed(self) -> TimePassed:
        return TimePassed(unwatched=self._is_set_forth or not self._is_watching())

    async def publish(self) -> None:
        """Publish queued findings to the sinks, in order, for ever."""
        while True:
            await self._has_work.wait()
            count = min(len(self._waiting), BATCH)
            try:
                await self._publish([self._waiting.popleft() for _ in range(count)])
            finally:
                self._published += count
                if not self._waiting:
                    self._has_work.clear()
                    self._is_idle.set()

    async def drain(self, seconds: float) -> None:
        """Wait until all findings are published, at most *seconds*."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_idle.wait()

    def _found(self, findings: Sequence[Finding]) -> None:
        if not findings:
            return
        for finding in findings:
            self.stats.findings[type(finding).__name__] += 1
        if not self._waiting:
            self._has_work.set()
            self._is_idle.clear()
        self._waiting.extend(findings)
        self._found_by_now += len(findings)

    async def _publish(self, findings: Sequence[Finding]) -> None:
        """Publish findings in order, once their workloads are known."""
        for finding, workload in await self._assigner.assign(findings):
            self._hand_on(finding, workload)
        await asyncio.sleep(0)  # a long queue must not starve other tasks

    def _hand_on(self, finding: Finding, workload: Workload) -> None:
        with self._log_guard:
            finding_log.log_finding(finding, workload)
        for guard, sink in self._sinks:
            with guard:
                sink.publish(finding, workload)
