"""Windows has no signals: exit codes are 32 bits wide, and 137 or 143 mean nothing special."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.facts import Facts
from probewatch.core.model import Termination
from probewatch.core.past import SURE
from probewatch.core.restarts import Change, Path
from probewatch.core.spec import Container, PodSpec, ProbeType, RestartPolicy, RestartRule
from tests.support.builders import (
    LIVENESS,
    READINESS,
    counted,
    died,
    facts,
    failed,
    mark,
    past,
    spec,
    started,
)

CONFIRMED, HIGH, MEDIUM = Confidence.CONFIRMED, Confidence.HIGH, Confidence.MEDIUM

CONTROL_C, LOGOFF = -1073741510, -1073741205
"""0xC000013A and 0xC000026B: exit codes of a process that does not handle the shutdown."""
TERMINATED = 1067
SHUT_DOWN = 0x40010004
"""Exit code of a process that does not end in time when the system shuts down."""
ACCESS_VIOLATION, CLR_EXCEPTION = -1073741819, -532462766
"""0xC0000005 and 0xE0434352."""

PROBED = spec(windows=True)
HOOKED = spec(Container(name="app", liveness=LIVENESS, has_post_start=True), windows=True)
UNPROBED = spec(Container(name="app", readiness=READINESS), windows=True)
SEEN = Path.TERMINATED_SEEN


def told(given: Facts) -> tuple[Cause, Confidence]:
    """The cause, and the confidence in it."""
    verdict = attribute(given)[1]
    return verdict.cause, verdict.confidence


def ended(exit_code: int, pod: PodSpec = PROBED, **more: object) -> Facts:
    """A container seen as terminated and started again, with all start Events."""
    given: dict[str, object] = {"path": SEEN, "starts": started(42.0), "next_start": 42.0, **more}
    return facts(died(exit_code), pod=pod, **given)  # type: ignore[arg-type]  # checked there


@pytest.mark.parametrize("exit_code", [0, 1, 3, 255, 137, 143, CONTROL_C])
def test_the_kubelets_word_is_what_it_is(exit_code: int) -> None:
    """A kill announced by the kubelet is Confirmed whatever the exit code."""
    given = facts(
        died(exit_code), pod=PROBED, path=Path.IN_PLACE, kills=(mark(K.KILL_LIVENESS, 39.0),)
    )

    assert told(given) == (Cause.LIVENESS_PROBE, CONFIRMED)


@pytest.mark.parametrize("exit_code", [1, 3, 137, 143, 139])
def test_there_are_no_signals(exit_code: int) -> None:
    """Exit codes that mean a signal on Linux are the application's own."""
    assert told(ended(exit_code)) == (Cause.ERROR, CONFIRMED)
    assert told(ended(exit_code, UNPROBED)) == (Cause.ERROR, CONFIRMED)


@pytest.mark.parametrize("exit_code", [CONTROL_C, LOGOFF, TERMINATED, SHUT_DOWN])
def test_what_a_stop_leaves_is_no_end_of_its_own(exit_code: int) -> None:
    """Exit codes of a shutdown give Signal, never with more than Medium."""
    assert told(ended(exit_code)) == (Cause.SIGNAL, MEDIUM)


@pytest.mark.parametrize("exit_code", [ACCESS_VIOLATION, CLR_EXCEPTION])
def test_a_crash_is_an_error(exit_code: int) -> None:
    """Exit codes of a crash, by Windows or a language runtime, give Error."""
    assert told(ended(exit_code)) == (Cause.ERROR, CONFIRMED)
    assert (
        told(facts(died(exit_code), pod=PROBED, failures=(failed(ProbeType.LIVENESS, 9, 1),)))[0]
        == Cause.ERROR
    )


def test_minus_one_is_not_sure() -> None:
    """An application may exit with -1, but the shim also writes it for an unknown exit code."""
    assert told(ended(-1)) == (Cause.ERROR, MEDIUM)


@pytest.mark.parametrize("exit_code", [1, 3, 143, CONTROL_C, TERMINATED])
def test_an_exit_code_backs_no_kill(exit_code: int) -> None:
    """No exit code is the second fact that probe failures need for High."""
    given = facts(died(exit_code), pod=PROBED, failures=(failed(ProbeType.LIVENESS, 39.0, 3),))

    assert told(given) == (Cause.LIVENESS_PROBE, MEDIUM)
    assert told(replace(given, restart=replace(given.restart, path=Path.IN_PLACE)))[1] is HIGH


