"""The fields of Pods that are decoded.

The decoder skips all other fields without building objects, which makes it fast. Everything is
optional, because the API leaves out empty fields, and may write null for others.
"""

from typing import Annotated

import msgspec


class Struct(msgspec.Struct, rename="camel", gc=False, omit_defaults=True):
    """Field names as in the API; instances have no cycles and are not tracked by Python's GC."""


Uid = Annotated[str, msgspec.Meta(min_length=1)]
"""A uid; the decoder rejects an object without one."""

Int = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""An int32 of the API; the decoder rejects larger numbers."""

ABSENT = msgspec.Raw(b"")

BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that do not have the expected form."""


class OwnerReference(Struct):
    """`metadata.ownerReferences[]`."""

    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class Metadata(Struct):
    """`metadata`."""

    name: str = ""
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None


class PodMetadata(Struct):
    """`metadata` of a pod; fields that pods of a workload have in common are not decoded yet."""

    uid: Uid
    name: str = ""
    namespace: str | None = None
    resource_version: str | None = None
    generation: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: msgspec.Raw = ABSENT
    annotations: msgspec.Raw = ABSENT
    owner_references: msgspec.Raw = ABSENT


class HttpGet(Struct):
    """`httpGet`."""

    path: str | None = None
    port: Int | str | None = None


class TcpSocket(Struct):
    """`tcpSocket`."""

    port: Int | str | None = None


class Grpc(Struct):
    """`grpc`."""

    port: Int | None = None
    service: str | None = None


class Exec(Struct):
    """`exec`."""

    command: list[str] | None = None


class Probe(Struct):
    """A probe."""

    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    grpc: Grpc | None = None
    exec: Exec | None = None
    initial_delay_seconds: float | None = None
    period_seconds: float | None = None
    timeout_seconds: float | None = None
    failure_threshold: Int | None = None
    termination_grace_period_seconds: float | None = None


class ExitCodes(Struct):
    """`restartPolicyRules[].exitCodes`."""

    operator: str | None = None
    values: list[Int] | None = None


class RestartRule(Struct):
    """`restartPolicyRules[]`."""

    action: str | None = None
    exit_codes: ExitCodes | None = None


class Lifecycle(Struct):
    """`lifecycle`."""

    post_start: dict[str, msgspec.Raw] | None = None
    pre_stop: dict[str, msgspec.Raw] | None = None
    stop_signal: str | None = None


class ResizePolicy(Struct):
    """`resizePolicy[]`."""

    resource_name: str | None = None
    restart_policy: str | None = None


class Container(Struct):
    """`spec.containers[]` and `spec.initContainers[]`."""

    name: str = ""
    image: str | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    restart_policy: str | None = None
    restart_policy_rules: list[RestartRule] | None = None
    lifecycle: Lifecycle | None = None
    resources: msgspec.Raw = ABSENT
    resize_policy: list[ResizePolicy] | None = None


class ReadinessGate(Struct):
    """`spec.readinessGates[]`."""

    condition_type: str = ""


class PodOs(Struct):
    """`spec.os`."""

    name: str | None = None


class NodeSelector(Struct):
    """`spec.nodeSelector`, reduced to the labels for the node's operating system."""

    os: str | None = msgspec.field(name="kubernetes.io/os", default=None)
    beta_os: str | None = msgspec.field(name="beta.kubernetes.io/os", default=None)


class PodSpec(Struct):
    """`spec`."""

    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    restart_policy: str | None = None
    termination_grace_period_seconds: float | None = None
    node_name: str | None = None
    host_network: bool | None = None
    readiness_gates: list[ReadinessGate] | None = None
    os: PodOs | None = None
    node_selector: NodeSelector | None = None


class Running(Struct):
    """`state.running`."""

    started_at: str | None = None


class Waiting(Struct):
    """`state.waiting`."""

    reason: str | None = None


class Terminated(Struct):
    """`state.terminated`."""

    exit_code: Int | None = None
    signal: Int | None = None
    reason: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    container_id: str | None = msgspec.field(name="containerID", default=None)


class State(Struct):
    """`state` or `lastState`."""

    running: Running | None = None
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct):
    """`status.containerStatuses[]`."""

    name: str = ""
    restart_count: Int | None = None
    ready: bool | None = None
    started: bool | None = None
    container_id: str | None = msgspec.field(name="containerID", default=None)
    state: State | None = None
    last_state: State | None = None


class Condition(Struct):
    """`status.conditions[]`."""

    type: str = ""
    status: str | None = None
    reason: str | None = None
    last_transition_time: str | None = None


class PodStatus(Struct):
    """`status`."""

    phase: str | None = None
    reason: str | None = None
    pod_ip: str | None = msgspec.field(name="podIP", default=None)
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class Pod(Struct):
    """A Pod."""

    metadata: PodMetadata
    spec: PodSpec | None = None
    status: PodStatus | None = None
