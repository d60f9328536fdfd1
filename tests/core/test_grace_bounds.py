"""How a probe's own grace period changes a verdict, and what else may have ended a container."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.counters import Reading
from probewatch.core.facts import Facts
from probewatch.core.restarts import Change, Path
from probewatch.core.spec import Container, PodSpec, ProbeType
from tests.support.builders import (
    LIVENESS,
    READINESS,
    STARTUP,
    counted,
    died,
    facts,
    failed,
    past,
    spec,
)

END = 1000.0
HIGH, MEDIUM = Confidence.HIGH, Confidence.MEDIUM
BOTH = Container(name="app", liveness=LIVENESS, startup=STARTUP)
HOOKED = Container(name="app", has_post_start=True)
UNASKED = spec(Container(name="app", readiness=READINESS))
"""A container with no probe that can kill it."""


def with_grace(grace: float | None) -> PodSpec:
    """A pod with 30 s of grace, and a liveness probe with a grace of its own."""
    return spec(Container(name="app", liveness=replace(LIVENESS, grace=grace)))


def told(given: Facts) -> tuple[str, Cause, Confidence]:
    """The name of the rule that answered, and its verdict."""
    rule, verdict = attribute(given)
    return rule.name, verdict.cause, verdict.confidence


# Plus a period of 5 s, a timeout of 1 s and 5 s of slack.
@pytest.mark.parametrize(
    ("grace", "before", "expected"),
    [(60.0, 71.0, 3), (60.0, 72.0, 0), (5.0, 16.0, 3), (5.0, 17.0, 0), (None, 41.0, 3)],
)
def test_failures_as_long_before_the_end_as_the_grace_of_the_probe(
    grace: float | None, before: float, expected: int
) -> None:
    """A kill by a probe with its own grace period takes up to that long, whatever the pod's is."""
    marks = (failed(ProbeType.LIVENESS, END - before, 3),)
    given = facts(died(end=END), failures=marks, pod=with_grace(grace))

    assert expected == given.failures(ProbeType.LIVENESS)


# The kubelet sends SIGKILL once the grace period is over. Times are known to a second.
@pytest.mark.parametrize(
    ("grace", "before", "code", "sure"),
    [
        (None, 29.0, 137, HIGH),
        (None, 28.0, 137, MEDIUM),
        (10.0, 9.0, 137, HIGH),
        (10.0, 8.0, 137, MEDIUM),
        (None, 1.0, 143, HIGH),
    ],
)
def test_sigkill_before_the_grace_period_is_over_is_hardly_the_kubelets(
    grace: float | None, before: float, code: int, sure: Confidence
) -> None:
    """After enough failures a kill is due, but SIGKILL that comes too soon has another origin."""
    marks = (failed(ProbeType.LIVENESS, END - before, 3),)
    given = facts(died(code, end=END), failures=marks, pod=with_grace(grace), path=Path.IN_PLACE)

    assert ("threshold-reached", Cause.LIVENESS_PROBE, sure) == told(given)


@pytest.mark.parametrize(
    ("container", "started", "liveness", "startup"),
    [
        (BOTH, None, True, True),
        (BOTH, True, True, False),
        (BOTH, False, False, True),
        (replace(BOTH, startup=None), None, True, False),
        (replace(BOTH, startup=None), True, True, False),
        (replace(BOTH, startup=None), False, True, False),
    ],
)
def test_which_probe_was_asked(
    container: Container, *, started: bool | None, liveness: bool, startup: bool
) -> None:
    """Until the container has started only its startup probe runs; after that, liveness."""
    marks = (failed(ProbeType.LIVENESS, END, 3), failed(ProbeType.STARTUP, END, 3, period=10.0))
    pod = spec(container)
    given = facts(died(end=END), failures=marks, pod=pod, was_started=started)

    assert liveness is given.threshold_reached(ProbeType.LIVENESS)
    assert startup is given.threshold_reached(ProbeType.STARTUP)


