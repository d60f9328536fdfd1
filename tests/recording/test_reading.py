"""Reading records of several namespaces, of which some may not be read."""

import pytest

from probewatch.recording.reading import REFUSED_SECONDS
from probewatch.recording.recording import RETRY_SECONDS
from probewatch.settings import Settings
from tests.recording.scene import Cluster, Divided, Replica, troubled
from tests.support.fake_time import FakeTime

SETTINGS = Settings(instance="one", namespaces=("shop", "other"))


async def test_a_start_waits_for_a_missing_right_no_longer_than_it_takes_to_load_rules() -> None:
    """Without the right to read one namespace, the others are not watched later for it."""
    time, cluster = FakeTime(), Divided()
    cluster.agree(SETTINGS)
    begun = time.seconds
    await Replica(cluster, time, SETTINGS).recording.start()

    assert REFUSED_SECONDS <= time.seconds - begun <= REFUSED_SECONDS + RETRY_SECONDS


async def test_a_start_does_not_wait_for_a_definition() -> None:
    """Without the CRD there are no records, however often they are asked for."""
    time, cluster = FakeTime(), Cluster()
    troubled(cluster, time, lambda _passed: 404)
    begun = time.seconds
    await Replica(cluster, time, SETTINGS).recording.start()

    assert begun == time.seconds


async def test_a_namespace_that_cannot_be_read_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The records are read again and again while the right is missing."""
    time, cluster = FakeTime(), Divided()
    cluster.agree(SETTINGS)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    await replica.pass_time(100)

    assert ["other"] == [
        getattr(each, "namespace", "")
        for each in caplog.records
        if each.getMessage() == "Records of a namespace cannot be read"
    ]
