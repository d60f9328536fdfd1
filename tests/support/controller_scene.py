"""A controller with its fakes, which records what it publishes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from probewatch.boundary import Boundary
from probewatch.controller import Controller, Sink
from probewatch.core.findings import (
    Finding,
)
from probewatch.core.model import (
    ContainerStatus,
    Pod,
    PodRef,
    PodUid,
    Termination,
    Workload,
)
from probewatch.core.policy import Policy
from probewatch.core.remembered import Remembered
from probewatch.core.spec import Container, PodSpec, Probe, ProbeType
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.newcomers import Newcomer
from probewatch.store import Store
from tests.support.fake_time import FakeTime

SPEC = PodSpec(containers=(Container(name="app", liveness=Probe(probe_type=ProbeType.LIVENESS)),))


def pod(uid: str = "u-1", *, restarts: int = 0, version: int = 1, **values: object) -> Pod:
    status = ContainerStatus(
        name="app",
        restart_count=restarts,
        container_id=f"c-{restarts}",
        running_since=1000.0 + restarts,
        last=Termination(exit_code=1, reason="Error", container_id=f"c-{restarts - 1}")
        if restarts
        else None,
    )
    made = Pod(
        uid=PodUid(uid),
        namespace="shop",
        name=f"cart-{uid}",
        resource_version=version,
        spec=SPEC,
        statuses=(status,),
    )
    return replace(made, **values)  # type: ignore[arg-type]  # by name


@dataclass
class SpySink:
    """Records what is published."""

    published: list[tuple[Finding, Workload]] = field(default_factory=list)

    def publish(self, finding: Finding, workload: Workload) -> None:
        self.published.append((finding, workload))

    def of(self, kind: type[Finding]) -> list[Finding]:
        return [finding for finding, _ in self.published if isinstance(finding, kind)]


@dataclass
class FakeResolver:
    """Resolves every pod to one Deployment, or raises an error."""

    broken: bool = False
    workload: Workload = field(
        default_factory=lambda: Workload(namespace="shop", kind="Deployment", name="cart")
    )

    def find(self, _pod: PodRef) -> Workload | None:
        return None

    async def resolve(self, pod: PodRef) -> Workload:
        if self.broken:
            raise ZeroDivisionError(pod)
        await asyncio.sleep(0)
        return self.workload


TURNS = 12
"""Turns of the event loop, far less than as many seconds."""

Value = TypeVar("Value")


@dataclass
class Scene:
    """A controller with its fakes."""

    sink: SpySink = field(default_factory=SpySink)
    time: FakeTime = field(default_factory=FakeTime)
    resolver: FakeResolver = field(default_factory=FakeResolver)
    others: tuple[Sink, ...] = ()
    heard: bool = True
    """Whether Events from before the start are listed."""
    watching: bool = True
    """Whether pods are being watched."""
    remember: Callable[[Newcomer], Remembered] | None = None
    policy_for: Callable[[Pod], Policy] | None = None

    def __post_init__(self) -> None:
        self.boundary = Boundary(clock=self.time.clock)
        self.controller = Controller(
            store=Store(self.policy_for, remember=self.remember),
            sinks=(*self.others, self.sink),
            resolver=self.resolver,
            boundary=self.boundary,
            has_listed_events=lambda: self.heard,
            is_watching=lambda: self.watching,
        )

    async def beat(self, measure: Callable[[], Value]) -> list[Value]:
        """Run the controller's beat for some turns of the loop; returns a measurement of each."""
        measured = [measure()]
        beat = asyncio.create_task(self.controller.beat())
        for _ in range(TURNS):
            await asyncio.sleep(0)
            measured.append(measure())
        beat.cancel()
        return measured

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[None]:
        """Publish all findings of the block."""
        task = asyncio.create_task(self.controller.publish())
        yield
        await self.controller.drain(5)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def raw_pod(
    uid: str, name: str = "cart", namespace: str = "shop", *, version: int = 5, restarts: int = 0
) -> RawPod:
    pod = {
        "metadata": {
            "uid": uid,
            "name": name,
            "namespace": namespace,
            "resourceVersion": str(version),
        },
        "spec": {"containers": [{"name": "app", "livenessProbe": {}}]},
        "status": {"containerStatuses": [{"name": "app", "restartCount": restarts}]},
    }
    return msgspec.json.decode(msgspec.json.encode(pod), type=RawPod)
