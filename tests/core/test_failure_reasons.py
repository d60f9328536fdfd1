"""A probe verdict says how the probe failed, if the kubelet reported that just before the end."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.book import Mark
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.evidence import FailureReason
from probewatch.core.restarts import Path
from probewatch.core.spec import ProbeType
from probewatch.core.verdict import FAILED_WITH
from tests.support.builders import died, facts, failed, mark, started

KILL = mark(K.KILL_LIVENESS, 40)
SAID = "kubelet: failed liveness probe, kill 1"
TIMEOUT = replace(failed(ProbeType.LIVENESS, 39, 1), failure=FailureReason.TIMEOUT)


def first_fact(*failures: Mark, end: float = 41) -> str:
    """The first evidence of the verdict on a liveness kill after these failures."""
    _, verdict = attribute(facts(died(end=end), kills=(KILL,), failures=failures))
    return verdict.evidence[0]


@pytest.mark.parametrize("reason", FailureReason)
def test_each_failure_reason_has_its_words(reason: FailureReason) -> None:
    """Each known way to fail has a wording; errors and unknown ways are omitted."""
    silent = {FailureReason.ERRORED, FailureReason.OTHER}
    fact = first_fact(replace(TIMEOUT, failure=reason))

    assert (reason in silent) is (fact == SAID)
    assert (reason in silent) is (reason not in FAILED_WITH)


def test_the_last_failure_is_reported() -> None:
    """A probe may fail in several ways; the last one before the kill is named."""
    refused = replace(TIMEOUT, at=34.0, failure=FailureReason.REFUSED)

    assert f"{SAID}, last failure: timeout" == first_fact(refused, TIMEOUT)
    assert f"{SAID}, last failure: timeout" == first_fact(TIMEOUT, refused)


def test_other_failures_are_not_reported() -> None:
    """Failures of another probe, of the instance before or of long ago are not named."""
    readiness = replace(TIMEOUT, probe_type=ProbeType.READINESS)
    earlier = replace(TIMEOUT, at=-5.0)

    assert SAID == first_fact(readiness, earlier)
    assert SAID == first_fact(replace(TIMEOUT, at=1.0), end=80)


def test_inferred_causes_tell_it_too() -> None:
    """A verdict inferred from failures up to the threshold also says how the probe failed."""
    many = replace(failed(ProbeType.LIVENESS, 39, 3), failure=FailureReason.HTTP_5XX)
    _, verdict = attribute(facts(died(), failures=(many,)))

    told = "3 liveness probe failures were reported before it ended, last failure: HTTP 5xx"
    assert told == verdict.evidence[0]


def test_an_own_end_tells_no_failure() -> None:
    """If the container exited by itself, probe failures are not evidence."""
    own = facts(died(1), failures=(TIMEOUT,), starts=started(42), path=Path.TERMINATED_SEEN)
    _, verdict = attribute(own)

    assert "timeout" not in " ".join(verdict.evidence)
