"""A short notation for the pods of test vectors: containers, probes, statuses, terminations."""

import re
from dataclasses import replace

from probewatch.core.model import ContainerStatus, Termination
from probewatch.core.spec import (
    Container,
    ContainerKind,
    HandlerKind,
    Probe,
    ProbeType,
    RestartPolicy,
    RestartRule,
)

PROBES = {"L": ProbeType.LIVENESS, "R": ProbeType.READINESS, "U": ProbeType.STARTUP}
PROBE = re.compile(r"^([LRU])(?:\((\d+),(\d+),(\d+),(\d+)\))?$")


def parse_container(name: str, text: str) -> Container:
    """Parses a container from words such as `sidecar L(5,3,0,1) U`."""
    container = Container(name=name)
    for word in text.split():
        if word in {"init", "sidecar"}:
            kind = ContainerKind.INIT if word == "init" else ContainerKind.SIDECAR
            container = replace(container, kind=kind)
            if kind is ContainerKind.SIDECAR:
                container = replace(container, restart_policy=RestartPolicy.ALWAYS)
        elif word == "hook":
            container = replace(container, has_post_start=True)
        elif word == "prestop":
            container = replace(container, has_pre_stop=True)
        elif word.startswith("policy="):
            policy = RestartPolicy(word.removeprefix("policy="))
            container = replace(container, restart_policy=policy)
        elif word.startswith("rule="):
            code, _, action = word.removeprefix("rule=").partition(":")
            rule = RestartRule(action=action or "Restart", operator="In", values=(int(code),))
            container = replace(container, restart_rules=(rule,))
        else:
            probe = parse_probe(word)
            container = replace(container, **{probe.probe_type.lower(): probe})  # type: ignore[arg-type]  # a field for each type
    return container


def parse_probe(word: str) -> Probe:
    """Parses a probe from `L(period, threshold, delay, timeout)`."""
    match = PROBE.match(word)
    assert match, word
    letter, period, threshold, delay, timeout = match.groups()
    return Probe(
        probe_type=PROBES[letter],
        handler=HandlerKind.HTTP_GET,
        period=float(period or 10),
        failure_threshold=int(threshold or 3),
        initial_delay=float(delay or 0),
        timeout=float(timeout or 1),
    )


AFTER_AN_END = frozenset({"CrashLoopBackOff", "RunContainerError", "PostStartHookError"})
"""With these waiting reasons `containerID` is that of the instance that ended (recorded: all)."""


def parse_status(name: str, text: str) -> ContainerStatus:
    """Parses a container status from words such as `rc=1 run=B@71 last=A/137/Error/0-70`."""
    status = ContainerStatus(name=name, ready="notready" not in text, started=True)
    for word in text.split():
        key, _, value = word.partition("=")
        if key == "rc":
            status = replace(status, restart_count=int(value))
        elif key == "run":
            instance, _, since = value.partition("@")
            status = replace(status, container_id=instance, running_since=float(since))
        elif key == "wait":
            status = replace(status, waiting_reason=value)
        elif key == "last":
            status = replace(status, last=parse_death(value))
        elif key == "term":
            death = parse_death(value)
            status = replace(status, terminated=death, container_id=death.container_id)
        elif key == "unstarted":
            status = replace(status, started=False)
    if status.waiting_reason in AFTER_AN_END and status.last is not None:
        status = replace(status, container_id=status.last.container_id)
    down = status.running_since is None
    return replace(status, ready=False, started=False) if down else status


def parse_death(text: str) -> Termination:
    """Parses a termination from `ID/EXIT/REASON/BEGIN-END`; an omitted time is unknown."""
    instance, code, reason, times = text.split("/")
    begin, _, end = times.partition("-")
    return Termination(
        container_id=instance,
        exit_code=int(code),
        reason=reason,
        started_at=float(begin) if begin else None,
        finished_at=float(end) if end else None,
    )
