"""Parses the specs of pods, and shares equal ones. Pure; never raises.

A missing field gets the API's default, and an invalid value is treated as absent. Fifty thousand
pods of a hundred workloads have only a hundred different specs. So parsed specs are cached by a
digest of the fields that are read, and an equal one is neither parsed nor held in memory again.
The same holds for probes, of which a thousand workloads have a few dozen different ones.
"""

from collections.abc import Mapping
from sys import intern

import msgspec

from probewatch.core import spec as specs
from probewatch.core.signals import SIGNALS
from probewatch.kube import objects
from probewatch.kube.sharing import Shared, digest

SPECS_KEPT = 16_384
"""More than the largest cluster that Kubernetes supports has workloads; 1 KiB each."""

PROBES_KEPT = 4096

WINDOWS = "windows"
"""The value of `spec.os.name`, and of the label `kubernetes.io/os`, for Windows."""

_POLICIES: Mapping[str, specs.RestartPolicy] = {each.value: each for each in specs.RestartPolicy}

NO_SPEC = specs.PodSpec()
_NO_LIFECYCLE = objects.Lifecycle()
_NO_SELECTOR = objects.NodeSelector()

_encode = msgspec.msgpack.Encoder().encode
_shared: Shared[bytes, specs.PodSpec] = Shared(SPECS_KEPT)
_probes: Shared[tuple[specs.ProbeType, bytes], specs.Probe] = Shared(PROBES_KEPT)


Quantities = dict[str, str | int | float]


class _Resources(msgspec.Struct):
    """`resources` of a container, without the claims for devices, which cannot be resized."""

    requests: Quantities | None = None
    limits: Quantities | None = None


_decode_resources = msgspec.json.Decoder(_Resources).decode


class _Last(msgspec.Struct):
    """The spec parsed last; siblings share the decoded containers, which identify it."""

    containers: list[objects.Container] | None = None
    spec: specs.PodSpec = NO_SPEC


_last = _Last()


def parse_spec(raw: objects.PodSpec | None) -> specs.PodSpec:
    """Return the spec; pods with equal specs share one object."""
    if raw is None:
        return NO_SPEC
    if raw.containers is None or raw.containers is not _last.containers:
        _last.spec, _last.containers = _share(raw), raw.containers
    return _last.spec


def _share(raw: objects.PodSpec) -> specs.PodSpec:
    # All fields that are read, except the node, which differs between pods.
    key = _encode(
        (
            raw.containers,
            raw.init_containers,
            raw.restart_policy,
            raw.termination_grace_period_seconds,
            raw.host_network,
            raw.readiness_gates,
            _is_on_windows(raw),
        )
    )
    return _shared.get(digest(key), lambda: _spec(raw))


def _spec(raw: objects.PodSpec) -> specs.PodSpec:
    inits = [_container(each, init=True) for each in raw.init_containers or ()]
    regular = [_container(each, init=False) for each in raw.containers or ()]
    grace = raw.termination_grace_period_seconds
    return specs.PodSpec(
        containers=(*inits, *regular),
        restart_policy=_policy(raw.restart_policy) or specs.RestartPolicy.ALWAYS,
        grace=specs.DEFAULT_GRACE_SECONDS if grace is None else max(grace, 0.0),
        readiness_gates=tuple(gate.condition_type for gate in raw.readiness_gates or ()),
        host_network=bool(raw.host_network),
        windows=_is_on_windows(raw),
    )


def _is_on_windows(raw: objects.PodSpec) -> bool:
    """Whether the pod declares Windows: by its `os`, or by the node label that it selects."""
    asked = raw.node_selector or _NO_SELECTOR
    named = raw.os.name if raw.os is not None else None
    return (named or asked.os or asked.beta_os) == WINDOWS


def _policy(text: str | None) -> specs.RestartPolicy | None:
    return _POLICIES.get(text or "")


def _container(raw: objects.Container, *, init: bool) -> specs.Container:
    policy = _policy(raw.restart_policy)
    kind = specs.ContainerKind.REGULAR
    if init:
        sidecar = policy is specs.RestartPolicy.ALWAYS
        kind = specs.ContainerKind.SIDECAR if sidecar else specs.ContainerKind.INIT
    cycle = raw.lifecycle or _NO_LIFECYCLE
    return specs.Container(
        name=intern(raw.name),
        kind=kind,
        image=raw.image or "",
        liveness=_probe(specs.ProbeType.LIVENESS, raw.liveness_probe),
        readiness=_probe(specs.ProbeType.READINESS, raw.readiness_probe),
        startup=_probe(specs.ProbeType.STARTUP, raw.startup_probe),
        restart_policy=policy,
        restart_rules=_rules(raw.restart_policy_rules) if raw.restart_policy_rules else (),
        stop_signal=SIGNALS.get(cycle.stop_signal or "", 0),
        has_pre_stop=cycle.pre_stop is not None,
        has_post_start=cycle.post_start is not None,
        resources=_resources(raw) if raw.resize_policy else "",
    )


def _resources(raw: objects.Container) -> str:
    """Return the requests and limits whose change needs a restart, as one comparable text."""
    names = {
        each.resource_name
        for each in raw.resize_policy or ()
        if each.restart_policy == "RestartContainer"
    }
    if not names:
        return ""
    try:
        given = _decode_resources(raw.resources)
    except objects.BROKEN:
        return ""
    return " ".join(
        f"{side}.{name}={(quantities or {}).get(name, '')}"
        for side, quantities in (("requests", given.requests), ("limits", given.limits))
        for name in sorted(filter(None, names))
    )


def _rules(raw: list[objects.RestartRule]) -> tuple[specs.RestartRule, ...]:
    return tuple(
        specs.RestartRule(
            action=rule.action or "",
            operator=rule.exit_codes.operator or "",
            values=tuple(rule.exit_codes.values or ()),
        )
        for rule in raw
        if rule.exit_codes is not None
    )


def _probe(probe_type: specs.ProbeType, raw: objects.Probe | None) -> specs.Probe | None:
    """Return the probe; containers with equal probes share one object."""
    if raw is None:
        return None
    return _probes.get((probe_type, _encode(raw)), lambda: _read_probe(probe_type, raw))


def _read_probe(probe_type: specs.ProbeType, raw: objects.Probe) -> specs.Probe:
    handler, target = _handler(raw)
    return specs.Probe(
        probe_type=probe_type,
        handler=handler,
        target=target,
        initial_delay=max(raw.initial_delay_seconds or 0.0, 0.0),
        period=_positive(raw.period_seconds, 10.0),
        timeout=_positive(raw.timeout_seconds, 1.0),
        failure_threshold=int(_positive(raw.failure_threshold, 3)),
        grace=raw.termination_grace_period_seconds,
    )


def _positive(number: float | None, default: float) -> float:
    return number if number is not None and number > 0 else default


def _handler(raw: objects.Probe) -> tuple[specs.HandlerKind, str]:
    if raw.http_get is not None:
        return specs.HandlerKind.HTTP_GET, f":{raw.http_get.port}{raw.http_get.path or '/'}"
    if raw.tcp_socket is not None:
        return specs.HandlerKind.TCP_SOCKET, f":{raw.tcp_socket.port}"
    if raw.grpc is not None:
        return specs.HandlerKind.GRPC, f":{raw.grpc.port}/{raw.grpc.service or ''}"
    if raw.exec is not None:
        return specs.HandlerKind.EXEC, " ".join(raw.exec.command or ())[:256]
    return specs.HandlerKind.NONE, ""
