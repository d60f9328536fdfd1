"""Refusals that may be those of an API server that has just started."""

from probewatch.kube.events.doubt import DOUBT_SECONDS, NAMESPACES_KEPT, Doubt
from tests.support.fake_time import FakeTime


def test_only_the_last_namespaces_are_remembered() -> None:
    """Namespaces come and go: what was believed of one is forgotten after many others."""
    time = FakeTime()
    doubt = Doubt(time.clock)
    doubt.find_pause("old")
    time.seconds += DOUBT_SECONDS
    believed = doubt.find_pause("old")
    for number in range(NAMESPACES_KEPT):
        doubt.find_pause(f"new-{number}")

    assert 0.0 == believed
    assert doubt.find_pause("old") > 0
