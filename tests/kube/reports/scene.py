"""The sink that keeps records, against an API that accepts or refuses reports."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from probewatch.boundary import Boundary
from probewatch.core.causes import Cause, Confidence
from probewatch.core.findings import (
    Finding,
    Restart,
)
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.sighting import Sighting
from probewatch.kube.reports.api import ReportApi
from probewatch.kube.reports.reports import ReportOptions, Reports
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key
from tests.support import builders
from tests.support.fake_reports import FakeReports, Json
from tests.support.fake_time import FakeTime

CART = Workload(namespace="shop", kind="Deployment", name="cart", api_version="apps/v1", uid="d1")


KEY = Key("shop", "deployment-cart")


def pod(name: str = "u1") -> PodRef:
    return PodRef(uid=PodUid(name), namespace="shop", name=f"cart-{name}")


def restart(count: int, name: str = "u1") -> Restart:
    return builders.restart(
        count,
        pod=pod(name),
        cause=Cause.ERROR,
        confidence=Confidence.HIGH,
        rule="exit-code",
        observed_at=1000.0,
        seen=Sighting(resource_version=10 * count, restart_count=count),
    )


@dataclass
class Situation:
    open: bool = True
    recording: bool = True
    words: list[str] = field(default_factory=list)
    restored: list[Key] = field(default_factory=list)
    begun: list[Key] = field(default_factory=list)
    """The reports that were restored for the first time."""
    reread: list[Key] = field(default_factory=list)

    def is_open(self) -> bool:
        return self.open

    def is_recording(self) -> bool:
        return self.recording

    def refused(self, words: str) -> None:
        self.words.append(words)
        self.recording = False

    def restore(self, key: Key, *, is_first: bool) -> None:
        self.restored.append(key)
        if is_first:
            self.begun.append(key)

    def reloaded(self, key: Key) -> None:
        self.reread.append(key)

    def limit_for(self, uid: PodUid) -> int | None:  # noqa: ARG002  # as the real one
        return None


@dataclass
class SpySink:
    published: list[Finding] = field(default_factory=list)
    workloads: tuple[Workload, ...] = (CART,)

    def publish(self, finding: Finding, workload: Workload) -> None:
        assert workload in self.workloads
        self.published.append(finding)

    @property
    def restarts(self) -> list[int]:
        return [each.restart_count for each in self.published if isinstance(each, Restart)]


A_MOMENT = 0.01
"""Seconds per step of time, in which every task has a turn."""


@dataclass
class Scene:
    """A sink with its fakes."""

    api: FakeReports = field(default_factory=FakeReports)
    time: FakeTime = field(default_factory=FakeTime)
    situation: Situation = field(default_factory=Situation)
    after: SpySink = field(default_factory=SpySink)
    led_since: float | None = 0.0
    namespaces: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.book = RecordBook(led_since=lambda: self.led_since)

        self.api.time = self.time
        self.sink = Reports(
            book=self.book,
            api=ReportApi(self.api, self.namespaces),
            sinks=(self.after,),
            situation=self.situation,
            options=ReportOptions(jitter=lambda: 1.0),
            boundary=Boundary(clock=self.time.clock),
        )

    def tell(self, *findings: Finding) -> None:
        for finding in findings:
            self.sink.publish(finding, CART)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(20_000):
            if condition():
                return
            await asyncio.sleep(0)
        pytest.fail("it did not come to that")

    async def a_few_turns(self) -> None:
        """Let all tasks do what they can without time passing."""
        for _ in range(100):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        end = self.time.seconds + seconds
        while self.time.seconds < end:
            await self.time.sleep(A_MOMENT)

    @property
    def writes(self) -> list[str]:
        return [each for each in self.api.asked if not each.startswith("GET")]

    @property
    def status(self) -> Json:
        found: Json = self.api.reports["deployment-cart"]["status"]
        return found


@asynccontextmanager
async def running(scene: Scene) -> AsyncIterator[Scene]:
    task = asyncio.create_task(scene.sink.run())
    try:
        yield scene
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
