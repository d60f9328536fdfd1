"""Parsing: decoded objects into the core's values. Pure and total: never raises.

What is missing becomes the API's default, what cannot be a value becomes absent.
Specs, labels and strings that many pods share are interned, so that fifty
thousand pods of a hundred workloads hold a hundred specs.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from sys import intern
from typing import TypeVar

from probewatch.core import model
from probewatch.kube import objects
from probewatch.kube.times import parse_time

IGNORE = "probewatch.dev/ignore"
MIRROR = "kubernetes.io/config.mirror"
SPECS_KEPT = 4096

E = TypeVar("E", bound=StrEnum)


def parse_pod(raw: objects.Pod) -> model.Pod:
    """One version of a pod."""
    meta, status = raw.metadata, raw.status or objects.PodStatus()
    notes = meta.annotations or {}
    uid = meta.uid or ""
    return model.Pod(
        uid=model.PodUid(uid),
        evidence_uid=notes.get(MIRROR, uid),
        namespace=intern(meta.namespace or ""),
        name=meta.name,
        resource_version=_version(meta.resource_version),
        generation=meta.generation or 0,
        created_at=parse_time(meta.creation_timestamp),
        deletion_at=parse_time(meta.deletion_timestamp),
        node=intern(raw.spec.node_name or "") if raw.spec else "",
        pod_ip=status.pod_ip or "",
        phase=intern(status.phase or ""),
        reason=intern(status.reason or ""),
        owner=_owner(meta.owner_references),
        spec=_SPECS(_spec(raw.spec)) if raw.spec else model.PodSpec(),
        statuses=_statuses(status),
        conditions=_conditions(status.conditions),
        labels=meta.labels or {},
        ignored=notes.get(IGNORE, "").lower() == "true",
    )


def _version(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0  # noqa: PLR2004  # digits of a 64-bit number


def _owner(references: list[objects.OwnerReference] | None) -> model.OwnerRef | None:
    for ref in references or ():
        if ref.controller and ref.kind and ref.name:
            return model.OwnerRef(
                api_version=intern(ref.api_version or ""),
                kind=intern(ref.kind),
                name=intern(ref.name),
                uid=ref.uid or "",
            )
    return None


def _interner() -> Callable[[model.PodSpec], model.PodSpec]:
    known: dict[model.PodSpec, model.PodSpec] = {}

    def share(spec: model.PodSpec) -> model.PodSpec:
        if len(known) > SPECS_KEPT:
            known.clear()
        return known.setdefault(spec, spec)

    return share


_SPECS = _interner()


def _spec(raw: objects.PodSpec) -> model.PodSpec:
    inits = tuple(_container(each, init=True) for each in raw.init_containers or ())
    regular = tuple(_container(each, init=False) for each in raw.containers or ())
    grace = raw.termination_grace_period_seconds
    return model.PodSpec(
        containers=inits + regular,
        restart_policy=_enum(model.RestartPolicy, raw.restart_policy) or model.RestartPolicy.ALWAYS,
        grace=model.DEFAULT_GRACE_SECONDS if grace is None else max(grace, 0.0),
        readiness_gates=tuple(gate.condition_type for gate in raw.readiness_gates or ()),
        host_network=bool(raw.host_network),
    )


def _enum(kind: type[E], text: str | None) -> E | None:
    return kind(text) if text in set(kind) else None


def _container(raw: objects.Container, *, init: bool) -> model.Container:
    policy = _enum(model.RestartPolicy, raw.restart_policy)
    kind = model.ContainerKind.REGULAR
    if init:
        sidecar = policy is model.RestartPolicy.ALWAYS
        kind = model.ContainerKind.SIDECAR if sidecar else model.ContainerKind.INIT
    cycle = raw.lifecycle or objects.Lifecycle()
    return model.Container(
        name=intern(raw.name),
        kind=kind,
        image=intern(raw.image or ""),
        liveness=_probe(model.ProbeType.LIVENESS, raw.liveness_probe),
        readiness=_probe(model.ProbeType.READINESS, raw.readiness_probe),
        startup=_probe(model.ProbeType.STARTUP, raw.startup_probe),
        restart_policy=policy,
        restart_rules=_rules(raw.restart_policy_rules),
        stop_signal=cycle.stop_signal,
        has_pre_stop=cycle.pre_stop is not None,
        has_post_start=cycle.post_start is not None,
        resources=bytes(raw.resources).decode(errors="replace"),
    )


def _rules(raw: list[objects.RestartRule] | None) -> tuple[model.RestartRule, ...]:
    return tuple(
        model.RestartRule(
            action=rule.action or "",
            operator=rule.exit_codes.operator or "",
            values=tuple(rule.exit_codes.values or ()),
        )
        for rule in raw or ()
        if rule.exit_codes is not None
    )


def _probe(probe_type: model.ProbeType, raw: objects.Probe | None) -> model.Probe | None:
    if raw is None:
        return None
    handler, target = _handler(raw)
    return model.Probe(
        probe_type=probe_type,
        handler=handler,
        target=target,
        initial_delay=max(raw.initial_delay_seconds or 0.0, 0.0),
        period=_positive(raw.period_seconds, 10.0),
        timeout=_positive(raw.timeout_seconds, 1.0),
        failure_threshold=int(_positive(raw.failure_threshold, 3)),
        success_threshold=int(_positive(raw.success_threshold, 1)),
        grace=raw.termination_grace_period_seconds,
    )


def _positive(number: float | None, default: float) -> float:
    return number if number is not None and number > 0 else default


def _handler(raw: objects.Probe) -> tuple[model.HandlerKind, str]:
    if raw.http_get is not None:
        return model.HandlerKind.HTTP_GET, f":{raw.http_get.port}{raw.http_get.path or '/'}"
    if raw.tcp_socket is not None:
        return model.HandlerKind.TCP_SOCKET, f":{raw.tcp_socket.port}"
    if raw.grpc is not None:
        return model.HandlerKind.GRPC, f":{raw.grpc.port}/{raw.grpc.service or ''}"
    if raw.exec is not None:
        return model.HandlerKind.EXEC, " ".join(raw.exec.command or ())[:256]
    return model.HandlerKind.NONE, ""


def _statuses(raw: objects.PodStatus) -> tuple[model.ContainerStatus, ...]:
    both = (*(raw.init_container_statuses or ()), *(raw.container_statuses or ()))
    return tuple(_status(each) for each in both)


def _status(raw: objects.ContainerStatus) -> model.ContainerStatus:
    state, last = raw.state or objects.State(), raw.last_state or objects.State()
    return model.ContainerStatus(
        name=intern(raw.name),
        restart_count=max(raw.restart_count or 0, 0),
        ready=bool(raw.ready),
        started=raw.started,
        container_id=raw.container_id or "",
        running_since=parse_time(state.running.started_at) if state.running else None,
        waiting_reason=intern((state.waiting.reason or "")[:64]) if state.waiting else "",
        terminated=_termination(state.terminated),
        last=_termination(last.terminated),
    )


def _termination(raw: objects.Terminated | None) -> model.Termination | None:
    if raw is None:
        return None
    return model.Termination(
        exit_code=raw.exit_code or 0,
        reason=intern((raw.reason or "")[:64]),
        signal=raw.signal or 0,
        started_at=parse_time(raw.started_at),
        finished_at=parse_time(raw.finished_at),
        container_id=raw.container_id or "",
    )


_STATUS = {"True": True, "False": False}


def _conditions(raw: list[objects.Condition] | None) -> Mapping[str, model.Condition]:
    return {
        intern(each.type): model.Condition(
            status=_STATUS.get(each.status or ""),
            reason=intern((each.reason or "")[:64]),
            last_transition=parse_time(each.last_transition_time),
        )
        for each in raw or ()
    }
