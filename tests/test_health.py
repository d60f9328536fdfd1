"""Health: liveness, readiness and missing rights, judged from the state of the watches."""

import pytest

from probewatch.health import Health
from probewatch.missing_rights import RightsCheck
from probewatch.watch.transport import WatchStats
from tests.support.fake_time import FakeTime

LIMIT = 180.0


def watch(
    resource: str = "pods", *, heard: float | None = None, synced: bool = False
) -> WatchStats:
    return WatchStats(resource=resource, last_activity=heard, synced=synced)


def health(time: FakeTime, pods: WatchStats, *others: WatchStats) -> Health:
    return Health(essential=[pods], others=others, silence_seconds=LIMIT, clock=time.clock)


SILENCES = {
    "heard of just now": (watch(heard=1000.0), LIMIT, False),
    "silent for too long": (watch(heard=1000.0), LIMIT + 1, True),
    "not heard of yet": (watch(), LIMIT, False),
    "never heard of": (watch(), LIMIT + 1, True),
}


@pytest.mark.parametrize(("pods", "passed", "silent"), SILENCES.values(), ids=SILENCES.keys())
def test_silence_of_pods(pods: WatchStats, passed: float, *, silent: bool) -> None:
    """The operator is not live if the watch of pods was silent, or not begun, for too long."""
    time = FakeTime()
    judged = health(time, pods)
    time.seconds += passed

    assert silent is bool(judged.find_silence())


@pytest.mark.parametrize(("trouble", "silent"), [("429", False), ("500", True), ("", True)])
def test_server_that_asks_to_wait_is_alive(trouble: str, *, silent: bool) -> None:
    """A server that answers 429 does not fail liveness: a restart would only add requests."""
    time = FakeTime()
    pods = watch(heard=1000.0, synced=True)
    judged = health(time, pods)
    time.seconds += LIMIT + 1
    if trouble:
        pods.failed(trouble)

    assert silent is bool(judged.find_silence())


def test_watch_without_its_right_is_no_fault() -> None:
    """An optional watch that never began may lack its right; a silent one fails liveness."""
    time = FakeTime()
    judged = health(time, watch(heard=1180.0), watch("events"), watch("node-events", heard=1000.0))
    time.seconds += LIMIT + 1

    assert ("the watch of node-events was silent for 181 s",) == judged.find_silence()


def test_history_that_went_back_is_no_life() -> None:
    """An API server restored from a backup fails liveness: what is known of pods is outdated."""
    time = FakeTime()
    pods, events = watch(heard=1000.0, synced=True), watch("events", heard=1000.0)
    judged = health(time, pods, events)
    events.went_back = True
    before = judged.find_silence()
    pods.went_back = True

    assert () == before
    assert ("pods are of an older history than before: restored from a backup?",) == (
        judged.find_silence()
    )


def test_ready_when_all_pods_are_known() -> None:
    """The operator is ready once pods are listed in full; other watches do not count."""
    time = FakeTime()
    pods = watch()
    judged = health(time, pods, watch("events"))
    before = judged.facts()
    pods.synced = True

    assert {"silent": (), "unsynced": ("pods are not listed in full yet",)} == before
    assert {"silent": (), "unsynced": ()} == judged.facts()


def test_missing_right_is_logged_while_it_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    """Each check logs what was refused since the one before, and what that costs."""
    pods, events = watch("pods/shop"), watch("events/shop")
    check = RightsCheck([pods, events], refused=lambda: False)
    check.check()
    pods.failed("403")
    check.check()
    check.check()
    pods.heard()
    events.failed("400")
    check.check()

    right = ("A right is missing: list and watch", "pods/shop", "pods are not watched")
    selector = (
        "The API server rejects the request as invalid; is the selector right?",
        "events/shop",
        "causes are found from the states of containers alone, and are less certain",
    )
    assert [right, right, selector] == [
        (record.message, vars(record)["resource"], vars(record)["consequence"])
        for record in caplog.records
    ]


def test_end_of_a_refusal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """After a right was granted, the next check logs that, and no longer the refusal."""
    caplog.set_level("INFO")
    pods = watch("pods")
    check = RightsCheck([pods], refused=lambda: False)
    pods.failed("403")
    check.check()
    pods.heard()
    told = [check.check(), check.check()]

    assert [False, False] == told
    assert ["A right is missing: list and watch", "Not refused any more"] == caplog.messages


def test_refused_credentials_are_logged_before_any_watch_has_begun(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Refused credentials are logged at each check, whichever request they were refused for."""
    pods = watch("pods")
    check = RightsCheck([pods], refused=lambda: True)
    pods.failed("401")

    assert check.check()
    assert check.check()
    assert ["The API server refuses the credentials"] * 2 == caplog.messages


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("", ""),
        ("401", " (401: the API server refuses the credentials)"),
        ("ConnectionRefusedError", " (ConnectionRefusedError)"),
    ],
)
def test_health_tells_what_went_wrong(trouble: str, words: str) -> None:
    """The reason for not being ready or live contains the last error of the API server."""
    time = FakeTime()
    pods = watch()
    judged = health(time, pods)
    time.seconds += LIMIT + 1
    if trouble:
        pods.failed(trouble)

    assert (f"pods are not listed in full yet{words}",) == judged.find_unsynced()
    assert (f"the watch of pods was silent for 181 s{words}",) == judged.find_silence()
