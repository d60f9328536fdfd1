"""The controller: observations in, findings out to the sinks, in order.

    watch ──▶ feeds ──▶ observe ──▶ store.feed ──▶ findings ──▶ workload ──▶ sinks

Observing never waits: findings go into a queue, and one publisher names their
workload (which may ask the API server) and hands them on, so that each sink
sees them in the order in which they were made. The queue has no bound of its
own, since a finding that is dropped unbalances the ledger; it holds at most a
few for each pod, and a slow answer about a workload is not waited for long.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from probewatch import finding_log
from probewatch.boundary import Boundary
from probewatch.clock import Jumps
from probewatch.core.findings import Finding
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.observe import Observation, TimePassed
from probewatch.gathering import gather
from probewatch.kube.pods.snapshot import Snapshot
from probewatch.kube.workloads import nearest_workload
from probewatch.store import Store

HEARTBEAT_SECONDS = 0.5
"""How exactly deadlines are kept; they are tens of seconds."""

BATCH = 512
"""Findings that are handed on in one turn, their workloads asked for side by side: more than one
read of a watch leads to, or the queue would grow for as long as updates come without a pause.
Some milliseconds in which nothing else is done."""

TURN = 64
"""Pods for which time passes before others are let in: after a mass restart thousands of verdicts
fall due in one second, at a tenth of a millisecond each."""


class Sink(Protocol):
    """Where findings go: metrics, Events, records."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Take a finding; never blocks, has a bounded queue where it has to wait for something."""
        ...


class Resolver(Protocol):
    """Who knows the workload of a pod."""

    def find(self, pod: PodRef) -> Workload | None:
        """Return the workload where it is known without asking anyone."""
        ...

    async def resolve(self, pod: PodRef) -> Workload:
        """Return the workload; asks in bounded time, and falls back to the nearest owner."""
        ...


@dataclass(slots=True, kw_only=True)
class ControllerStats:
    """What went through, for the metrics to read."""

    findings: Counter[str] = field(default_factory=Counter)
    """By kind."""
    loop_lag_seconds: float = 0.0
    """How late the last heartbeat was: how long the event loop was busy with other things."""