# Plus four periods and 30 s of slack.
@pytest.mark.parametrize(
    ("grace", "before", "expected"),
    [(60.0, 110.0, True), (60.0, 109.0, False), (5.0, 55.0, True), (5.0, 54.0, False)],
)
@pytest.mark.parametrize("count", [0, 30])
def test_counters_from_before_the_grace_of_the_probe(
    grace: float, before: float, count: int, *, expected: bool
) -> None:
    """A reading counts only if no failure that led to the kill can be older than it."""
    given = facts(died(), readings=counted(count, before=-before), pod=with_grace(grace))

    assert expected is (told(given)[0] == "kubelet-counter")


@pytest.mark.parametrize(
    ("grace", "lived", "rule"),
    [
        (5.0, 55.0, "never-started"),
        (5.0, 55.1, "unknown"),
        (60.0, 110.0, "never-started"),
        (60.0, 110.1, "unknown"),
    ],
)
def test_as_long_as_a_startup_probe_with_its_own_grace_allows(
    grace: float, lived: float, rule: str
) -> None:
    """The startup probe's own grace period extends the lifetime that it allows, not the pod's."""
    pod = spec(Container(name="app", startup=replace(STARTUP, grace=grace)))
    given = facts(died(start=END - lived, end=END), pod=pod, was_started=False)

    assert rule == told(given)[0]


@pytest.mark.parametrize(
    ("code", "host", "change", "sure"),
    [
        (143, False, Change(), HIGH),
        (143, True, Change(), MEDIUM),
        (143, True, Change(same_sandbox=True), HIGH),
        (1, True, Change(), HIGH),
        (143, False, Change(sandbox=True), MEDIUM),
    ],
)
def test_a_possible_reboot_with_host_network(
    code: int, change: Change, sure: Confidence, *, host: bool
) -> None:
    """With hostNetwork an end by a signal may be a reboot, unless the sandbox is the same."""
    pod = replace(UNASKED, host_network=host)
    given = facts(died(code), pod=pod, path=Path.TERMINATED_SEEN, change=change)

    assert ("terminated-seen", sure) == (told(given)[0], told(given)[2])


@pytest.mark.parametrize(
    ("container", "change", "rule"),
    [
        (BOTH, Change(), "kubelet-counter"),
        (BOTH, Change(image=True), "unknown"),
        (BOTH, Change(resources=True), "unknown"),
        (replace(BOTH, has_post_start=True), Change(), "unknown"),
    ],
)
def test_what_else_ends_a_container_whose_probes_never_failed(
    container: Container, change: Change, rule: str
) -> None:
    """If counters rule out probes, a changed spec or a hook may still have caused the kill."""
    zero = [Reading(at=at, process=1.0, liveness=5, startup=0) for at in (-200.0, 60.0)]
    given = facts(died(), pod=spec(container), readings=tuple(zero), change=change)

    assert rule == told(given)[0]


def test_counters_of_a_container_without_a_probe_that_kills() -> None:
    """For a container without a probe that can kill, counters change nothing."""
    assert ("no-probe", Cause.SIGNAL, MEDIUM) == told(
        facts(died(), pod=UNASKED, readings=counted(0))
    )


@pytest.mark.parametrize(
    ("lived", "expected"),
    [
        (41.0, ("regular", Cause.ERROR)),
        (56.0, ("regular", Cause.ERROR)),
        (56.5, ("replaced-in-place", Cause.POST_START_HOOK)),
    ],
)
def test_a_habit_of_a_container_without_probes(lived: float, expected: tuple[str, Cause]) -> None:
    """Without a probe, lifetimes are compared as with a probe of the default period."""
    before = past(Cause.ERROR, 1, lived, own_end=True)
    given = facts(died(1, 0.0, 41.0), pod=spec(HOOKED), path=Path.IN_PLACE, past=(before,))

    assert expected == told(given)[:2]
