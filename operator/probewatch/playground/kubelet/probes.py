"""Probes as a pod declares them: action, period and thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ProbeType(StrEnum):
    """The type of a probe, spelled as in the kubelet's Events and metrics."""

    LIVENESS = "Liveness"
    READINESS = "Readiness"
    STARTUP = "Startup"


class Result(StrEnum):
    """How one run of a probe ended."""

    SUCCESS = "success"
    WARNING = "warning"
    """Counts as success, with a `ProbeWarning` Event."""
    FAILURE = "failure"
    ERROR = "unknown"
    """The probe could not be run: reported, but not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one run, and the output of the probe."""

    result: Result
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpGet:
    """Send a GET request: a status from 200 to 399 is success."""

    port: int
    path: str = "/"
    host: str = ""
    scheme: str = "http"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpSocket:
    """Open a connection and close it."""

    port: int
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exec:
    """Run a command in the container: exit code 0 is success."""

    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """Wait: an action of lifecycle hooks only."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """An action that the playground does not support, by its name in the manifest."""

    name: str


Action = HttpGet | TcpSocket | Exec | Sleep | Unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSpec:
    """One probe; the defaults are the API server's."""

    type: ProbeType
    action: Action
    initial_delay: int = 0
    period: int = 10
    timeout: int = 1
    success_threshold: int = 1
    failure_threshold: int = 3
    grace: int | None = None
    """Seconds; overrides the pod's grace period if the container is killed for this probe."""


def parse_probe(
    type_: ProbeType, raw: Mapping[str, Any] | None, ports: Mapping[str, int]
) -> ProbeSpec | None:
    """Return the probe that *raw* declares, None without one; *ports* are the named ones."""
    if not raw:
        return None
    return ProbeSpec(
        type=type_,
        action=parse_action(raw, ports),
        initial_delay=raw.get("initialDelaySeconds") or 0,
        period=raw.get("periodSeconds") or 10,
        timeout=raw.get("timeoutSeconds") or 1,
        success_threshold=raw.get("successThreshold") or 1,
        failure_threshold=raw.get("failureThreshold") or 3,
        grace=raw.get("terminationGracePeriodSeconds"),
    )


def parse_action(raw: Mapping[str, Any], ports: Mapping[str, int]) -> Action:
    """Return the action of a probe or of a lifecycle hook."""
    if "httpGet" in raw:
        return _parse_http(raw["httpGet"], ports)
    if "tcpSocket" in raw:
        tcp = raw["tcpSocket"]
        return TcpSocket(port=_parse_port(tcp.get("port"), ports), host=tcp.get("host") or "")
    if "exec" in raw:
        return Exec(command=tuple(raw["exec"].get("command") or ()))
    if "sleep" in raw:
        return Sleep(seconds=raw["sleep"].get("seconds") or 0)
    return Unsupported(name=next((key for key in raw if isinstance(raw[key], dict)), "nothing"))


def _parse_http(raw: Mapping[str, Any], ports: Mapping[str, int]) -> HttpGet:
    headers = ((item["name"], item.get("value") or "") for item in raw.get("httpHeaders") or ())
    path = raw.get("path") or "/"
    return HttpGet(
        port=_parse_port(raw.get("port"), ports),
        path=path if path.startswith("/") else f"/{path}",
        host=raw.get("host") or "",
        scheme=(raw.get("scheme") or "HTTP").lower(),
        headers=tuple(headers),
    )


def _parse_port(raw: int | str | None, ports: Mapping[str, int]) -> int:
    """Return the port given by number or name; 0, where nothing listens, if there is none."""
    if isinstance(raw, int):
        return raw
    if raw is None:
        return 0
    return int(raw) if raw.isdigit() else ports.get(raw, 0)
