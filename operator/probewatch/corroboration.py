"""Corroboration: reads the kubelet's probe counters after an uncertain verdict (opt-in).

As a sink it only queues the nodes of such restarts. A worker reads one kubelet
at a time, with a rate limit, and passes the counters to the store as an observation,
which the core judges. A reading is useful twice: for the restart at hand, and as
the value that the next reading is compared with.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from probewatch.clock import Clock
from probewatch.core.causes import Cause, Confidence
from probewatch.core.counters import Reading
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import PodUid, Workload
from probewatch.core.observe import CountersRead, Observation
from probewatch.core.spec import ProbeType
from probewatch.errors import ApiError
from probewatch.kube.kubelet_metrics import NodeCounters
from probewatch.kube.token_bucket import TokenBucket

_log = logging.getLogger(__name__)

UNSURE = frozenset({Confidence.LOW, Confidence.MEDIUM})
WAITING_KEPT = 1000
"""Length of the queue of nodes; when it is full, the oldest one is dropped."""


TOLD_SECONDS = 3600.0
"""After so long a kubelet that still cannot be read is told of again."""


class Kubelets(Protocol):
    """Reads the metrics of kubelets."""

    async def read(self, node: str) -> NodeCounters:
        """Return the probe counters of a node's kubelet; raises ApiError."""
        ...


class Corroboration:
    """A sink that reads the kubelet's counters for restarts with an uncertain cause."""

    def __init__(
        self,
        *,
        kubelets: Kubelets,
        observe: Callable[[Observation], None],
        per_minute: float,
        clock: Clock,
    ) -> None:
        self._kubelets = kubelets
        self._observe = observe
        self._clock = clock
        self._bucket = TokenBucket(burst=1, refill=60.0 / per_minute)
        self._waiting: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._told: dict[str, tuple[str, float]] = {}
        """Why a node's kubelet could not be read, and when that was told."""

    def publish(self, finding: Finding, workload: Workload) -> None:  # noqa: ARG002  # a sink's
        """Queue the node of an uncertain restart."""
        if not isinstance(finding, Restart) or finding.baseline or not finding.pod.node:
            return
        if finding.confidence not in UNSURE or finding.cause is Cause.UNOBSERVED:
            return
        self._waiting[finding.pod.node] = None
        if len(self._waiting) > WAITING_KEPT:
            self._waiting.pop(next(iter(self._waiting)))
        self._woken.set()

    async def run(self) -> None:
        """Read the queued kubelets one after the other, for ever."""
        while True:
            await self._woken.wait()
            while self._waiting:
                await self._clock.sleep(self._bucket.wait(self._clock.monotonic()))
                if self._bucket.take(self._clock.monotonic()):
                    node = next(iter(self._waiting))
                    del self._waiting[node]
                    await self._ask(node)
            self._woken.clear()

    async def _ask(self, node: str) -> None:
        try:
            counters = await self._kubelets.read(node)
        except ApiError as error:
            self._tell(node, str(error))
            return
        self._told.pop(node, None)
        for uid, container in {(uid, container) for uid, container, _ in counters.failed}:
            self._observe(
                CountersRead(
                    uid=PodUid(uid),
                    container=container,
                    reading=self._reading(counters, uid, container),
                )
            )

    def _tell(self, node: str, why: str) -> None:
        """Log why a kubelet cannot be read: once an hour as a warning, else for debugging."""
        now, (before, at) = self._clock.monotonic(), self._told.get(node, ("", 0.0))
        is_news = why != before or now - at >= TOLD_SECONDS
        if is_news:
            self._told[node] = (why, now)
        level = logging.WARNING if is_news else logging.DEBUG
        _log.log(level, "A kubelet could not be queried", extra={"node": node, "why": why})

    def _reading(self, counters: NodeCounters, uid: str, container: str) -> Reading:
        failed = counters.failed
        return Reading(
            at=self._clock.now(),
            process=counters.process,
            liveness=failed.get((uid, container, ProbeType.LIVENESS)),
            startup=failed.get((uid, container, ProbeType.STARTUP)),
        )
