"""Computes the rise of restart counts independently of the operator's code.

The operator's ledger promises that restarts counted by cause add up to the rise
of the kubelet's `restartCount`. To check that, the rise is computed here from the
raw objects, with no code in common with the part that is checked.

Per pod uid and container: the first count seen is the base (0 for a container
that has no status yet), a higher count adds the difference, and a lower one (the
kubelet lost its records) is a new base. Only pods with probes are followed.

One kind of fall is ignored: kubelets up to 1.35 raise the count of a container that the
runtime no longer has, and show the runtime's count again until the next instance runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

IGNORE_ANNOTATION = "probewatch.dev/ignore"

NULL = msgspec.Raw(b"null")


class _Metadata(msgspec.Struct, rename="camel"):
    uid: str = ""
    resource_version: str | None = None
    annotations: dict[str, object] | None = None


class _Container(msgspec.Struct, rename="camel"):
    name: str = ""
    liveness_probe: msgspec.Raw = NULL
    readiness_probe: msgspec.Raw = NULL
    startup_probe: msgspec.Raw = NULL

    @property
    def has_probe(self) -> bool:
        every = (self.liveness_probe, self.readiness_probe, self.startup_probe)
        return any(bytes(probe) != b"null" for probe in every)


class _Spec(msgspec.Struct, rename="camel"):
    containers: list[_Container] | None = None
    init_containers: list[_Container] | None = None


class _Ended(msgspec.Struct):
    container_id: str | None = msgspec.field(name="containerID", default=None)


class _State(msgspec.Struct):
    running: msgspec.Raw = NULL
    terminated: _Ended | None = None


class _ContainerStatus(msgspec.Struct, rename="camel"):
    name: str = ""
    restart_count: int | None = None
    container_id: str | None = msgspec.field(name="containerID", default=None)
    state: _State | None = None

    @property
    def waits(self) -> bool:
        """Whether the container neither runs nor has terminated."""
        state = self.state or _State()
        return state.terminated is None and bytes(state.running) == b"null"

    @property
    def has_lived(self) -> bool:
        """Whether the runtime has an instance with this count."""
        ended = self.state.terminated if self.state is not None else None
        known = self.container_id if ended is None else ended.container_id
        return bool(known) or (ended is None and not self.waits)


class _Status(msgspec.Struct, rename="camel"):
    container_statuses: list[_ContainerStatus] | None = None
    init_container_statuses: list[_ContainerStatus] | None = None


class _Pod(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    spec: _Spec | None = None
    status: _Status | None = None


@dataclass(slots=True)
class _Count:
    """The latest restart count of a container."""

    number: int
    lived: bool = True
    """Whether an instance with this count was seen; also true of the first count."""


class CountRise:
    """Adds up by how much the restart counts of probed pods rose."""

    def __init__(self) -> None:
        self.total = 0
        self._decoder = msgspec.json.Decoder(_Pod)
        self._counts: dict[str, dict[str, _Count]] = {}
        self._versions: dict[str, int] = {}

    def add(self, pod: bytes) -> None:
        """Take in one version of a pod, as JSON; one older than the latest is ignored."""
        decoded = self._decoder.decode(pod)
        uid = decoded.metadata.uid
        if not self._is_news(uid, decoded.metadata.resource_version or ""):
            return
        if not _is_followed(decoded):
            self._counts.pop(uid, None)
            return
        known = self._counts.get(uid)
        if known is None:
            self._counts[uid] = {each.name: _Count(n) for each, n in _counted(decoded)}
            return
        for status, number in _counted(decoded):
            self._follow(known.setdefault(status.name, _Count(0)), status, number)

    def _follow(self, count: _Count, status: _ContainerStatus, number: int) -> None:
        if number == count.number - 1 and not count.lived and status.waits:
            return  # the raised count is taken back until the next instance runs
        self.total += max(0, number - count.number)
        before = count.lived if number == count.number else number < count.number
        count.number, count.lived = number, before or status.has_lived

    def _is_news(self, uid: str, resource_version: str) -> bool:
        version = int(resource_version) if resource_version.isdecimal() else 0
        seen = self._versions.get(uid, 0)
        self._versions[uid] = max(seen, version)
        return version == 0 or version >= seen


def _is_followed(pod: _Pod) -> bool:
    ignored = (pod.metadata.annotations or {}).get(IGNORE_ANNOTATION)
    if isinstance(ignored, str) and ignored.lower() == "true":
        return False
    spec = pod.spec or _Spec()
    every = (spec.containers or []) + (spec.init_containers or [])
    return any(container.has_probe for container in every)


def _counted(pod: _Pod) -> Iterator[tuple[_ContainerStatus, int]]:
    """Yield the container statuses that have a restart count, with the count."""
    status = pod.status or _Status()
    for each in (status.container_statuses or []) + (status.init_container_statuses or []):
        if each.restart_count is not None:
            yield each, each.restart_count
