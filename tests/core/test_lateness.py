"""From when on a status is late, so that states before it may be missing."""

from dataclasses import replace

import pytest

from probewatch.core.lateness import LATE_STATUS, is_late
from probewatch.core.model import ContainerStatus
from probewatch.core.restarts import Watermark
from probewatch.core.spec import Container
from tests.support.builders import LIVENESS, died, pod, spec, status

MARK = Watermark(name="app", count=0, running_since=1.0)
LEAD = 2.0
NOW = 100.0
LATE = NOW - LEAD - LATE_STATUS - 1
RESTARTED = status(running_since=LATE)
HELD_BACK = status(running_since=None, waiting_reason="CrashLoopBackOff", last=died(end=LATE))


@pytest.mark.parametrize(
    ("late", "given"),
    [
        (True, RESTARTED),
        (False, replace(RESTARTED, running_since=LATE + 1)),
        (True, HELD_BACK),
        (False, replace(HELD_BACK, last=died(end=LATE + 1))),
        (False, replace(HELD_BACK, waiting_reason="ErrImagePull")),
        (False, replace(HELD_BACK, last=None)),
        (False, replace(HELD_BACK, last=died(end=None))),
        (False, replace(RESTARTED, running_since=0.5)),
        (True, replace(RESTARTED, running_since=1.0)),
    ],
    ids=[
        *("restarted", "restarted just now", "held back", "held back just now", "pulling"),
        *("no end", "no time", "clock set back", "not set back"),
    ],
)
def test_a_late_status(given: ContainerStatus, late: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """A status is late if it arrives that much later than usual after what the kubelet did."""
    assert late is is_late(pod(2), MARK, given, now=NOW, lead=LEAD)


def test_what_cannot_be_told_is_not_late() -> None:
    """Nothing is late before a usual delay is known, or if a hook may delay any status."""
    hooked = spec(
        Container(name="app", liveness=LIVENESS), Container(name="b", has_post_start=True)
    )

    assert not is_late(pod(2), MARK, RESTARTED, now=NOW, lead=None)
    assert not is_late(pod(2, spec=hooked), MARK, RESTARTED, now=NOW, lead=LEAD)
    assert is_late(pod(2), replace(MARK, running_since=None), RESTARTED, now=NOW, lead=LEAD)
