"""A sink that publishes findings as Events and never blocks its caller.

Findings are turned into Events at once, put into a bounded queue, and written by workers. Three
limits prevent a flood: a budget for each pod (see `budget`), a rate limit over all, and the
length of the queue, in which namespaces take turns. Dropped Events are counted by reason; nothing
else depends on Events.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from probewatch.boundary import Boundary
from probewatch.core.bounded import Bounded
from probewatch.core.findings import Finding
from probewatch.core.model import PodUid, Workload
from probewatch.core.spec import PodSpec
from probewatch.kube.events.budget import PodBudget
from probewatch.kube.events.draft import EventDraft
from probewatch.kube.events.making import draft_event
from probewatch.kube.events.queue import EventQueue
from probewatch.kube.events.writer import EventWriter
from probewatch.kube.token_bucket import TokenBucket

_log = logging.getLogger(__name__)

REMEMBERED = 4096
"""How many names and pods are remembered, as in client-go's event correlator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderOptions:
    """Limits; the settings of the same names explain the defaults."""

    queue_length: int = 1000
    workers: int = 2
    per_second: float = 5.0
    burst: int = 50
    pod_burst: int = 25
    pod_refill_seconds: float = 300.0


class Recorder:
    """The sink; `run` must be running for anything to be written.

    *spec_of* returns the spec of a known pod, for the details of its probes.
    """

    def __init__(
        self,
        *,
        writer: EventWriter,
        options: RecorderOptions,
        spec_of: Callable[[PodUid], PodSpec | None],
        boundary: Boundary,
    ) -> None:
        self.stats = writer.stats
        self._writer = writer
        self._options = options
        self._spec_of = spec_of
        self._clock, self._guard = boundary.clock, boundary.guard("events")
        self._queue = EventQueue(options.queue_length)
        self._names: Bounded[tuple[str, str], None] = Bounded(REMEMBERED)
        self._pods: Bounded[PodUid, PodBudget] = Bounded(REMEMBERED)
        self._all = TokenBucket(burst=options.burst, refill=1 / options.per_second)

    @property
    def queued(self) -> int:
        """How many Events are queued."""
        return len(self._queue)

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Queue the Event of a finding, if it has one; returns at once."""
        pod = finding.pod
        draft = draft_event(finding, workload, self._spec_of(pod.uid) or PodSpec())
        if draft is None or (pod.namespace, draft.name) in self._names:
            return
        if not self._queue.has_room(pod.namespace):
            self.stats.dropped["QueueFull"] += 1
        elif not self._budget(pod.uid).take(draft, self._clock.monotonic()):
            self.stats.dropped["PodBudget"] += 1
        else:
            self._names[pod.namespace, draft.name] = None
            self._enqueue(draft)

    def _enqueue(self, draft: EventDraft) -> None:
        lost = self._queue.put(draft)
        if lost is not None:
            self.stats.dropped["QueueFull"] += 1
            self._names.pop((lost.pod.namespace, lost.name), None)
            self._writer.forget(lost)

    async def run(self) -> None:
        """Write queued Events until cancelled; then count those not written as dropped."""
        self._queue.release_all()  # what an earlier run held until the end of a pause
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._options.workers):
                    group.create_task(self._work(group), name=f"event writer {number}")
        except asyncio.CancelledError:
            if left := len(self._queue):
                self.stats.dropped["Shutdown"] += left
            self._report_drops()
            raise

    async def drain(self, seconds: float) -> None:
        """Wait up to *seconds* until everything queued is written."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._queue.join()

    async def _work(self, group: asyncio.TaskGroup) -> None:
        while True:
            draft = await self._queue.get()
            outcome = "InternalError"
            try:
                with self._guard:  # an Event that meets a bug must not stop the others
                    await self._write(draft, group)
                    outcome = ""
            except asyncio.CancelledError:
                is_cut_off = (draft.pod.namespace, draft.name) in self._writer.cut_off
                outcome = "Unanswered" if is_cut_off else "Shutdown"
                raise
            finally:
                self._queue.done()
                if outcome:
                    self.stats.dropped[outcome] += 1

    async def _write(self, draft: EventDraft, group: asyncio.TaskGroup) -> None:
        if self._writer.drops_unsent(draft):
            return
        await self._wait_for_turn()
        pause = await self._writer.write(draft)
        # The pause concerns this namespace only: the worker goes on with the others.
        if pause and self._queue.put_back(draft):
            group.create_task(self._release(draft.pod.namespace, pause))

    async def _release(self, namespace: str, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._queue.release(namespace)

    def _report_drops(self) -> None:
        """Log what was dropped at the end, since nothing reads the metrics after it."""
        dropped, unanswered = self.stats.dropped["Shutdown"], len(self._writer.cut_off)
        if dropped or unanswered:
            _log.warning(
                "Kubernetes Events were not written before the shutdown",
                extra={"dropped": dropped, "unanswered": unanswered},
            )

    async def _wait_for_turn(self) -> None:
        while not self._all.take(self._clock.monotonic()):
            await self._clock.sleep(self._all.wait(self._clock.monotonic()))

    def _budget(self, uid: PodUid) -> PodBudget:
        budget = self._pods.get(uid) or PodBudget(
            burst=self._options.pod_burst, refill=self._options.pod_refill_seconds
        )
        self._pods[uid] = budget
        return budget
