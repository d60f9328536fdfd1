"""What a probe's own grace makes of a cause, and what else could have ended the container."""

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
"""Nothing of the kubelet can kill its container."""


def with_grace(grace: float | None) -> PodSpec:
    """A pod with 30 s of grace, and a liveness probe with a grace of its own."""
    return spec(Container(name="app", liveness=replace(LIVENESS, grace=grace)))


def told(given: Facts) -> tuple[str, Cause, Confidence]:
    """The rule that answers, and what it says."""
    rule, verdict = attribute(given)
    return rule.name, verdict.cause, verdict.confidence


# A period of 5 s, a timeout of 1 s and 5 s of slack come on top.
@pytest.mark.parametrize(
    ("grace", "before", "expected"),
    [(60.0, 71.0, 3), (60.0, 72.0, 0), (5.0, 16.0, 3), (5.0, 17.0, 0), (None, 41.0, 3)],
)
def test_failures_as_long_before_the_end_as_the_grace_of_the_probe(
    grace: float | None, before: float, expected: int
) -> None:
    """A kill by a probe with a grace of its own takes up to that, whatever the pod's is."""
    marks = (failed(ProbeType.LIVENESS, END - before, 3),)
    given = facts(died(end=END), failures=marks, pod=with_grace(grace))

    assert expected == given.failures(ProbeType.LIVENESS)


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
    """Until it has started the startup probe alone, then the others; without one, at once."""
    marks = (failed(ProbeType.LIVENESS, END, 3), failed(ProbeType.STARTUP, END, 3, period=10.0))
    pod = spec(container)
    given = facts(died(end=END), failures=marks, pod=pod, was_started=started)

    assert liveness is given.threshold_reached(ProbeType.LIVENESS)
    assert startup is given.threshold_reached(ProbeType.STARTUP)


# Four periods and 30 s of slack come on top.
@pytest.mark.parametrize(
    ("grace", "before", "expected"),
    [(60.0, 110.0, True), (60.0, 109.0, False), (5.0, 55.0, True), (5.0, 54.0, False)],
)
@pytest.mark.parametrize("count", [0, 30])
def test_counters_from_before_the_grace_of_the_probe(
    grace: float, before: float, count: int, *, expected: bool
) -> None:
    """A reading tells only if nothing can have failed by then that led to the kill."""
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
    """Its own grace is on top of what it takes to fail, not the pod's."""
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
def test_a_reboot_that_no_address_tells_of(
    code: int, change: Change, sure: Confidence, *, host: bool
) -> None:
    """On the host's network an end by a signal may be one of the node, if no condition tells."""
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
    """Where counters rule out the probes, people or a hook may have had it killed."""
    zero = [Reading(at=at, process=1.0, liveness=5, startup=0) for at in (-200.0, 60.0)]
    given = facts(died(), pod=spec(container), readings=tuple(zero), change=change)

    assert rule == told(given)[0]


def test_counters_of_a_container_without_a_probe_that_kills() -> None:
    """They rule nothing out that was not ruled out before."""
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
    """Ends alike are as near to each other as those of one with a probe of the default period."""
    before = past(Cause.ERROR, 1, lived, own_end=True)
    given = facts(died(1, 0.0, 41.0), pod=spec(HOOKED), path=Path.IN_PLACE, past=(before,))

    assert expected == told(given)[:2]
