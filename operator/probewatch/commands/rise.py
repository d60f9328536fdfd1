"""The rise of restart counts, worked out on its own.

The operator's ledger promises that restarts counted by cause add up to the rise
of the kubelet's `restartCount`. To check that, the rise is computed here from the
raw objects, with no code in common with the part that is checked.

Per pod uid and container: the first count seen is the base (0 for a container
that has no status yet), a higher count adds the difference, and a lower one (the
kubelet lost its records) is a new base. Only pods with probes are followed.
"""

import msgspec

IGNORE_ANNOTATION = "probewatch.dev/ignore"


class _Metadata(msgspec.Struct, rename="camel"):
    uid: str = ""
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class _Container(msgspec.Struct, rename="camel"):
    name: str = ""
    liveness_probe: msgspec.Raw = msgspec.Raw(b"null")
    readiness_probe: msgspec.Raw = msgspec.Raw(b"null")
    startup_probe: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def has_probe(self) -> bool:
        every = (self.liveness_probe, self.readiness_probe, self.startup_probe)
        return any(bytes(probe) != b"null" for probe in every)


class _Spec(msgspec.Struct, rename="camel"):
    containers: list[_Container] | None = None
    init_containers: list[_Container] | None = None


class _ContainerStatus(msgspec.Struct, rename="camel"):
    name: str = ""
    restart_count: int = 0


class _Status(msgspec.Struct, rename="camel"):
    container_statuses: list[_ContainerStatus] | None = None
    init_container_statuses: list[_ContainerStatus] | None = None


class _Pod(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)


class CountRise:
    """Adds up by how much the restart counts of probed pods rose."""

    def __init__(self) -> None:
        self.total = 0
        self._decoder = msgspec.json.Decoder(_Pod)
        self._counts: dict[str, dict[str, int]] = {}
        self._versions: dict[str, int] = {}

    def add(self, pod: bytes) -> None:
        """Take in one version of a pod, as JSON; a version older than one seen is passed over."""
        decoded = self._decoder.decode(pod)
        uid = decoded.metadata.uid
        if not self._is_news(uid, decoded.metadata.resource_version):
            return
        if not _is_followed(decoded):
            self._counts.pop(uid, None)
            return
        now = _restart_counts(decoded)
        base = self._counts.setdefault(uid, now)
        for name, count in now.items():
            self.total += max(0, count - base.get(name, 0))
        self._counts[uid] = base | now

    def _is_news(self, uid: str, resource_version: str) -> bool:
        version = int(resource_version) if resource_version.isdecimal() else 0
        seen = self._versions.get(uid, 0)
        self._versions[uid] = max(seen, version)
        return version == 0 or version >= seen


def _is_followed(pod: _Pod) -> bool:
    if (pod.metadata.annotations or {}).get(IGNORE_ANNOTATION) == "true":
        return False
    every = (pod.spec.containers or []) + (pod.spec.init_containers or [])
    return any(container.has_probe for container in every)


def _restart_counts(pod: _Pod) -> dict[str, int]:
    every = (pod.status.container_statuses or []) + (pod.status.init_container_statuses or [])
    return {status.name: status.restart_count for status in every}
