"""Advice: what the numbers of a probe mean in seconds, and which of them cause trouble.

The formulas are the kubelet's arithmetic (D, P, T, Fth are initial delay, period, timeout and
failure threshold). A container is surely not killed for `D + (Fth - 1) * P` seconds after its
start, because the first run happens at an arbitrary tick in the period that follows the initial
delay, and every further failure needs one period more. The `Fth * P` of the Kubernetes
documentation is the upper bound.

`lint` judges the spec alone, so the same pod always gets the same advice. Advice that depends on
observations (start-up times, runs that error) is in `observed_advice`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from probewatch.core.advice_names import AdviceName
from probewatch.core.spec import (
    DEFAULT_GRACE_SECONDS,
    Container,
    HandlerKind,
    PodSpec,
    Probe,
    ProbeType,
    RestartPolicy,
)

SHORT_START_SECONDS = 15.0
"""A start-up budget below this is shorter than a cold start on a busy node often takes."""

RESTART_ALL = "RestartAllContainers"
"""The action of a restart rule that restarts every container of the pod."""

LONG_DELAY_SECONDS = 60.0
"""An initial delay from here on is used instead of a startup probe, and hides a hang as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceItem:
    """One piece of advice about one probe of one container."""

    container: str
    probe_type: ProbeType
    finding: AdviceName
    message: str
    """What was found, with this probe's numbers, and what to do about it."""


class Setting(NamedTuple):
    """Everything that the advice on a container depends on; it is cached by this.

    Thousands of containers have only a few dozen settings.
    """

    probes: tuple[Probe, ...]
    grace: float
    """The pod's grace period in seconds."""
    is_final: bool
    """Whether the container is not started again after a probe has killed it."""


class _Case(NamedTuple):
    """A probe, and everything else that the advice on it depends on."""

    probe: Probe
    readiness: Probe | None
    has_startup: bool
    grace: float
    is_final: bool


class Judgement(NamedTuple):
    """One piece of advice about one probe, without the container: many have the same setting."""

    probe_type: ProbeType
    finding: AdviceName
    message: str


def lint(spec: PodSpec) -> tuple[AdviceItem, ...]:
    """Return the advice on every probe of the pod, container by container."""
    return tuple(
        AdviceItem(container=container.name, **each._asdict())
        for container in spec.containers
        for each in judge(setting_of(container, spec))
    )


def setting_of(container: Container, spec: PodSpec) -> Setting:
    """Return the setting of a container, on which its advice depends."""
    policy = container.restart_policy or spec.restart_policy
    is_final = policy is RestartPolicy.NEVER and not _is_restarted_by_rule(container, spec)
    return Setting(container.probes, spec.grace, is_final)


def _is_restarted_by_rule(container: Container, spec: PodSpec) -> bool:
    """Whether a rule may restart it: one of its own, or another container's that restarts all."""
    others = (rule for each in spec.containers for rule in each.restart_rules)
    return bool(container.restart_rules) or any(rule.action == RESTART_ALL for rule in others)


@lru_cache(maxsize=4096)
def judge(setting: Setting) -> tuple[Judgement, ...]:
    """Return the advice on the probes of a container, in their order."""
    by_type = {probe.probe_type: probe for probe in setting.probes}
    cases = (
        _Case(
            probe=probe,
            readiness=by_type.get(ProbeType.READINESS),
            has_startup=ProbeType.STARTUP in by_type,
            grace=probe.grace_in(setting.grace),
            is_final=setting.is_final,
        )
        for probe in setting.probes
    )
    return tuple(
        Judgement(case.probe.probe_type, name, message)
        for case in cases
        for name, check in _CHECKS[case.probe.probe_type]
        if (message := check(case))
    )


def _timeout_exceeds_period(case: _Case) -> str:
    probe = case.probe
    if probe.timeout <= probe.period:
        return ""
    return (
        f"timeoutSeconds {_seconds(probe.timeout)} is longer than periodSeconds "
        f"{_seconds(probe.period)}: set it to at most the period"
    )


def _liveness_single_failure(case: _Case) -> str:
    if case.probe.failure_threshold > 1:
        return ""
    return "failureThreshold 1 kills the container at its first failure: use at least 3"


def _startup_single_failure(case: _Case) -> str:
    if case.probe.failure_threshold > 1:
        return ""
    return (
        f"failureThreshold 1 kills the container unless it answers the first run, which may come "
        f"{_seconds(case.probe.initial_delay)} s after its start: raise failureThreshold to the "
        f"longest start-up time divided by periodSeconds, plus 2"
    )


def _liveness_same_as_readiness(case: _Case) -> str:
    if case.readiness is None or not _ask_the_same(case.probe, case.readiness):
        return ""
    ours, theirs = case.probe.slowest_detection, case.readiness.slowest_detection
    if ours > theirs:
        return ""
    return (
        f"it asks the same as the readiness probe and gives up after at most {_seconds(ours)} s, "
        f"readiness after at most {_seconds(theirs)} s: raise failureThreshold, or let liveness "
        f"ask only whether the process itself is stuck"
    )


def _liveness_before_readiness(case: _Case) -> str:
    if case.readiness is None:
        return ""
    ours, theirs = case.probe.slowest_detection, case.readiness.slowest_detection
    if _ask_the_same(case.probe, case.readiness) or ours >= theirs:
        return ""
    return (
        f"a hang is killed after at most {_seconds(ours)} s, but it may take {_seconds(theirs)} s "
        f"to take it out of service: make the readiness probe the faster one"
    )


def _short_start_budget(case: _Case) -> str:
    budget = case.probe.start_budget
    if case.has_startup or budget >= SHORT_START_SECONDS:
        return ""
    return (
        f"the container must answer within {_seconds(budget)} s of its start "
        f"(initialDelaySeconds + (failureThreshold - 1) * periodSeconds) or may be killed: "
        f"add a startup probe"
    )


def _long_initial_delay(case: _Case) -> str:
    if case.has_startup or case.probe.initial_delay < LONG_DELAY_SECONDS:
        return ""
    return (
        f"initialDelaySeconds {_seconds(case.probe.initial_delay)} leaves a hang unseen for as "
        f"long after every start: replace it by a startup probe"
    )


def _grace_exceeds_detection(case: _Case) -> str:
    detection = case.probe.failure_threshold * case.probe.period
    if case.grace <= max(detection, DEFAULT_GRACE_SECONDS):
        return ""
    found = case.probe.slowest_detection
    mend = "set" if case.probe.grace is None else "lower"
    return (
        f"a failing container is found within {_seconds(found)} s and then gets "
        f"{_seconds(case.grace)} s to stop: {mend} terminationGracePeriodSeconds in the probe"
    )


def _kill_without_restart(case: _Case) -> str:
    if not case.is_final:
        return ""
    return "restartPolicy is Never: the probe stops the container and it is not started again"


def _ask_the_same(one: Probe, other: Probe) -> bool:
    """Whether both probes surely check the same; unknown handlers never compare equal."""
    if one.handler is HandlerKind.NONE:
        return False
    return (one.handler, one.target) == (other.handler, other.target)


def _seconds(value: float) -> str:
    return f"{value:g}"


_Check = Callable[[_Case], str]
"""Returns the message, or an empty string if there is nothing to advise."""

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