class Controller:
    """Ties store, clock and sinks together; everything comes in through the constructor."""

    def __init__(
        self,
        *,
        store: Store,
        sinks: Sequence[Sink],
        resolver: Resolver,
        boundary: Boundary,
        has_heard: Callable[[], bool],
        is_watching: Callable[[], bool],
    ) -> None:
        """*has_heard* tells whether what the kubelet said before the start is known.

        Before it is, no restart is judged for want of evidence, however long the lists take.
        *is_watching* tells whether pods are seen as they change.
        """
        self.store = store
        self.stats = ControllerStats()
        self._log_guard = boundary.guard("log")
        self._sinks = tuple((boundary.guard(type(sink).__name__), sink) for sink in sinks)
        self._resolver = resolver
        self._boundary = boundary
        self._clock = boundary.clock
        self._has_heard, self._is_watching = has_heard, is_watching
        self._jumps, self._is_set_back, self._is_set_forth = Jumps(self._clock), False, False
        self._reconsidered: set[str] = set()
        self._waiting: deque[Finding] = deque()
        self._found_by_now = self._found_by_lists = self._published = 0
        self._has_work = asyncio.Event()
        self._is_idle = asyncio.Event()  # the opposite: an event can only be waited for to be set
        self._is_idle.set()

    @property
    def unpublished(self) -> int:
        """How many findings wait for their workload."""
        return len(self._waiting)

    @property
    def has_published_lists(self) -> bool:
        """Whether what was found up to the end of the last list is with the sinks.

        What is found after it is not waited for: where much happens, some always waits.
        """
        return self._published >= self._found_by_lists

    def observe(self, observation: Observation) -> None:
        """Take in one observation, received now."""
        self._found(self.store.feed(observation, self._clock.now()))

    def skips(self, uid: PodUid, version: int, mark: int) -> bool:
        """Tell whether a version of a pod, known by its mark, has nothing new in it."""
        return self.store.skips(uid, version, mark)

    def see(self, snapshot: Snapshot, *, relisted: bool) -> None:
        """Take in a version of a pod, received now."""
        self._found(self.store.see(snapshot, self._clock.now(), relisted=relisted))

    def known_version(self, uid: PodUid) -> int:
        """The newest version of a pod that was seen; 0 for one that is not known."""
        known = self.store.about(uid)
        return known.version if known is not None else 0

    def gone(self, uid: PodUid, version: int) -> None:
        """Take in that a pod was deleted, as of this resourceVersion."""
        self._found(self.store.gone(uid, version, self._clock.now()))

    def sweep(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, version: int = 0
    ) -> None:
        """Let go of the pods of *namespaces* (`None`: all) that a complete list did not contain.

        *version* is the list's: a pod of which something newer is known stays.
        """
        now = self._clock.now()
        self._found(self.store.sweep(seen, now, namespaces=namespaces, version=version))

    def list_ended(self) -> None:
        """Take in that a list is complete."""
        self._found_by_lists = self._found_by_now

    def reconsider(self, namespace: str) -> None:
        """Let the pods of a namespace be judged by the policies that they are under now.

        With the next heartbeat that time is given with: many policies may change at once.
        """
        self._reconsidered.add(namespace)

    async def beat(self) -> None:
        """Let time pass for the store, for ever; measures how late the event loop is."""
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(HEARTBEAT_SECONDS)
            after = self._clock.monotonic()
            self.stats.loop_lag_seconds = max(0.0, after - before - HEARTBEAT_SECONDS)
            for _ in range(self.store.waiting() // TURN + 1):
                if not self.tick():
                    break
                await asyncio.sleep(0)  # thousands may be due at once: let others in
            await self._reconsider()

    async def _reconsider(self) -> None:
        while self._reconsidered and self._has_heard():
            waiting = self.store.waiting_in(self._reconsidered.pop())
            for some in (waiting[at : at + TURN] for at in range(0, len(waiting), TURN)):
                with self._boundary.guard("reconsider"):
                    self._found(self.store.reconsider(some, self._clock.now(), self._passed()))
                await asyncio.sleep(0)

    def tick(self) -> bool:
        """Give the store the time, where some of it asked for it; tell whether it did.

        Once the clock was set back, verdicts that wait are not waited for as long again: they are
        given a little early, each as if its moment had come. Once it was set forth, or while nobody
        is watching, it does not count for quiet that nothing was seen.
        """
        jump = self._jumps.measure()
        self._is_set_back |= jump < 0
        self._is_set_forth |= jump > 0
        if not self._has_heard():
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
        """Hand findings on to the sinks, in order, for ever."""
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
        """Wait until all findings are with the sinks, at most *seconds*."""
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
        """Ask for workloads that are not known side by side; the findings stay in order."""
        findings = tuple(gather(findings))
        pods = [finding.pod for finding in findings]
        known = {pod.uid: self._resolver.find(pod) for pod in pods}
        asked = [pod for pod in {pod.uid: pod for pod in pods}.values() if known[pod.uid] is None]
        if asked:
            known.update(await asyncio.gather(*(self._learn(pod) for pod in asked)))
        for finding, pod in zip(findings, pods, strict=True):
            self._hand_on(finding, known[pod.uid] or nearest_workload(pod))
        await asyncio.sleep(0)  # a full queue must not keep everyone else waiting

    async def _learn(self, pod: PodRef) -> tuple[PodUid, Workload | None]:
        with self._boundary.guard("workload"):
            return pod.uid, await self._resolver.resolve(pod)
        return pod.uid, None

    def _hand_on(self, finding: Finding, workload: Workload) -> None:
        with self._log_guard:
            finding_log.log_finding(finding, workload)
        for guard, sink in self._sinks:
            with guard:
                sink.publish(finding, workload)
