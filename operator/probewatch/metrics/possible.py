"""Possible series: those that are exposed at 0 before anything was counted.

`increase()` misses the first step of a series that appears with the value 1, so
a counter has to exist before. All combinations of labels would be too many. A container
starts with the causes that its probes can lead to, the most frequent causes, and those of
restarts while the operator was down. Its other causes start with its first restart, and
the other reasons of a probe with its first failure.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from probewatch.core.advice import Setting, judge, setting_of
from probewatch.core.advice_names import AdviceName
from probewatch.core.causes import Cause, Pattern, Readiness, ReadinessReason
from probewatch.core.evidence import FailureReason
from probewatch.core.failures import REASONS
from probewatch.core.spec import Container, PodSpec, Probe, ProbeType, RestartPolicy
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
"""By whether a startup probe used nearly all of its budget."""

BUDGETS: Mapping[ProbeType, str] = {each: tail(probe_type=each) for each in ProbeType}

OFTEN = (Cause.ERROR, Cause.OOM_KILLED, Cause.COMPLETED, Cause.SIGNAL)
"""The most frequent causes besides probes."""

AWAY = (Cause.UNOBSERVED, Cause.UNKNOWN)
"""Causes of restarts that happened while the operator was down. They are often the first ones of
their container, and `increase()` over that time has to include them."""

_PROBE_CAUSES = {
    ProbeType.LIVENESS: Cause.LIVENESS_PROBE,
    ProbeType.STARTUP: Cause.STARTUP_PROBE,
}

FROM_THE_START = 2
"""How many reasons of each probe are exposed before its first failure."""


class First(NamedTuple):
    """The first series of a container, in the order of `Tables.of_containers`."""

    causes: Cells
    failures: Cells
    patterns: Cells
    """Only those that an alert uses."""
    kills: Cells
    """Kills by a probe without a restart: for `restartPolicy: Never`."""
    startups: Cells
    """For containers with a startup probe."""
    budgets: Cells
    """For liveness and startup probes."""
    advice: Cells
    """Advice that follows from the spec alone."""


def first_series(container: Container, spec: PodSpec) -> First:
    """Return the first series of a container; the same object for equal probes and policies."""
    return _first_series(
        setting_of(container, spec),
        has_hook=container.has_post_start,
        has_rules=bool(container.restart_rules),
        is_final=spec.restart_policy is RestartPolicy.NEVER,
    )


@lru_cache(maxsize=4096)  # thousands of workloads share a few dozen probes
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
        for reason in REASONS[probe.handler][:FROM_THE_START]
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
            tuple(each.start_budget for each in killers),
        ),
        advice=(advice, (1,) * len(advice)),
    )


def _zeros(tails: Iterable[str]) -> Cells:
    return zeros(tuple(tails))


def _probe_causes(probes: Iterable[Probe]) -> tuple[Cause, ...]:
    """Return the causes that these probes can lead to."""
    types = (probe.probe_type for probe in probes)
    return tuple(_PROBE_CAUSES[each] for each in types if each in _PROBE_CAUSES)


def all_causes(container: Container | None) -> tuple[str, ...]:
    """Return the tails of all causes that a restart of the container can have."""
    if container is None:
        return tuple(CAUSES.values())
    never = set(_PROBE_CAUSES.values()) - set(_probe_causes(container.probes))
    if not container.has_post_start:
        never.add(Cause.POST_START_HOOK)
    return tuple(text for cause, text in CAUSES.items() if cause not in never)


def all_failures(probe: Probe | None) -> tuple[str, ...]:
    """Return the tails of all failures that a probe can have; none if it is unknown."""
    if probe is None:
        return ()
    reasons = dict.fromkeys(REASONS[probe.handler])
    return tuple(FAILURES[probe.probe_type, reason] for reason in reasons)


def first_of_workload(spec: PodSpec) -> Sequence[Cells]:
    """Return the first series of a workload, in the order of `Tables.of_workloads`."""
    return _OF_WORKLOADS[any(container.readiness for container in spec.containers)]


def _of_workloads(*reasons: ReadinessReason) -> Sequence[Cells]:
    changes = [TRANSITIONS[to, reason] for reason in reasons for to in Readiness]
    return (_zeros((TRANSITIONS[Readiness.READY, ReadinessReason.STARTUP], *changes)), zeros(("",)))


_OF_WORKLOADS = {
    False: _of_workloads(ReadinessReason.CONTAINER_RESTART),
    True: _of_workloads(ReadinessReason.CONTAINER_RESTART, ReadinessReason.READINESS_PROBE),
}
"""By whether the workload has a readiness probe."""
