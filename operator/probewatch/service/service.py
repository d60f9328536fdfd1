"""The service: starts all parts, keeps them running, and stops them in order.

Whatever fails is restarted; only a signal ends the service. At the end, observing stops
first, then findings are published and written, then all else stops.
"""

import asyncio
import logging
from collections.abc import Sequence

from probewatch.missing_rights import RightsCheck
from probewatch.service.builders import Worker
from probewatch.service.first_rights import log_missing
from probewatch.service.parts import Parts
from probewatch.service.runtime import freeze_what_stays
from probewatch.service.watches import Watch

_log = logging.getLogger(__name__)

SYNC_CHECK_SECONDS = 0.5
DERIVE_SECONDS = 60.0
"""Time to publish the findings of the first list, whose workloads have to be resolved."""

PREPARE_AGAIN_SECONDS = 5.0

HISTORY_SECONDS = 1.0
"""How often it is checked whether the cluster was restored from a backup."""


class Service:
    """Runs the parts until a stop event is set."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._clock = parts.clock
        self._greeted = asyncio.Event()
        """Set once the first preparation, which waits for the API server, is done."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until *stop* is set, then shut down gracefully in bounded time.

        Raises SettingsError, before anything is watched, if metrics cannot be served.
        """
        await self.parts.server.start()
        _log.info("Metrics and health are served", extra={"port": self.parts.server.port})
        try:
            await self._run(stop)
        finally:
            await self.parts.server.stop()

    async def _run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            rights = Worker(name="rights", run=self._check_rights)
            history = Worker(name="history", run=self._guard_records)
            workers = (*self.parts.workers, rights, history)
            tasks = [self._start(group, worker) for worker in workers]
            # Guarded as well: without a thread for kopf, everything else goes on.
            kopf = self._start(group, Worker(name="kopf", run=self.parts.supervisor.run))
            observing = group.create_task(self._observe(), name="observing")
            await stop.wait()
            kopf.cancel()
            observing.cancel()
            await self._finish([observing, kopf])
            for task in tasks:
                task.cancel()

    def _start(self, group: asyncio.TaskGroup, worker: Worker | Watch) -> "asyncio.Task[None]":
        return group.create_task(
            self.parts.boundary.keep_running(worker.name, worker.run), name=worker.name
        )

    async def _observe(self) -> None:
        """Run the preparations, then the watches and the heartbeat."""
        await self._prepare()
        beat = Worker(name="beat", run=self.parts.controller.beat)
        observers: Sequence[Worker | Watch] = (*self.parts.watches, beat)
        async with asyncio.TaskGroup() as group:
            for each in observers:
                _ = self._start(group, each)
            with self.parts.boundary.guard("settle"):
                await self._settle()

    async def _prepare(self) -> None:
        """Run the preparations in order, and retry each until it succeeds."""
        for step in self.parts.preparations:
            while not await self._attempt(step):
                await self._clock.sleep(PREPARE_AGAIN_SECONDS)
            self._greeted.set()
        self.parts.prepared = True

    async def _attempt(self, step: Worker) -> bool:
        with self.parts.boundary.guard(step.name):
            await step.run()
            return True
        return False

    async def _settle(self) -> None:
        """Wait for the first complete list, log it, and tune the memory for what is there."""
        begun = self._clock.monotonic()
        while self.parts.health.find_unsynced():
            await self._clock.sleep(SYNC_CHECK_SECONDS)
        await self.parts.controller.drain(DERIVE_SECONDS)
        self.parts.workloads.forget_lists()
        freeze_what_stays()
        seconds = round(self._clock.monotonic() - begun, 1)
        _log.info("All pods are listed", extra={"pods": len(self.parts.store), "seconds": seconds})

    async def _check_rights(self) -> None:
        await self._greeted.wait()
        await log_missing(self.parts.client, self.parts.settings, self._clock)
        watches, stats = [each.stats for each in self.parts.watches], self.parts.client.stats
        check = RightsCheck(watches, refused=lambda: stats.is_refused)
        await check.run(self._clock, is_synced=lambda: not self.parts.health.find_unsynced())

    async def _guard_records(self) -> None:
        """Stop writing once the cluster was restored: the data would be of the lost history."""
        while not self.parts.health.find_lost():
            await self._clock.sleep(HISTORY_SECONDS)
        if self.parts.recording is not None:
            self.parts.recording.lease.forsake()
        await asyncio.Event().wait()

    async def _finish(self, ending: "Sequence[asyncio.Task[None]]") -> None:
        """Publish all findings and write them, within `shutdown_seconds`."""
        end = self._clock.monotonic() + self.parts.settings.shutdown_seconds

        def left() -> float:
            return max(0.0, end - self._clock.monotonic())

        await asyncio.wait(ending[:1], timeout=left())
        for drain in self.parts.drains:
            with self.parts.boundary.guard("drain"):
                await drain(left())
        await asyncio.wait(ending, timeout=left())
