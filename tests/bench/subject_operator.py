"""(b): the operator itself, with every part it has in a cluster."""

import asyncio
import random
import time

from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.controller import Controller
from probewatch.core.findings import Finding
from probewatch.core.model import PodRef, Workload
from probewatch.feeds import EvidenceFeed, PodFeed
from probewatch.kube import client, credentials, login, objects
from probewatch.kube.workloads import nearest_workload
from probewatch.store import Store
from probewatch.watch.decoding import Decoder
from probewatch.watch.loop import WatchLoop
from probewatch.watch.transport import Surroundings, WatchTarget
from tests.bench.gate import run, wait_for_start


class Sink:
    def publish(self, finding: Finding, workload: Workload) -> None:
        pass


class Resolver:
    def find(self, pod: PodRef) -> Workload:
        return nearest_workload(pod)

    async def resolve(self, pod: PodRef) -> Workload:
        return nearest_workload(pod)


class Given:
    def __init__(self, server: str) -> None:
        self._server = server

    async def read(self, *, refused: bool) -> credentials.Access:  # noqa: ARG002
        return credentials.Access(server=self._server, where="bench")


async def main(server: str) -> None:
    """Run until killed."""
    clock = Clock()
    access = login.Login(Given(server), clock=clock)
    await access.read()
    boundary = Boundary(clock=clock)
    controller = Controller(
        store=Store(), sinks=(Sink(),), resolver=Resolver(), boundary=boundary, clock=clock
    )
    around = Surroundings(
        monotonic=time.monotonic, now=time.time, sleep=asyncio.sleep, chance=random.random
    )
    async with client.ApiClient(access, timeout_seconds=30, clock=clock) as api:
        pods = WatchLoop(
            transport=api,
            target=WatchTarget(path="/api/v1/pods", name="pods"),
            decoder=Decoder(objects.Pod),
            handler=PodFeed(controller, boundary),
            around=around,
        )
        events = WatchLoop(
            transport=api,
            target=WatchTarget(
                path="/api/v1/events",
                name="events",
                params={"fieldSelector": "involvedObject.kind=Pod,source=kubelet"},
            ),
            decoder=Decoder(objects.Event),
            handler=EvidenceFeed(controller, boundary),
            around=around,
        )
        await asyncio.gather(pods.run(), events.run(), controller.publish(), controller.beat())


if __name__ == "__main__":
    run(main(wait_for_start()))