@pytest.mark.parametrize("exit_code", [0, 1, 3, 137, CONTROL_C])
def test_no_exit_code_speaks_against_a_kill(exit_code: int) -> None:
    """A stopped application may exit with any code: without evidence the cause is Unknown."""
    given = facts(died(exit_code), pod=PROBED, failures=(failed(ProbeType.READINESS, 9.0, 1),))

    assert told(given) == (Cause.UNKNOWN, Confidence.LOW)


@pytest.mark.parametrize("exit_code", [137, 143])
def test_hook_that_failed_in_the_second_of_the_end(exit_code: int) -> None:
    """No exit code tells whether a hook failed because its container had ended."""
    given = facts(died(exit_code, end=41.0), pod=HOOKED, others=(mark(K.POST_START_FAILED, 41.0),))

    assert told(given) == (Cause.POST_START_HOOK, MEDIUM)


def test_kill_that_took_too_long() -> None:
    """Exit code 137 does not prove a forced kill, so a late end is not Confirmed."""
    given = facts(
        died(137, end=141.0),
        pod=PROBED,
        path=Path.IN_PLACE,
        kills=(mark(K.KILL_LIVENESS, 39.0),),
    )

    assert told(given) == (Cause.LIVENESS_PROBE, MEDIUM)


def test_memory_is_not_told_by_137() -> None:
    """Windows has no OOM killer, so 137 does not mean out of memory."""
    before = (past(Cause.OOM_KILLED, 137, 41.0),)
    given = facts(died(137), pod=UNPROBED, path=SEEN, past=before)

    assert told(given)[0] is Cause.ERROR


def test_rule_on_an_exit_code_may_follow_a_kill() -> None:
    """A matching restart rule does not tell who ended the container."""
    rule = RestartRule(action="Restart", operator="In", values=(3,))
    container = Container(name="app", liveness=LIVENESS, restart_rules=(rule,))
    pod = spec(container, windows=True, restart_policy=RestartPolicy.NEVER)
    given = facts(died(3), pod=pod, failures=(failed(ProbeType.LIVENESS, 39.0, 3),))

    assert told(given) == (Cause.LIVENESS_PROBE, MEDIUM)


@pytest.mark.parametrize("exit_code", [-1, 1, 143, CONTROL_C])
def test_end_before_a_reboot(exit_code: int) -> None:
    """Any exit code may result from a reboot, and none gives more than Medium."""
    given = facts(
        died(exit_code),
        pod=PROBED,
        next_start=90.0,
        pod_others=(mark(K.NODE_REBOOTED, 80.0),),
    )

    assert told(given) == (Cause.NODE_REBOOT, MEDIUM)


def test_crash_whose_kill_was_counted() -> None:
    """A counted kill gives only Medium if a crash code explains the end as well."""
    given = facts(died(ACCESS_VIOLATION), pod=PROBED, repaired=K.KILL_LIVENESS)

    assert told(given) == (Cause.LIVENESS_PROBE, MEDIUM)


def test_image_changed_before_it_was_shown_dead() -> None:
    """A container replaced for a changed image may end with any code, so Error is Medium."""
    assert told(ended(3, change=Change(image=True))) == (Cause.ERROR, MEDIUM)


def test_counter_that_rules_a_probe_out() -> None:
    """The kubelet's probe counters count the same on Windows."""
    given = facts(died(1), pod=PROBED, readings=counted(0))

    assert told(given) == (Cause.ERROR, HIGH)


@pytest.mark.parametrize("exit_code", [256, TERMINATED, -2, CONTROL_C, 2**31 - 1, -(2**31)])
def test_exit_code_that_linux_does_not_have(exit_code: int) -> None:
    """An exit code that Linux cannot have shows Windows if the spec does not say."""
    given = facts(died(exit_code), failures=(failed(ProbeType.LIVENESS, 39.0, 3),))

    assert given.exit.on_windows
    assert told(given)[1] not in SURE


def test_earlier_exit_code_that_linux_does_not_have() -> None:
    """Such an exit code of an earlier restart also shows Windows."""
    before = (past(Cause.ERROR, CONTROL_C, 10.0),)
    given = facts(died(143), past=before, path=SEEN, starts=started(42.0), next_start=42.0)

    assert told(given) == (Cause.ERROR, CONFIRMED)


def test_linux_is_what_it_was() -> None:
    """Exit codes from 0 to 255 are read as on Linux unless the pod is known to be on Windows."""
    given = facts(
        Termination(exit_code=143, started_at=0.0, finished_at=41.0, container_id="A"),
        failures=(failed(ProbeType.LIVENESS, 39.0, 3),),
    )

    assert not given.exit.on_windows
    assert told(given) == (Cause.LIVENESS_PROBE, HIGH)
