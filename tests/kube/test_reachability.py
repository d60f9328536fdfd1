"""An API server that is away is in the log, and so is its return, but not every hiccup."""

import pytest

from probewatch.kube.reachability import Reachability
from tests.support.fake_time import FakeTime

AWAY = "The API server cannot be reached; retrying until it can"
BACK = "The API server answers again"


def test_outage_is_logged_each_minute_and_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """An outage of the server is logged once a minute, and its end with the time that it lasted."""
    time = FakeTime()
    reachability = Reachability(time.clock)
    for _ in range(100):
        reachability.failed("https://api", OSError("refused"))
        time.seconds += 1
        assert reachability.is_away
    reachability.answered()

    assert [AWAY, AWAY, BACK] == caplog.messages
    assert 100.0 == vars(caplog.records[-1])["after_seconds"]


def test_one_of_several_servers_that_is_away_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """When every other request has no response, that is logged once a minute."""
    time = FakeTime()
    reachability = Reachability(time.clock)
    for _ in range(100):
        reachability.failed("https://api", OSError("refused"))
        time.seconds += 1
        reachability.answered()

    assert [AWAY, BACK] * 2 == caplog.messages


def test_outage_that_begins_just_after_another_is_told_if_it_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is not logged at once is logged after a minute."""
    time = FakeTime()
    reachability = Reachability(time.clock)
    for seconds in (0, 50):
        time.seconds += seconds
        reachability.failed("https://api", OSError("refused"))
        reachability.answered()
    for _ in range(20):
        reachability.failed("https://api", OSError("refused"))
        time.seconds += 1

    assert [AWAY, BACK, AWAY] == caplog.messages
