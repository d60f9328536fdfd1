"""A snapshot of a pod: all that its status is rendered from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from probewatch.playground.kubelet.containers import Health, Seen
from probewatch.playground.kubelet.specs import PodSpec


def render_time(at: float) -> str:
    """Return a time as the API server writes it, truncated to whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class PodView:
    """All that a status is rendered from."""

    pod: PodSpec
    seen: tuple[Seen, ...]
    health: Mapping[str, Health]
    """By container name; a container that is absent is neither started nor ready."""
    node_ip: str
    pod_ip: str = ""
    has_sandbox: bool = False
    is_over: bool = False
    """Nothing will be started any more."""
    is_down: bool = False
    """Its containers and its sandbox are gone: only then its phase is `Succeeded` or `Failed`."""
    start_time: str = ""
    qos_class: str = "BestEffort"
    stamp: Callable[[float], str] = render_time
    """Renders a time of the kubelet's clock."""
