"""A recorder, and an API server that accepts or refuses its Events."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from probewatch.boundary import Boundary
from probewatch.core.findings import (
    Finding,
    Restart,
)
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.kube.events.recorder import Recorder, RecorderOptions
from probewatch.kube.events.writer import EventWriter
from tests.support.builders import restart
from tests.support.fake_time import FakeTime

POD = PodRef(uid=PodUid("u-1"), namespace="shop", name="cart-1")


WORKLOAD = Workload(namespace="shop", kind="Pod", name="cart-1")


RESTART = restart(pod=POD)


CREATED = (201, b"{}")


@dataclass
class FakeEvents:
    """An API server that gives the prepared answers, then accepts everything.

    What it answers in the namespaces of *by_namespace* is said there.
    """

    answers: list[tuple[int, bytes] | Exception] = field(default_factory=list)
    by_namespace: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    posted: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)
    open_for_business: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open_for_business.set()

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        await self.open_for_business.wait()
        assert isinstance(body, dict)
        self.posted.append((verb, path, body))
        if (namespace := path.split("/")[-2]) in self.by_namespace:
            return self.by_namespace[namespace]
        answer = self.answers.pop(0) if self.answers else CREATED
        if isinstance(answer, Exception):
            raise answer
        return answer

    def posted_in(self, namespace: str) -> int:
        """How often an Event was posted in a namespace."""
        return sum(path.split("/")[-2] == namespace for _, path, _ in self.posted)


@dataclass
class Scene:
    """A recorder with its fakes."""

    api: FakeEvents
    time: FakeTime
    recorder: Recorder

    async def settle(self) -> None:
        """Let the workers write everything queued."""
        task = asyncio.create_task(self.recorder.run())
        await self.recorder.drain(5)
        task.cancel()
        await asyncio.wait([task])

    def publish(self, *findings: Finding) -> None:
        for finding in findings:
            self.recorder.publish(finding, WORKLOAD)

    def drops(self, finding: Finding) -> bool:
        """Whether the pod's budget drops the Event of a finding."""
        before = self.recorder.stats.dropped["PodBudget"]
        self.publish(finding)
        return self.recorder.stats.dropped["PodBudget"] > before


def make_scene(*answers: tuple[int, bytes] | Exception, **bounds: float) -> Scene:
    api, time = FakeEvents(answers=list(answers)), FakeTime()
    writer = EventWriter(requester=api, instance="me", clock=time.clock, jitter=lambda: 1.0)
    recorder = Recorder(
        writer=writer,
        options=replace(RecorderOptions(workers=1), **bounds),  # type: ignore[arg-type]  # by name
        spec_of=lambda _uid: None,
        boundary=Boundary(clock=time.clock),
    )
    return Scene(api=api, time=time, recorder=recorder)


def restarts(number: int, *, pods: int = 1) -> list[Restart]:
    return [
        replace(RESTART, restart_count=n + 1, pod=replace(POD, uid=PodUid(f"u-{pod}")))
        for pod in range(pods)
        for n in range(number)
    ]


def elsewhere(number: int, namespace: str, *, first: int = 1) -> list[Restart]:
    """Restarts of pods in another namespace, each of a pod of its own."""
    return [
        replace(RESTART, pod=replace(POD, namespace=namespace, uid=PodUid(f"u-{namespace}-{n}")))
        for n in range(first, first + number)
    ]
