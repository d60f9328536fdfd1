"""Advice: what a probe's numbers promise, and where they promise trouble.

The formulas are the kubelet's arithmetic (D, P, T, Fth are initial delay,
period, timeout and failure threshold): a container is surely left alone for
`D + (Fth - 1) * P` seconds after its start, because the first run happens at an
arbitrary tick in the period that follows the initial delay, and every further
failure needs one period more. The documentation's `Fth * P` is the upper side.

`lint` judges the spec alone: the same pod always gets the same advice. What has
to be observed first (start-up times, latencies) is judged where it is observed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from probewatch.core.model import (
    DEFAULT_GRACE_SECONDS,
    Container,
    HandlerKind,
    PodSpec,
    Probe,
    ProbeType,
    RestartPolicy,
)

SHORT_START_SECONDS = 15.0
"""A start-up allowance below this is shorter than a cold start on a busy node often takes."""

LONG_DELAY_SECONDS = 60.0
"""From here on an initial delay stands for a startup probe, and hides a hang for as long."""


class AdviceName(StrEnum):
    """What is wrong, as a closed list (field `finding` of an `Advice`)."""

    TIMEOUT_EXCEEDS_PERIOD = "TimeoutExceedsPeriod"
    LIVENESS_SINGLE_FAILURE = "LivenessSingleFailure"
    STARTUP_SINGLE_FAILURE = "StartupSingleFailure"
    LIVENESS_SAME_AS_READINESS = "LivenessSameAsReadiness"
    LIVENESS_BEFORE_READINESS = "LivenessBeforeReadiness"
    SHORT_START_BUDGET = "ShortStartBudget"
    LONG_INITIAL_DELAY = "LongInitialDelay"
    GRACE_EXCEEDS_DETECTION = "GraceExceedsDetection"
    KILL_WITHOUT_RESTART = "KillWithoutRestart"
    PROBE_NEVER_KILLS = "ProbeNeverKills"
    START_BUDGET_TOO_SMALL = "StartBudgetTooSmall"


MEANINGS: Mapping[AdviceName, str] = MappingProxyType(
    {
        AdviceName.TIMEOUT_EXCEEDS_PERIOD: (
            "One slow run swallows the ticks behind it, so failures are found later than period "
            "and threshold say."
        ),
        AdviceName.LIVENESS_SINGLE_FAILURE: (
            "A single slow or lost answer kills the container: there is no second try."
        ),
        AdviceName.STARTUP_SINGLE_FAILURE: (
            "The first failed run kills the container: nothing is left of what a startup probe "
            "is for."
        ),
        AdviceName.LIVENESS_SAME_AS_READINESS: (
            "The liveness probe asks the same as the readiness probe and gives up no later: "
            "the container is killed where taking it out of service would do."
        ),
        AdviceName.LIVENESS_BEFORE_READINESS: (
            "The liveness probe kills sooner than the readiness probe takes the pod out of "
            "service, so requests hit a container that is being killed."
        ),
        AdviceName.SHORT_START_BUDGET: (
            "Without a startup probe the liveness probe limits the start-up time, and leaves "
            "little."
        ),
        AdviceName.LONG_INITIAL_DELAY: (
            "A long initial delay stands in for a startup probe: it makes every restart wait, "
            "and a hang just after a quick start goes unseen for as long."
        ),
        AdviceName.GRACE_EXCEEDS_DETECTION: (
            "An application that hangs is given longer to stop than it took to find out, because "
            "the pod's grace period applies to probe kills too."
        ),
        AdviceName.KILL_WITHOUT_RESTART: (
            "With restart policy Never a failing probe ends the container for good; exit code 0 "
            "even makes the pod Succeeded."
        ),
        AdviceName.PROBE_NEVER_KILLS: (
            "Observed: every run of the probe fails to run, which the kubelet counts for nothing."
        ),
        AdviceName.START_BUDGET_TOO_SMALL: (
            "Observed: one start after the other is killed before the container was ready."
        ),
    }
)
"""Each name's meaning in words that hold for every container; shown in the documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceItem:
    """One piece of advice about one probe of one container."""

    container: str
    probe_type: ProbeType
    finding: AdviceName
    message: str
    """What was found, with this probe's numbers, and what to do about it."""


def start_budget(probe: Probe) -> float:
    """Seconds after its start in which a container is surely not killed by this probe."""
    return probe.initial_delay + (probe.failure_threshold - 1) * probe.period


def slowest_detection(probe: Probe) -> float:
    """Seconds that may pass at most from the beginning of a hang to the probe's verdict."""
    return probe.period + (probe.failure_threshold - 1) * probe.interval + probe.timeout


def lint(spec: PodSpec) -> tuple[AdviceItem, ...]:
    """Return the advice on every probe of the pod, container by container."""
    return tuple(
        AdviceItem(
            container=container.name, probe_type=probe.probe_type, finding=name, message=message
        )
        for container in spec.containers
        for probe in container.probes
        for name, check in _CHECKS[probe.probe_type]
        if (message := check(probe, container, spec))
    )


