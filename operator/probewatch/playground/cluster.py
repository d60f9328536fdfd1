"""A cluster in this process: API server, scheduler, controllers, and one node with its kubelet.

    async with Cluster() as cluster:
        subprocess.run(["kubectl", "--kubeconfig", cluster.kubeconfig, "get", "pods"])

No process that it starts outlives it, however it ends.
"""

import os
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from probewatch.clock import Clock
from probewatch.playground.api.server import ApiServer
from probewatch.playground.cluster_clock import ScaledTime
from probewatch.playground.cluster_node import NODE, NODE_IP, NodeFeed, Scheduler, make_node
from probewatch.playground.kubelet.bell import begin, cancel
from probewatch.playground.kubelet.event_filter import EventFilter, SpamKey
from probewatch.playground.kubelet.events import KubeletEvents
from probewatch.playground.kubelet.logs import KubeletLogs
from probewatch.playground.kubelet.node import Kubelet
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.kubelet.probes_run import NetworkProber
from probewatch.playground.kubelet.services import SHORTEST_GRACE_SECONDS, Services
from probewatch.playground.objects.kubelet import KubeletObjects
from probewatch.playground.objects.registry import Registry
from probewatch.playground.processes.runtime import LocalRuntime
from probewatch.playground.workloads.jobs import reconcile_job
from probewatch.playground.workloads.sets import reconcile_deployment, reconcile_replica_set
from probewatch.playground.workloads.workloads import Workloads

RECONCILERS = {
    ("deployments", "apps"): reconcile_deployment,
    ("replicasets", "apps"): reconcile_replica_set,
    ("jobs", "batch"): reconcile_job,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """The options of a playground."""

    speed: float = 1.0
    """Factor by which probes, grace periods and back-off run faster; apps see it as $SPEED."""
    port: int = 0
    """The port of the API server; 0 for any free one."""
    kubeconfig: Path | None = None
    """Where to write the kubeconfig; None for a folder that is removed with the cluster."""
    spam_key: SpamKey = SpamKey.OBJECT_AND_TYPE
    """Which Events of the kubelet share one rate limit."""


class Cluster:
    """The playground, running inside of the `async with`."""

    def __init__(self, options: ClusterOptions | None = None) -> None:
        self.options = options or ClusterOptions()
        self.registry = Registry(Clock())
        self.server = ApiServer(self.registry, port=self.options.port)
        self.runtime: LocalRuntime
        self.kubelet: Kubelet
        self._stack = AsyncExitStack()
        self._kubeconfig: Path | None = None

    @property
    def kubeconfig(self) -> str:
        """The path of the kubeconfig, whose user may do everything."""
        return str(self._kubeconfig)

    @property
    def url(self) -> str:
        """The URL of the API server, with TLS."""
        return self.server.secure_url

    async def __aenter__(self) -> Self:
        """Start everything, and return when the cluster can be used."""
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop everything, the processes of pods included."""
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        time = ScaledTime.from_now(self.options.speed)
        self.runtime = await stack.enter_async_context(LocalRuntime(time.clock()))
        self.kubelet = self._make_kubelet(time)
        stack.push_async_callback(self.kubelet.close)
        make_node(self.registry)
        self.server.pods.read_log = KubeletLogs(self.kubelet).read
        Scheduler(self.registry)
        NodeFeed(self.registry, self.kubelet)
        workloads = Workloads(self.registry, RECONCILERS, Clock())
        working = begin(workloads.run(), "controllers")
        stack.push_async_callback(cancel, working)
        await self.server.start()
        stack.push_async_callback(self.server.stop)
        self._kubeconfig = self.options.kubeconfig or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="probewatch-")), "kubeconfig"
        )
        self.server.write_kubeconfig(self._kubeconfig)

    def _make_kubelet(self, time: ScaledTime) -> Kubelet:
        clock, keeper = time.clock(), KubeletObjects(self.registry)

        def stamp(at: float) -> str:
            return render_time(time.to_real(at))

        def make_events() -> KubeletEvents:
            sieve = EventFilter(spam_key=self.options.spam_key)
            return KubeletEvents(keeper, clock, node=NODE, sieve=sieve, stamp=stamp)

        services = Services(
            clock=clock,
            runtime=self.runtime,
            prober=NetworkProber(clock, speed=self.options.speed),
            events=make_events(),
            pods=keeper,
            stamp=stamp,
            # Timestamps are real: none may show a SIGKILL earlier than a kubelet can send one.
            shortest_grace=SHORTEST_GRACE_SECONDS * self.options.speed,
            node=NODE,
            node_ip=NODE_IP,
            env={"PATH": _search_path(), "SPEED": f"{self.options.speed:g}"},
        )
        return Kubelet(services, make_events=make_events)


def _search_path() -> str:
    """Return the PATH of containers: the folder of this Python first, then this process's PATH."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
