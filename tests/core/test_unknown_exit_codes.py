"""Ends without a known exit code, or with one that the runtime puts in its place."""

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.exits import OOM_KILLED
from probewatch.core.facts import Facts
from probewatch.core.restart_policy import will_restart
from probewatch.core.restarts import Change, Path
from probewatch.core.spec import Container, PodSpec, ProbeType, RestartPolicy, RestartRule
from tests.support.builders import (
    LIVENESS,
    READINESS,
    died,
    facts,
    failed,
    mark,
    past,
    spec,
    started,
)

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW

NOT_KNOWN = [-1, None]
"""CRI-O writes -1 for it; None is a status without a readable exit code."""


def told(given: Facts) -> tuple[Cause, Confidence]:
    """The cause, and the confidence in it."""
    verdict = attribute(given)[1]
    return verdict.cause, verdict.confidence


@pytest.mark.parametrize("exit_code", NOT_KNOWN)
@pytest.mark.parametrize("probe", ["liveness", "readiness"])
def test_end_that_no_probe_made(exit_code: int | None, probe: str) -> None:
    """That the kubelet did not kill the container does not say how it ended."""
    container = Container(name="app", **{probe: LIVENESS if probe == "liveness" else READINESS})  # type: ignore[arg-type]  # a field for each type
    given = facts(
        died(exit_code),
        pod=spec(container),
        path=Path.TERMINATED_SEEN,
        starts=started(42.0),
        next_start=42.0,
    )
    rule, verdict = attribute(given)

    assert (rule.name, verdict.cause, verdict.confidence) == ("start-canary", Cause.UNKNOWN, LOW)
    assert not verdict.final


@pytest.mark.parametrize("exit_code", NOT_KNOWN)
def test_end_without_evidence(exit_code: int | None) -> None:
    """An unknown exit code does not speak against a kill, so the cause stays unknown."""
    given = facts(died(exit_code), failures=(failed(ProbeType.READINESS, 9.0, 1),))

    assert told(given) == (Cause.UNKNOWN, LOW)


@pytest.mark.parametrize("exit_code", NOT_KNOWN)
def test_kill_that_was_due(exit_code: int | None) -> None:
    """Failures up to the threshold alone give Medium: there is no second fact."""
    given = facts(died(exit_code), failures=(failed(ProbeType.LIVENESS, 39.0, 3),))

    assert told(given) == (Cause.LIVENESS_PROBE, MEDIUM)


@pytest.mark.parametrize("exit_code", NOT_KNOWN)
def test_memory(exit_code: int | None) -> None:
    """The runtime's OOMKilled without an exit code is more than an OOM kill of a child process."""
    given = facts(
        died(exit_code, reason=OOM_KILLED),
        pod=spec(Container(name="app", readiness=READINESS)),
        path=Path.TERMINATED_SEEN,
    )

    assert told(given) == (Cause.OOM_KILLED, MEDIUM)


@pytest.mark.parametrize("exit_code", [-1, None, 128, 255])
def test_new_sandbox(exit_code: int | None) -> None:
    """Beside a new sandbox such an exit code means that the runtime lost the container.

    gVisor writes 128 if its sandbox is gone, Kata Containers and CRI-O write 255.
    """
    given = facts(died(exit_code), path=Path.TERMINATED_SEEN, change=Change(sandbox=True))

    assert told(given) == (Cause.NODE_REBOOT, MEDIUM)


@pytest.mark.parametrize("exit_code", [-1, None, 128, 255])
def test_reboot(exit_code: int | None) -> None:
    """If no exit code was seen, the node's Event gives the cause."""
    given = facts(died(exit_code), next_start=90.0, pod_others=(mark(K.NODE_REBOOTED, 80.0),))

    assert told(given) == (Cause.NODE_REBOOT, HIGH)


@pytest.mark.parametrize("exit_code", NOT_KNOWN)
def test_no_two_are_alike(exit_code: int | None) -> None:
    """Earlier ends with unknown exit codes form no pattern for the next one."""
    before = (past(Cause.LIVENESS_PROBE, exit_code, 41.0, MEDIUM),) * 2
    given = facts(died(exit_code), past=before, failures=(failed(ProbeType.READINESS, 9.0, 1),))

    assert told(given) == (Cause.UNKNOWN, LOW)


def test_restart_that_nobody_saw_is_like_none() -> None:
    """The exit code -1 on Windows does not match a restart whose end was not shown."""
    unseen = past(Cause.LIVENESS_PROBE, None, None, MEDIUM)
    own = past(Cause.ERROR, -1, 41.0, HIGH, own_end=True)
    given = facts(died(-1), pod=spec(windows=True), past=(unseen, own), path=Path.TERMINATED_SEEN)

    assert given.ends_so_itself()


@pytest.mark.parametrize("operator", ["In", "NotIn"])
def test_rules_on_exit_codes(operator: str) -> None:
    """No restart rule on exit codes matches an unknown one."""
    rule = RestartRule(action="Restart", operator=operator, values=(137,))

    assert not rule.matches(None)


@pytest.mark.parametrize("policy", RestartPolicy)
def test_policies(policy: RestartPolicy) -> None:
    """An unknown exit code counts as a failure: every policy but Never restarts the container."""
    container = Container(name="app")
    again = will_restart(container, PodSpec(restart_policy=policy), None)

    assert again is (policy is not RestartPolicy.NEVER)


@pytest.mark.parametrize("exit_code", NOT_KNOWN)
def test_memory_is_not_outweighed_by_a_restart_that_nobody_saw(exit_code: int | None) -> None:
    """Two unknown exit codes are not the same exit code."""
    unseen = past(Cause.LIVENESS_PROBE, None, None, MEDIUM)
    given = facts(died(exit_code, reason=OOM_KILLED), past=(unseen,), path=Path.IN_PLACE)

    assert told(given) == (Cause.OOM_KILLED, MEDIUM)
