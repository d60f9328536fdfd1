"""What the kubelet's parts share: clock, runtime, prober, Events, back-off, and the node."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from probewatch.clock import Clock
from probewatch.playground.images import IMAGES, Image
from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.backoff import Backoff
from probewatch.playground.kubelet.containers import Process
from probewatch.playground.kubelet.events import KubeletEvents
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.kubelet.probing import Prober
from probewatch.playground.kubelet.specs import PodSpec
from probewatch.playground.processes.runtime import Launch

MakeStatus = Callable[[JsonObject], JsonObject]
"""Old status in, new status out."""


class Runtime(Protocol):
    """Starts containers."""

    async def start(self, launch: Launch) -> Process:
        """Start a container; raises `StartError` if it cannot be started."""
        ...


class PodKeeper(Protocol):
    """Stores pods."""

    def write_status(self, pod: PodSpec, make: MakeStatus) -> None:
        """Replace the status of a pod; does nothing if the pod is gone."""
        ...

    def remove(self, pod: PodSpec) -> None:
        """Remove a deleted pod that has stopped."""
        ...


SHORTEST_GRACE_SECONDS = 2.0
"""The time that a kubelet leaves from SIGTERM to SIGKILL, however short the grace period is.

Source: kubelet/kuberuntime/kuberuntime_container.go (minimumGracePeriodInSeconds).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What every part of one kubelet is given."""

    clock: Clock
    runtime: Runtime
    prober: Prober
    events: KubeletEvents
    pods: PodKeeper
    stamp: Callable[[float], str] = render_time
    """Renders a time of the clock."""
    node: str = "playground"
    node_ip: str = "127.0.0.1"
    shortest_grace: float = SHORTEST_GRACE_SECONDS
    """Seconds of the clock from SIGTERM to SIGKILL, even if the preStop hook used up the grace."""
    crash_backoff: Backoff = field(default_factory=Backoff)
    pull_backoff: Backoff = field(default_factory=Backoff)
    images: Mapping[str, Image] = field(default_factory=lambda: IMAGES)
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables for every container, besides those of its pod."""
