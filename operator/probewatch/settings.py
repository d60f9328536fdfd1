"""All settings of the operator, as one frozen dataclass with a default for each field.

They are read once, from environment variables `PROBEWATCH_<FIELD>`; flags of the
command line take precedence. Units are part of the names. The docstring below each
field gives the reason for its default, and docs/configuration.md is generated from it.

Names that a Service called `probewatch` would put into the environment of
every pod of its namespace (`PROBEWATCH_PORT`, `PROBEWATCH_SERVICE_HOST`, …) are
not used.
"""

import dataclasses
import os
import socket
import typing
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from probewatch import crash_points, setting_bounds, setting_text
from probewatch.core.policy import Policy

PREFIX = "PROBEWATCH_"

_POLICY = Policy()

SERVICE_LINKS = ("_PORT", "_SERVICE_HOST", "_SERVICE_PORT")
"""Suffixes of the kubelet's variables for Services, also inside names: `_PORT_8080_TCP_ADDR`."""


IN_A_POD = "KUBERNETES_SERVICE_HOST"
"""A variable that the kubelet sets in every container."""


def name_process(environ: Mapping[str, str] = os.environ) -> str:
    """Return the host name, outside a pod with a random suffix, as several processes may run."""
    host = socket.gethostname()
    return host if environ.get(IN_A_POD) else f"{host}-{uuid.uuid4().hex[:8]}"


