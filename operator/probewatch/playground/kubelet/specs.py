"""What the kubelet needs of a pod's spec, parsed from the API object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from probewatch.playground.kubelet.probes import (
    Action,
    ProbeSpec,
    ProbeType,
    parse_action,
    parse_probe,
)

PodObject = Mapping[str, Any]

PROBE_FIELDS = {
    ProbeType.LIVENESS: "livenessProbe",
    ProbeType.READINESS: "readinessProbe",
    ProbeType.STARTUP: "startupProbe",
}
MEMORY_UNITS = {
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9,
}  # fmt: skip


class Role(StrEnum):
    """The kind of a container within its pod."""

    REGULAR = "regular"
    INIT = "init"
    SIDECAR = "sidecar"
    """An init container with `restartPolicy: Always`: it keeps running beside the others."""


class RestartPolicy(StrEnum):
    """When a container that has ended is started again."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """One container of a pod."""

    name: str
    image: str
    role: Role = Role.REGULAR
    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    env_fields: tuple[tuple[str, str], ...] = ()
    """Variables whose value is a field of the pod, by its path."""
    working_dir: str = ""
    pull_always: bool = False
    memory_limit: int | None = None
    """Bytes; a container that uses more is OOM-killed."""
    resources: Mapping[str, Any] = field(default_factory=dict)
    """As in the manifest, only to be shown in the status."""
    mounts: tuple[Mapping[str, Any], ...] = ()
    """As in the manifest, only to be shown in the status: nothing is mounted."""
    probes: tuple[ProbeSpec, ...] = ()
    post_start: Action | None = None
    pre_stop: Action | None = None

    @property
    def field_path(self) -> str:
        """The `fieldPath` of the container in Events."""
        part = "containers" if self.role is Role.REGULAR else "initContainers"
        return f"spec.{part}{{{self.name}}}"

    def probe(self, type_: ProbeType) -> ProbeSpec | None:
        """Return the probe of that type, if the container has one."""
        return next((probe for probe in self.probes if probe.type is type_), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSpec:
    """A pod as its kubelet sees it."""

    uid: str
    namespace: str
    name: str
    resource_version: str = ""
    generation: int = 1
    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    grace: int = 30
    """Seconds between SIGTERM and SIGKILL."""
    host_network: bool = False
    containers: tuple[ContainerSpec, ...] = ()
    """In the order in which they start: init containers and sidecars, then the others."""
    gates: tuple[str, ...] = ()
    deletion_grace: int | None = None
    """The grace period in seconds, once the pod has been deleted."""

    @property
    def full_name(self) -> str:
        """How the kubelet names the pod in its messages."""
        return f"{self.name}_{self.namespace}({self.uid})"

    @property
    def is_deleted(self) -> bool:
        """Whether the pod has been deleted and is to be stopped."""
        return self.deletion_grace is not None


def parse_pod_spec(pod: PodObject) -> PodSpec:
    """Return what the kubelet needs of the object *pod*; absent fields get their defaults."""
    meta, spec = pod["metadata"], pod["spec"]
    policy = RestartPolicy(spec.get("restartPolicy") or "Always")
    grace = spec.get("terminationGracePeriodSeconds")
    grace = 30 if grace is None else grace
    inits = (_parse_container(raw, policy, init=True) for raw in spec.get("initContainers") or ())
    others = (_parse_container(raw, policy, init=False) for raw in spec.get("containers") or ())
    return PodSpec(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        resource_version=meta.get("resourceVersion") or "",
        generation=meta.get("generation") or 1,
        restart_policy=policy,
        grace=grace,
        host_network=bool(spec.get("hostNetwork")),
        containers=(*inits, *others),
        gates=tuple(gate["conditionType"] for gate in spec.get("readinessGates") or ()),
        deletion_grace=_deletion_grace(meta, grace),
    )


def _deletion_grace(meta: Mapping[str, Any], grace: int) -> int | None:
    if not meta.get("deletionTimestamp"):
        return None
    seconds = meta.get("deletionGracePeriodSeconds")
    return grace if seconds is None else int(seconds)


def _parse_container(raw: Mapping[str, Any], policy: RestartPolicy, *, init: bool) -> ContainerSpec:
    ports = {
        item["name"]: item["containerPort"] for item in raw.get("ports") or () if "name" in item
    }
    own = RestartPolicy(raw["restartPolicy"]) if raw.get("restartPolicy") else None
    role = Role.REGULAR
    if init:
        role = Role.SIDECAR if own is RestartPolicy.ALWAYS else Role.INIT
        # An init container that has succeeded is never started again.
        policy = policy if policy is RestartPolicy.NEVER else RestartPolicy.ON_FAILURE
    hooks = raw.get("lifecycle") or {}
    found = (parse_probe(type_, raw.get(key), ports) for type_, key in PROBE_FIELDS.items())
    return ContainerSpec(
        name=raw["name"],
        image=raw.get("image") or "",
        role=role,
        restart_policy=own or policy,
        command=tuple(raw.get("command") or ()),
        args=tuple(raw.get("args") or ()),
        env=tuple(_parse_env(raw)),
        env_fields=tuple(_parse_env_fields(raw)),
        working_dir=raw.get("workingDir") or "",
        pull_always=raw.get("imagePullPolicy") == "Always",
        memory_limit=parse_memory(((raw.get("resources") or {}).get("limits") or {}).get("memory")),
        resources=_parse_resources(raw.get("resources") or {}),
        mounts=tuple(raw.get("volumeMounts") or ()),
        probes=tuple(probe for probe in found if probe is not None),
        post_start=parse_action(hooks["postStart"], ports) if hooks.get("postStart") else None,
        pre_stop=parse_action(hooks["preStop"], ports) if hooks.get("preStop") else None,
    )


def _parse_resources(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return limits and requests; a request defaults to the limit."""
    limits, requests = raw.get("limits") or {}, raw.get("requests") or {}
    if not limits and not requests:
        return {}
    return ({"limits": limits} if limits else {}) | {"requests": {**limits, **requests}}


def _parse_env(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the variables with a literal value."""
    items = raw.get("env") or ()
    return [(item["name"], item.get("value") or "") for item in items if "valueFrom" not in item]


def _parse_env_fields(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the variables with a field of the pod; pods with other sources are rejected before."""
    items = ((item["name"], item.get("valueFrom") or {}) for item in raw.get("env") or ())
    return [
        (name, source["fieldRef"]["fieldPath"]) for name, source in items if "fieldRef" in source
    ]


def parse_memory(raw: str | int | None) -> int | None:
    """Return bytes for a quantity like `48Mi`; None without one."""
    if raw is None:
        return None
    text = str(raw)
    for unit, factor in MEMORY_UNITS.items():
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(float(text))
