"""Ends about which no Event is left: loops, Go programs, nodes that were down, exits nobody saw."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.facts import Facts
from probewatch.core.restarts import Change, Path
from probewatch.core.spec import Container, ContainerKind, ProbeType
from tests.support.builders import (
    LIVENESS,
    READINESS,
    STARTUP,
    died,
    facts,
    failed,
    mark,
    past,
    spec,
    started,
)

NO_PROBE = spec(Container(name="app", readiness=READINESS))
INIT = spec(Container(name="app", kind=ContainerKind.INIT))
START_ONLY = spec(Container(name="app", startup=STARTUP))
BOTH = spec(Container(name="app", liveness=LIVENESS, startup=STARTUP))
KILL, START_KILL = mark(K.KILL_LIVENESS, 60), mark(K.KILL_STARTUP, 60)
LATE = 41 + 7200.0
"""The start of an instance two hours after the end of the one before."""

LOOPS = {
    "SIGTERM after the time that the probe allows, in a loop": (
        "LivenessProbe Medium regular",
        facts(died(143, 100, 112), kills=(KILL,)),
    ),
    "exit code 0, likewise": (
        "LivenessProbe Medium regular",
        facts(died(0, 100, 112), kills=(KILL,)),
    ),
    "SIGKILL a grace period later": (
        "LivenessProbe Medium regular",
        facts(died(137, 100, 142), kills=(KILL,)),
    ),
    "SIGKILL before the grace period is over": (
        "Unknown Low unknown",
        facts(died(137, 100, 112), kills=(KILL,)),
    ),
    "too early for the probe": ("Unknown Low unknown", facts(died(143, 100, 108), kills=(KILL,))),
    "at the earliest": (
        "LivenessProbe Medium regular",
        facts(died(143, 100, 109), kills=(KILL,)),
    ),
    "at the latest": (
        "LivenessProbe Medium regular",
        facts(died(143, 100, 121), kills=(KILL,)),
    ),
    "long after a kill at the start": (
        "Unknown Low unknown",
        facts(died(143, 100, 122), kills=(KILL,)),
    ),
    "no earlier kill": ("Unknown Low unknown", facts(died(143, 100, 112), starts=started(60))),
    "a kill after the start that is long past": (
        "Unknown Low unknown",
        facts(died(143, None, 112), kills=(KILL,)),
    ),
    "a startup kill": (
        "StartupProbe Medium regular",
        facts(died(143, 100, 122), kills=(START_KILL,), pod=START_ONLY),
    ),
    "the liveness probe begins after the startup probe, nobody knows when": (
        "Unknown Low unknown",
        facts(died(143, 100, 112), kills=(KILL,), pod=BOTH),
    ),
    "the earlier kill was for the other probe": (
        "Unknown Low unknown",
        facts(died(143, 100, 122), kills=(KILL,), pod=START_ONLY),
    ),
    "it has ended so by itself before": (
        "Unknown Low unknown",
        facts(
            died(143, 100, 112),
            kills=(KILL,),
            past=(replace(past(Cause.SIGNAL, 143, 500), own_end=True),),
        ),
    ),
    "an exit code that no kill leaves": (
        "Error Low own-exit",
        facts(died(1, 100, 112), kills=(KILL,)),
    ),
    "the same, if earlier ends are known": (
        "Error Medium own-exit",
        facts(died(1, 100, 112), kills=(KILL,), past=(past(Cause.LIVENESS_PROBE, 137, 42),)),
    ),
}

GO = {
    "a Go program obeys SIGTERM with exit code 2": (
        "LivenessProbe Medium regular",
        facts(died(2, 100, 112), kills=(KILL,)),
    ),
    "or panics": ("Unknown Low unknown", facts(died(2))),
    "its probe had failed": (
        "LivenessProbe High threshold-reached",
        facts(died(2), failures=(failed(ProbeType.LIVENESS, 39, 3),)),
    ),
    "it was shown as terminated": (
        "Error Medium terminated-seen",
        facts(died(2), path=Path.TERMINATED_SEEN),
    ),
    "nothing could have killed it": ("Error Medium no-probe", facts(died(2), pod=NO_PROBE)),
}

DOWN = {
    "SIGTERM": ("NodeReboot Medium lost", facts(died(143), pod=NO_PROBE, next_start=LATE)),
    "SIGKILL": ("NodeReboot Medium lost", facts(died(137), pod=NO_PROBE, next_start=LATE)),
    "exit code 0": ("NodeReboot Medium lost", facts(died(0), pod=NO_PROBE, next_start=LATE)),
    "an exit that nobody saw": (
        "NodeReboot Medium lost",
        facts(died(255), pod=NO_PROBE, next_start=LATE),
    ),
    "an exit code of its own": (
        "Error Medium no-probe",
        facts(died(1), pod=NO_PROBE, next_start=LATE),
    ),
    "out of memory": (
        "OOMKilled High out-of-memory",
        facts(died(137, reason="OOMKilled"), pod=NO_PROBE, next_start=LATE),
    ),
    "after a quarter of an hour": (
        "NodeReboot Medium lost",
        facts(died(143), pod=NO_PROBE, next_start=41 + 900.0),
    ),
    "before that": (
        "Signal Medium no-probe",
        facts(died(143), pod=NO_PROBE, next_start=41 + 899.0),
    ),
    "the image could not be pulled meanwhile": (
        "Signal Medium no-probe",
        facts(died(143), pod=NO_PROBE, next_start=LATE, others=(mark(K.BACK_OFF, 3600),)),
    ),
    "Events of the boot alone": (
        "NodeReboot Medium lost",
        facts(died(143), pod=NO_PROBE, next_start=LATE, others=(mark(K.BACK_OFF, LATE - 50),)),
    ),
    "another container ran on": (
        "Signal Medium no-probe",
        facts(died(143), pod=NO_PROBE, next_start=LATE, change=Change(oldest=5.0)),
    ),
    "all others were started again, too": (
        "NodeReboot Medium lost",
        facts(died(143), pod=NO_PROBE, next_start=LATE, change=Change(oldest=LATE - 1)),
    ),
    "the sandbox is the same": (
        "Signal Medium no-probe",
        facts(died(143), pod=NO_PROBE, next_start=LATE, change=Change(same_sandbox=True)),
    ),
    "shown as terminated, so that the kubelet ran": (
        "Signal High terminated-seen",
        facts(died(143), pod=NO_PROBE, next_start=LATE, path=Path.TERMINATED_SEEN),
    ),
    "an init container waits for others": (
        "Signal Medium no-probe",
        facts(died(143), pod=INIT, next_start=LATE),
    ),
    "it ended so before": (
        "Signal Medium no-probe",
        facts(died(143), pod=NO_PROBE, next_start=LATE, past=(past(Cause.SIGNAL, 143, 41),) * 2),
    ),
    "a probe kill was due": (
        "LivenessProbe High threshold-reached",
        facts(died(143), next_start=LATE, failures=(failed(ProbeType.LIVENESS, 39, 3),)),
    ),
}

UNSEEN_EXITS = {
    "found dead with all others of the pod": (
        "NodeReboot Medium lost",
        facts(died(255), pod=NO_PROBE, change=Change(lost=True)),
    ),
    "shown as terminated, so that the kubelet ran": (
        "Error Medium terminated-seen",
        facts(died(255), pod=NO_PROBE, change=Change(lost=True), path=Path.TERMINATED_SEEN),
    ),
    "another code of its own, where others were lost": (
        "Error Medium no-probe",
        facts(died(1), pod=NO_PROBE, change=Change(lost=True)),
    ),
    "in a sandbox that is not known": (
        "Unknown Low no-probe",
        facts(died(255), pod=NO_PROBE, change=Change(unknown=True)),
    ),
    "in one that is known": ("Error Medium no-probe", facts(died(255), pod=NO_PROBE)),
    "another code of its own, in one that is not known": (
        "Error Medium no-probe",
        facts(died(1), pod=NO_PROBE, change=Change(unknown=True)),
    ),
}


STOPS = {
    "SIGTERM, where a new image or sandbox would not be known": (
        "Unknown Low unknown",
        facts(died(143), pod=NO_PROBE, change=Change(unknown=True)),
    ),
    "a stop on Windows, likewise": (
        "Unknown Low unknown",
        facts(died(-1073741510), pod=NO_PROBE, change=Change(unknown=True)),
    ),
    "SIGTERM, where neither has changed": (
        "Signal Medium no-probe",
        facts(died(143), pod=NO_PROBE),
    ),
    "SIGTERM, shown as terminated before the kubelet acted": (
        "Signal High terminated-seen",
        facts(died(143), pod=NO_PROBE, change=Change(unknown=True), path=Path.TERMINATED_SEEN),
    ),
    "SIGKILL, which the kubelet only sends after a while": (
        "Signal Medium no-probe",
        facts(died(137), pod=NO_PROBE, change=Change(unknown=True)),
    ),
    "exit code 0 of its own": (
        "Completed Medium no-probe",
        facts(died(0), pod=NO_PROBE, change=Change(unknown=True)),
    ),
}


def judge(given: Facts) -> str:
    """The verdict: cause, confidence and rule."""
    rule, verdict = attribute(given)
    return f"{verdict.cause} {verdict.confidence} {rule.name}"


@pytest.mark.parametrize(("expected", "given"), LOOPS.values(), ids=LOOPS.keys())
def test_loops_whose_events_were_dropped(expected: str, given: Facts) -> None:
    """Earlier kills explain an end that comes when the probe allows the next one."""
    assert expected == judge(given)


@pytest.mark.parametrize(("expected", "given"), GO.values(), ids=GO.keys())
def test_go_programs(expected: str, given: Facts) -> None:
    """Exit code 2 shows neither a panic nor a kill, as a Go program leaves it after both."""
    assert expected == judge(given)


@pytest.mark.parametrize(("expected", "given"), DOWN.values(), ids=DOWN.keys())
def test_nodes_that_were_down(expected: str, given: Facts) -> None:
    """What was stopped, and is started again hours later without a word, was so with its node."""
    assert expected == judge(given)


@pytest.mark.parametrize(("expected", "given"), UNSEEN_EXITS.values(), ids=UNSEEN_EXITS.keys())
def test_exits_that_nobody_saw(expected: str, given: Facts) -> None:
    """Exit code 255 is one of the application only as far as nothing speaks against it."""
    assert expected == judge(given)


def test_how_late_it_was_is_told() -> None:
    """The evidence tells how late the next start was, in minutes or hours."""
    late = [
        attribute(facts(died(143), pod=NO_PROBE, next_start=41 + gap))[1].evidence[0]
        for gap in (1200.0, 64_800.0)
    ]

    assert [
        "it was started again only after 20 minutes, as if its node was down",
        "it was started again only after 18 hours, as if its node was down",
    ] == late


@pytest.mark.parametrize(("expected", "given"), STOPS.values(), ids=STOPS.keys())
def test_stops_that_the_kubelet_may_have_ordered(expected: str, given: Facts) -> None:
    """A stop has no cause if the kubelet may have replaced image or sandbox unseen."""
    assert expected == judge(given)