class LogFormat(StrEnum):
    """How log records are written."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The lowest level of log records that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator runs by; fields ending in `_seconds` are durations."""

    # --- the cluster

    kubeconfig: str = ""
    """Path of a kubeconfig; if empty: `$KUBECONFIG`, `~/.kube/config`, in-cluster credentials."""
    context: str = ""
    """Context of the kubeconfig; if empty, its current context."""
    namespaces: tuple[str, ...] = ()
    """Namespaces to watch, separated by commas; if empty, all. Named ones need only a Role each."""
    pod_selector: str = ""
    """Label selector, applied by the API server: pods that do not match cost nothing. ProbePolicies
    still apply, but their status is not written."""
    dry_run: bool = False
    """Write nothing to the cluster: no Events, no records. Metrics and logs stay."""
    instance: str = field(default_factory=name_process)
    """Identity of this process in what it writes. It must be unique: a process that finds it on the
    Lease continues at once. By default the pod's name in a pod, and a unique name elsewhere."""

    # --- serving and logging

    metrics_address: str = ":8080"
    """`host:port` of /metrics, /healthz and /readyz; an empty host means all addresses."""
    metrics_cert_file: str = ""
    """PEM certificate chain for HTTPS, with `metrics_key_file`; reloaded when it changes."""
    metrics_key_file: str = ""
    """PEM key of that certificate."""
    metrics_authorization: bool = False
    """Answers /metrics only to bearer tokens whose user may `get` the non-resource URL /metrics."""
    metrics_series_limit: int = 100_000
    """Series of one family; the rest is summed up as the workload `_overflow` and counted."""
    liveness_address: str = ""
    """`host:port` of kopf's own health endpoint; if empty, none, since /healthz covers more."""
    log_format: LogFormat = LogFormat.AUTO
    """`json` (one object per line), `text`, or `auto`: text on a terminal, else JSON."""
    log_level: LogLevel = LogLevel.INFO
    """`info` logs one line for each finding; `debug` adds the logs of the libraries."""

    # --- the watch

    page_limit: int = 500
    """Objects per page of a list; client-go's number. Smaller pages lower the memory peak."""
    inactivity_seconds: float = 75.0
    """A watch silent for this long counts as dead; bookmarks come about every 60 s."""
    unhealthy_after_seconds: float = 180.0
    """/healthz fails after this long without a sign of the API server: time for two reconnects."""
    request_timeout_seconds: float = 30.0
    """Timeout of one request that is not a watch."""

    # --- Kubernetes Events

    event_queue_length: int = 1000
    """Events that can wait to be written; more are dropped and counted. client-go's number."""
    event_workers: int = 2
    """Parallel writers: one slow response does not block the rest."""
    events_per_second: float = 5.0
    """Sustained rate over all pods: half of what client-go allows a client."""
    events_burst: int = 50
    """Events written at once after a quiet time: enough to report a failing rollout in full."""
    pod_events_burst: int = 25
    """Events for one pod at once after a quiet time, as in client-go's spam filter."""
    pod_event_refill_seconds: float = 300.0
    """Time until a pod may get one more Event, as in client-go's spam filter."""

    # --- records

    records: bool = True
    """Whether to keep ProbeReports and continue counters from them; needs the CRDs."""
    report_interval_seconds: float = 5.0
    """Shortest time between two writes of one report: a loop is worth one write, not ten."""
    report_workers: int = 4
    """Reports written in parallel."""
    lease_name: str = "probewatch"
    """Name of the Lease by which replicas elect the one that writes."""
    lease_namespace: str = ""
    """Namespace of the Lease; if empty, the operator's own, or that of the kubeconfig's context."""

    # --- asking kubelets

    corroborate: bool = False
    """Ask the kubelet for its own counters after an uncertain verdict; needs `nodes/metrics`."""
    corroborate_per_minute: float = 6.0
    """Sustained rate of kubelets asked, over all nodes: one every ten seconds."""
    kubelet_ca_file: str = ""
    """PEM of the CA of the kubelets' serving certificates; if empty, the system's CAs."""

    # --- judging, where no ProbePolicy says otherwise

    loop_restarts: int = _POLICY.loop_restarts
    """Restarts of one container within `loop_window_seconds` that make a loop."""
    loop_window_seconds: float = _POLICY.loop_window
    """Long enough for three restarts by a liveness probe with default settings and grace period."""
    loop_quiet_seconds: float = _POLICY.loop_quiet
    """A loop ends after this long without a restart: several times the longest back-off (300 s)."""
    slow_loop_restarts: int = _POLICY.slow_loop_restarts
    """Restarts within `slow_loop_window_seconds` that make a slow loop."""
    slow_loop_window_seconds: float = _POLICY.slow_loop_window
    """Six hours: a kill every hour is a loop too. Must exceed `loop_window_seconds`."""
    flap_transitions: int = _POLICY.flap_transitions
    """Losses of readiness within `flap_window_seconds`, without a restart, that make flapping."""
    flap_window_seconds: float = _POLICY.flap_window
    """See `flap_transitions`."""
    flap_quiet_seconds: float = _POLICY.flap_quiet
    """Flapping ends after this long without a loss of readiness."""
    settle_seconds: float = _POLICY.settle
    """How long an unclear restart waits for late evidence before its verdict is published."""
    repair_seconds: float = _POLICY.repair
    """How long later evidence can still improve an uncertain verdict."""
    events: bool = _POLICY.events
    """Whether Kubernetes Events are written."""
    history_limit: int = _POLICY.history_limit
    """Incidents kept in one ProbeReport."""

    # --- the end

    shutdown_seconds: float = 10.0
    """Time for the queues to drain after SIGTERM; well below the usual grace period of 30 s."""

    def __post_init__(self) -> None:
        """Validate numbers and names, however the settings were created."""
        for name in (*self.namespaces, *filter(None, (self.lease_namespace,))):
            setting_bounds.check_namespace(name)
        setting_bounds.check_object_name(self.lease_name, source=variable_name("lease_name"))
        setting_bounds.check_selector(self.pod_selector)
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                setting_bounds.check_number(each.name, value, source=variable_name(each.name))
        windows = ("loop_window_seconds", "slow_loop_window_seconds")
        setting_bounds.check_windows(
            *((variable_name(name), getattr(self, name)) for name in windows)
        )

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str], overrides: Mapping[str, str | None] | None = None
    ) -> Self:
        """Return the settings of an environment; *overrides*, by field name, take precedence.

        `None` in *overrides* means "not given". An empty variable counts as unset, because charts
        render it so. Raises SettingsError, which names the variable or flag and the value.
        """
        flags = overrides or {}
        values: dict[str, object] = {}
        for name, hint in typing.get_type_hints(cls).items():
            flag, variable = flags.get(name), variable_name(name)
            if flag is not None:
                values[name] = setting_text.parse(flag, hint, source=flag_name(name))
            elif text := environ.get(variable):
                values[name] = setting_text.parse(text, hint, source=variable)
        return cls(**values)  # type: ignore[arg-type]  # each was parsed by the type of its field

    def policy(self) -> Policy:
        """Return the default policy, for pods that no ProbePolicy selects."""
        return Policy(
            loop_restarts=self.loop_restarts,
            loop_window=self.loop_window_seconds,
            loop_quiet=self.loop_quiet_seconds,
            slow_loop_restarts=self.slow_loop_restarts,
            slow_loop_window=self.slow_loop_window_seconds,
            flap_transitions=self.flap_transitions,
            flap_window=self.flap_window_seconds,
            flap_quiet=self.flap_quiet_seconds,
            settle=self.settle_seconds,
            repair=self.repair_seconds,
            events=self.events,
            history_limit=self.history_limit,
        )


def variable_name(field_name: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + field_name.upper()


def flag_name(field_name: str) -> str:
    """Return the command-line flag of a field; one for a list is singular, as it is repeated."""
    return "--" + _SINGULAR.get(field_name, field_name).replace("_", "-")


def find_unknown(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return variables that look like settings but are none: misspelled, or of another version.

    The variables that the kubelet sets for a Service called `probewatch` are left out.
    """
    known = {variable_name(each.name) for each in dataclasses.fields(Settings)}
    known |= {crash_points.AT, crash_points.LOG}
    return tuple(
        name
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known and not _is_service_link(name)
    )


_SINGULAR = {"namespaces": "namespace"}


def _is_service_link(name: str) -> bool:
    return name.endswith(SERVICE_LINKS) or any(f"{link}_" in name for link in SERVICE_LINKS)