def _timeout_exceeds_period(probe: Probe, _container: Container, _spec: PodSpec) -> str:
    if probe.timeout <= probe.period:
        return ""
    return (
        f"timeoutSeconds {_seconds(probe.timeout)} is longer than periodSeconds "
        f"{_seconds(probe.period)}: set it to at most the period"
    )


def _liveness_single_failure(probe: Probe, _container: Container, _spec: PodSpec) -> str:
    if probe.failure_threshold > 1:
        return ""
    return "failureThreshold 1 restarts the container at its first failure: use at least 3"


def _startup_single_failure(probe: Probe, _container: Container, _spec: PodSpec) -> str:
    if probe.failure_threshold > 1:
        return ""
    return (
        f"failureThreshold 1 kills the container unless it answers the first run "
        f"{_seconds(probe.initial_delay)} s after its start: raise failureThreshold to the longest "
        f"start-up time divided by periodSeconds, plus 2"
    )


def _liveness_same_as_readiness(probe: Probe, container: Container, _spec: PodSpec) -> str:
    readiness = container.readiness
    if readiness is None or not _ask_the_same(probe, readiness):
        return ""
    ours, theirs = slowest_detection(probe), slowest_detection(readiness)
    if ours > theirs:
        return ""
    return (
        f"it asks the same as the readiness probe and gives up after {_seconds(ours)} s, "
        f"readiness after {_seconds(theirs)} s: raise failureThreshold, or let liveness ask only "
        f"whether the process itself is stuck"
    )


def _liveness_before_readiness(probe: Probe, container: Container, _spec: PodSpec) -> str:
    readiness = container.readiness
    if readiness is None:
        return ""
    ours, theirs = slowest_detection(probe), slowest_detection(readiness)
    if _ask_the_same(probe, readiness) or ours >= theirs:
        return ""
    return (
        f"a hang is killed after at most {_seconds(ours)} s, but taken out of service only after "
        f"{_seconds(theirs)} s: make readiness the quicker one"
    )


def _short_start_budget(probe: Probe, container: Container, _spec: PodSpec) -> str:
    budget = start_budget(probe)
    if container.startup is not None or budget >= SHORT_START_SECONDS:
        return ""
    return (
        f"the container must answer within {_seconds(budget)} s of its start "
        f"(initialDelaySeconds + (failureThreshold - 1) * periodSeconds) or is killed: "
        f"add a startup probe"
    )


def _long_initial_delay(probe: Probe, container: Container, _spec: PodSpec) -> str:
    if container.startup is not None or probe.initial_delay < LONG_DELAY_SECONDS:
        return ""
    return (
        f"initialDelaySeconds {_seconds(probe.initial_delay)} leaves a hang unseen for as long "
        f"after every start: replace it by a startup probe"
    )


def _grace_exceeds_detection(probe: Probe, _container: Container, spec: PodSpec) -> str:
    grace = spec.grace if probe.grace is None else probe.grace
    detection = probe.failure_threshold * probe.period
    if grace <= max(detection, DEFAULT_GRACE_SECONDS):
        return ""
    return (
        f"a failing container is found within {_seconds(detection)} s and then gets "
        f"{_seconds(grace)} s to stop: set terminationGracePeriodSeconds in the probe"
    )


def _kill_without_restart(_probe: Probe, container: Container, spec: PodSpec) -> str:
    policy = container.restart_policy or spec.restart_policy
    if container.restart_rules or policy is not RestartPolicy.NEVER:
        return ""
    return "restartPolicy is Never: a failure stops the container and it is not started again"


def _ask_the_same(one: Probe, other: Probe) -> bool:
    """Whether both probes surely do the same; unknown handlers never compare equal."""
    if one.handler is HandlerKind.NONE:
        return False
    return (one.handler, one.target) == (other.handler, other.target)


def _seconds(value: float) -> str:
    return f"{value:g}"


_Check = Callable[[Probe, Container, PodSpec], str]
"""Returns the message, or an empty string where there is nothing to say."""

_OF_ANY = ((AdviceName.TIMEOUT_EXCEEDS_PERIOD, _timeout_exceeds_period),)
_OF_KILLERS = (
    (AdviceName.GRACE_EXCEEDS_DETECTION, _grace_exceeds_detection),
    (AdviceName.KILL_WITHOUT_RESTART, _kill_without_restart),
)

_CHECKS: Mapping[ProbeType, tuple[tuple[AdviceName, _Check], ...]] = {
    ProbeType.LIVENESS: (
        *_OF_ANY,
        (AdviceName.LIVENESS_SINGLE_FAILURE, _liveness_single_failure),
        (AdviceName.LIVENESS_SAME_AS_READINESS, _liveness_same_as_readiness),
        (AdviceName.LIVENESS_BEFORE_READINESS, _liveness_before_readiness),
        (AdviceName.SHORT_START_BUDGET, _short_start_budget),
        (AdviceName.LONG_INITIAL_DELAY, _long_initial_delay),
        *_OF_KILLERS,
    ),
    ProbeType.READINESS: _OF_ANY,
    ProbeType.STARTUP: (
        *_OF_ANY,
        (AdviceName.STARTUP_SINGLE_FAILURE, _startup_single_failure),
        *_OF_KILLERS,
    ),
}
