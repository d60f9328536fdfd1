"""Which series are possible: those that start at 0 before anything was counted.

`increase()` does not see the first step of a series that appears with it, so
a counter has to be there before. All combinations of labels would be too many: from
the start there is what the pod's probes can bring, what happens most, and what is
found after a time in which the operator was away; the rest of a container's causes, and
of a probe's reasons, starts with its first restart or failure.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from probewatch.core.advice import Setting, judge, setting_of, start_budget
from probewatch.core.advice_names import AdviceName
from probewatch.core.causes import Cause, Pattern, Readiness, ReadinessReason
from probewatch.core.evidence import FailureReason
from probewatch.core.spec import Container, HandlerKind, PodSpec, Probe, ProbeType, RestartPolicy
from probewatch.metrics.labels import tail
from probewatch.metrics.series import Cells, zeros

CAUSES: Mapping[Cause, str] = {cause: tail(cause=cause) for cause in Cause}

TRANSITIONS: Mapping[tuple[Readiness, ReadinessReason], str] = {
    (to, reason): tail(to=to, reason=reason) for to, reason in product(Readiness, ReadinessReason)
}

FAILURES: Mapping[tuple[ProbeType, FailureReason], str] = {
    (probe_type, reason): tail(probe_type=probe_type, reason=reason)
    for probe_type, reason in product(ProbeType, FailureReason)
}

PATTERNS: Mapping[tuple[Pattern, Cause], str] = {
    (pattern, cause): tail(pattern=pattern, cause=cause)
    for pattern, cause in product(Pattern, Cause)
}

ADVICE: Mapping[tuple[ProbeType, str], str] = {
    (probe_type, finding): tail(probe_type=probe_type, finding=finding)
    for probe_type, finding in product(ProbeType, AdviceName)
}

STARTUPS: Mapping[bool, str] = {False: tail(margin="Wide"), True: tail(margin="Narrow")}
"""By whether the startup budget was nearly all needed."""

BUDGETS: Mapping[ProbeType, str] = {each: tail(probe_type=each) for each in ProbeType}

OFTEN = (Cause.ERROR, Cause.OOM_KILLED, Cause.COMPLETED, Cause.SIGNAL)
"""What ends containers most, probes aside."""

AWAY = (Cause.UNOBSERVED, Cause.UNKNOWN)
"""What restarts are taken for that happened while the operator was away: often the first
ones of their container, and `increase()` over that time has to have them."""

_PROBE_CAUSES = {
    ProbeType.LIVENESS: Cause.LIVENESS_PROBE,
    ProbeType.STARTUP: Cause.STARTUP_PROBE,
}

_NETWORK = (
    FailureReason.TIMEOUT,
    FailureReason.REFUSED,
    FailureReason.RESET,
    FailureReason.UNREACHABLE,
    FailureReason.DNS,
    FailureReason.OTHER,
    FailureReason.ERRORED,
)
_HTTP = (
    FailureReason.HTTP_5XX,
    FailureReason.HTTP_4XX,
    FailureReason.HTTP_3XX,
    FailureReason.HTTP_1XX,
    FailureReason.TLS,
)
_HANDLERS: Mapping[HandlerKind, tuple[FailureReason, ...]] = {
    HandlerKind.HTTP_GET: (FailureReason.TIMEOUT, *_HTTP, *_NETWORK),
    HandlerKind.TCP_SOCKET: (FailureReason.TIMEOUT, FailureReason.REFUSED, *_NETWORK),
    HandlerKind.GRPC: (
        FailureReason.TIMEOUT,
        FailureReason.GRPC_UNHEALTHY,
        FailureReason.GRPC_ERROR,
        *_NETWORK,
    ),
    HandlerKind.EXEC: (
        FailureReason.TIMEOUT,
        FailureReason.EXEC_EXIT,
        FailureReason.OTHER,
        FailureReason.ERRORED,
    ),
    HandlerKind.NONE: (FailureReason.OTHER,),
}
"""How a probe of each kind can fail; the first two are there from the start."""

FROM_THE_START = 2


class First(NamedTuple):
    """What the series of a container start with, in the order of `Tables.of_containers`."""

    causes: Cells
    failures: Cells
    patterns: Cells
    """Those that an alert waits for."""
    kills: Cells
    """Without a restart: where pods are not restarted."""
    startups: Cells
    """Where there is a startup probe."""
    budgets: Cells
    """Of the probes that kill."""
    advice: Cells
    """That follows from the spec alone."""


def first_series(container: Container, spec: PodSpec) -> First:
    """Return what a container of this kind starts with; the same object for the same kind."""
    return _first_series(
        setting_of(container, spec),
        has_hook=container.has_post_start,
        has_rules=bool(container.restart_rules),
        is_final=spec.restart_policy is RestartPolicy.NEVER,
    )


@lru_cache(maxsize=4096)  # thousands of workloads have a few dozen probes
def _first_series(setting: Setting, *, has_hook: bool, has_rules: bool, is_final: bool) -> First:
    probes = setting.probes
    by_probes = _probe_causes(probes)
    killers = [each for each in probes if each.probe_type is not ProbeType.READINESS]
    advice = tuple(ADVICE[each.probe_type, each.finding] for each in judge(setting))
    declared = (
        *((Cause.POST_START_HOOK,) if has_hook else ()),
        *((Cause.RESTART_RULE,) if has_rules else ()),
    )
    failures = (
        FAILURES[probe.probe_type, reason]
        for probe in probes
        for reason in _HANDLERS[probe.handler][:FROM_THE_START]
    )
    startups = STARTUPS.values() if Cause.STARTUP_PROBE in by_probes else ()
    return First(
        causes=_zeros(CAUSES[each] for each in (*by_probes, *declared, *OFTEN, *AWAY)),
        failures=_zeros(failures),
        patterns=_zeros(PATTERNS[Pattern.WORKLOAD_WIDE, cause] for cause in by_probes),
        kills=_zeros(CAUSES[cause] for cause in (by_probes if is_final else ())),
        startups=_zeros(startups),
        budgets=(
            tuple(BUDGETS[each.probe_type] for each in killers),
            tuple(start_budget(each) for each in killers),
        ),
        advice=(advice, (1,) * len(advice)),
    )


def _zeros(tails: Iterable[str]) -> Cells:
    return zeros(tuple(tails))


def _probe_causes(probes: Iterable[Probe]) -> tuple[Cause, ...]:
    """Return the causes that probes can bring."""
    types = (probe.probe_type for probe in probes)
    return tuple(_PROBE_CAUSES[each] for each in types if each in _PROBE_CAUSES)


def all_causes(container: Container | None) -> tuple[str, ...]:
    """Return the tails of all causes that a container can ever have."""
    if container is None:
        return tuple(CAUSES.values())
    never = set(_PROBE_CAUSES.values()) - set(_probe_causes(container.probes))
    if not container.has_post_start:
        never.add(Cause.POST_START_HOOK)
    return tuple(text for cause, text in CAUSES.items() if cause not in never)


def all_failures(probe: Probe | None) -> tuple[str, ...]:
    """Return the tails of all failures that a probe can have; none where it is not known."""
    if probe is None:
        return ()
    reasons = dict.fromkeys(_HANDLERS[probe.handler])
    return tuple(FAILURES[probe.probe_type, reason] for reason in reasons)


def first_of_workload(spec: PodSpec) -> Sequence[Cells]:
    """Return what the series of a workload start with, in the order of `Tables.of_workloads`."""
    return _OF_WORKLOADS[any(container.readiness for container in spec.containers)]


def _of_workloads(*reasons: ReadinessReason) -> Sequence[Cells]:
    changes = [TRANSITIONS[to, reason] for reason in reasons for to in Readiness]
    return (_zeros((TRANSITIONS[Readiness.READY, ReadinessReason.STARTUP], *changes)), zeros(("",)))


_OF_WORKLOADS = {
    False: _of_workloads(ReadinessReason.CONTAINER_RESTART),
    True: _of_workloads(ReadinessReason.CONTAINER_RESTART, ReadinessReason.READINESS_PROBE),
}
"""By whether there is a readiness probe."""
