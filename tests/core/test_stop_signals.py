"""Stop signals that a pod declares: exit codes that a kill by the kubelet leaves."""

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.exits import SIGNAL_BASE
from probewatch.core.facts import Facts
from probewatch.core.signals import SIGNALS
from probewatch.core.spec import Container, ProbeType
from tests.support.builders import LIVENESS, died, facts, failed, mark, spec

CONFIRMED, HIGH, MEDIUM = Confidence.CONFIRMED, Confidence.HIGH, Confidence.MEDIUM
RTMIN_3 = SIGNALS["SIGRTMIN+3"]


def ended(signal: int, *, declared: int, said: bool) -> Facts:
    """A container that this signal ended, when its liveness probe had failed for the third time."""
    pod = spec(Container(name="app", liveness=LIVENESS, stop_signal=declared))
    return facts(
        died(SIGNAL_BASE + signal),
        pod=pod,
        kills=(mark(K.KILL_LIVENESS, 41),) if said else (),
        failures=(failed(ProbeType.LIVENESS, 40, 3),),
    )


@pytest.mark.parametrize(
    ("signal", "declared", "said", "unsaid"),
    [
        (RTMIN_3, RTMIN_3, (Cause.LIVENESS_PROBE, CONFIRMED), (Cause.LIVENESS_PROBE, HIGH)),
        (RTMIN_3, 0, (Cause.LIVENESS_PROBE, MEDIUM), (Cause.UNKNOWN, Confidence.LOW)),
        (
            RTMIN_3,
            SIGNALS["SIGPWR"],
            (Cause.LIVENESS_PROBE, MEDIUM),
            (Cause.UNKNOWN, Confidence.LOW),
        ),
        (6, SIGNALS["SIGABRT"], (Cause.LIVENESS_PROBE, MEDIUM), (Cause.LIVENESS_PROBE, MEDIUM)),
    ],
    ids=["declared", "not declared", "another one declared", "also a fault"],
)
def test_a_declared_stop_signal_is_that_of_a_kill(
    signal: int,
    declared: int,
    said: tuple[Cause, Confidence],
    unsaid: tuple[Cause, Confidence],
) -> None:
    """The signal that stops a container is no crash, unless a fault of its own raises it too."""
    for expected, by_event in ((said, True), (unsaid, False)):
        _, verdict = attribute(ended(signal, declared=declared, said=by_event))

        assert expected == (verdict.cause, verdict.confidence)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *(("SIGHUP", 1), ("SIGABRT", 6), ("SIGIOT", 6), ("SIGKILL", 9), ("SIGUSR1", 10)),
        *(("SIGSEGV", 11), ("SIGUSR2", 12), ("SIGTERM", 15), ("SIGSTKFLT", 16), ("SIGCLD", 17)),
        *(("SIGWINCH", 28), ("SIGPOLL", 29), ("SIGIO", 29), ("SIGPWR", 30), ("SIGSYS", 31)),
        *(("SIGRTMIN", 34), ("SIGRTMIN+15", 49), ("SIGRTMAX-14", 50), ("SIGRTMAX", 64)),
    ],
)
def test_numbers_of_signals(name: str, number: int) -> None:
    """Signals have the numbers of Linux on x86 and ARM."""
    assert number == SIGNALS[name]


def test_all_names_of_the_api() -> None:
    """The API accepts 65 names: 31 signals, 3 aliases, and 31 real-time signals."""
    assert 65 == len(SIGNALS)
