"""How later counts, of Events and of the kubelet's probe counters, correct verdicts."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Confidence
from probewatch.core.counters import Reading
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.facts import CLOCK_SLACK
from probewatch.core.findings import CountingBegan, Finding, Restart, RestartCorrected
from probewatch.core.observe import CountersRead
from probewatch.core.spec import Container
from probewatch.store import Store
from tests.core.test_observe import UID, feed, followed, hear, only, restarted, running
from tests.support.builders import LIVENESS, STARTUP, pod, spec


def read_counters(store: Store, failed: int, now: float, container: str = "app") -> list[Finding]:
    reading = Reading(at=now, process=1.0, liveness=failed)
    return list(store.feed(CountersRead(uid=UID, container=container, reading=reading), now))


def test_counters_correct_a_published_verdict() -> None:
    """A probe counter that did not rise rules the probe out, also after the verdict."""
    store = Store()
    feed(store, pod(1, running(3)), 1)
    assert [] == read_counters(store, 5, 2)
    feed(store, pod(2, restarted(4, 300)), 300)
    [told] = only(Restart, list(store.tick(330)))
    [corrected] = only(RestartCorrected, read_counters(store, 5, 340))

    assert isinstance(told, Restart)
    assert isinstance(corrected, RestartCorrected)
    assert (Cause.LIVENESS_PROBE, Cause.SIGNAL) == (told.cause, corrected.now.cause)


def test_counters_are_kept_only_of_containers_that_restart() -> None:
    """Counters of containers that never restarted, or do not exist, are not kept."""
    store = followed()
    read_counters(store, 5, 2)
    read_counters(store, 5, 2, container="nobody")
    feed(store, pod(2, restarted(1, 300)), 300)
    store.tick(330)

    assert [] == read_counters(store, 5, 340)


@pytest.mark.parametrize(
    ("why", "repaired"),
    [
        ({"exit_code": 9}, True),
        ({"exit_code": 9, "finished_at": 239.9 - CLOCK_SLACK}, True),
        ({"exit_code": 9, "started_at": 1.0, "finished_at": 39.0}, False),
    ],
    ids=["in between", "just before the next kill", "before the last kill"],
)
def test_a_kill_in_between_repairs(why: dict[str, object], *, repaired: bool) -> None:
    """A count of kills corrects only restarts that ended between its two reports."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    feed(store, pod(3, restarted(2, 142, **why)), 142, relisted=True)
    store.tick(172)
    found = hear(store, K.KILL_LIVENESS, 240.0, count=3, first_at=40.0)

    assert repaired is bool(only(RestartCorrected, found))


def test_a_startup_kill_repairs_only_what_never_started() -> None:
    """A container that had passed its startup probe was not killed by it."""
    for started, expected in ((True, 0), (False, 1)):
        store = Store()
        both = spec(Container(name="app", startup=STARTUP, liveness=LIVENESS))
        begun = replace(running(), started=started)
        feed(store, pod(1, begun, spec=both), 1)
        hear(store, K.KILL_STARTUP, 0.5)
        feed(store, pod(2, replace(restarted(1, 42, exit_code=9), started=False), spec=both), 42)
        store.tick(72)
        found = hear(store, K.KILL_STARTUP, 240.0, count=3, first_at=0.5)
        assert expected == len(only(RestartCorrected, found))


def test_more_restarts_than_kills_repair_nothing() -> None:
    """With fewer kills than restarts nobody can tell which one was killed: none is corrected."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    for count, now in ((2, 142), (3, 242)):
        feed(store, pod(count + 1, restarted(count, now, exit_code=9)), now, relisted=True)
    store.tick(300)

    assert [] == only(RestartCorrected, hear(store, K.KILL_LIVENESS, 340.0, count=3, first_at=40.0))


@pytest.mark.parametrize(("count", "expected"), [(3, 0), (4, 2), (5, 2)])
def test_a_restart_that_nobody_saw_may_have_been_the_kill(count: int, expected: int) -> None:
    """Counted kills correct restarts only if there is one for each, unobserved ones included."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    feed(store, pod(3, restarted(3, 142, exit_code=9)), 142)
    store.tick(300)
    found = hear(store, K.KILL_LIVENESS, 340.0, count=count, first_at=40.0)

    assert expected == len(only(RestartCorrected, found))


def test_an_end_that_was_never_shown_may_have_been_the_kill() -> None:
    """A restart without a termination is corrected too, as it may be the one that was killed."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    feed(store, pod(3, replace(restarted(2, 142), last=None)), 142)
    store.tick(200)
    found = hear(store, K.KILL_LIVENESS, 340.0, count=3, first_at=40.0)

    assert [Cause.LIVENESS_PROBE] == [
        each.now.cause for each in found if isinstance(each, RestartCorrected)
    ]


def test_what_was_forgotten_may_have_been_the_kill() -> None:
    """After more restarts than are remembered, a kill's count corrects none."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    for count in range(2, 20):
        now = 100.0 * count
        feed(store, pod(count + 1, restarted(count, now, exit_code=9)), now, relisted=True)
    store.tick(2000)

    assert [] == only(RestartCorrected, hear(store, K.KILL_LIVENESS, 2040.0, count=99, first_at=40))


def test_restarts_are_published_before_their_count_falls() -> None:
    """Pending restarts are reported before a reset of the restart count."""
    store = followed()
    feed(store, pod(2, restarted(1, 42)), 42)
    found = feed(store, pod(3, replace(running(0), container_id="new")), 50)

    assert [Restart, CountingBegan] == [type(each) for each in found]


def test_terminations_without_a_container_are_told_apart_by_their_times() -> None:
    """A termination without a container ID is new if its times are."""
    store = Store()
    nameless = {"container_id": ""}
    feed(store, pod(1, restarted(1, 50, **nameless)), 50)
    feed(store, pod(2, restarted(2, 150, **nameless)), 150)
    same = replace(restarted(3, 250), last=restarted(2, 150, **nameless).last)
    found = [*feed(store, pod(3, same), 250), *store.tick(300)]

    assert [149.0, None] == [each.finished_at for each in found if isinstance(each, Restart)]


OOM = {"exit_code": 137, "reason": "OOMKilled"}


def failures_arrive(store: Store) -> list[Finding]:
    """Enough late probe failures for a kill: an explanation of the same confidence."""
    said = {"count": 3, "first_at": 30.0, "probe_type": "Liveness"}
    return only(RestartCorrected, hear(store, K.PROBE_FAILED, 40.0, **said))


def test_runtime_that_took_its_word_back_is_followed_once() -> None:
    """After one changed termination only a surer verdict counts, so that it does not flip back."""
    store = followed()
    feed(store, pod(2, restarted(1, 42, exit_code=137)), 42)
    [told] = only(Restart, list(store.tick(72)))
    [corrected] = only(RestartCorrected, feed(store, pod(3, restarted(1, 42, **OOM)), 73))

    assert isinstance(told, Restart)
    assert isinstance(corrected, RestartCorrected)
    assert (Cause.LIVENESS_PROBE, Cause.OOM_KILLED) == (told.cause, corrected.now.cause)
    assert [] == failures_arrive(store)


def test_verdict_by_a_word_that_was_taken_back_before_needs_a_surer_one() -> None:
    """A termination corrected before the verdict is not replaced by an equally sure cause."""
    store = followed()
    feed(store, pod(2, restarted(1, 42, exit_code=137)), 42)
    feed(store, pod(3, restarted(1, 42, **OOM)), 43)
    [told] = only(Restart, list(store.tick(72)))

    assert isinstance(told, Restart)
    assert Cause.OOM_KILLED is told.cause
    assert [] == failures_arrive(store)


def test_own_verdict_of_a_restart_does_not_make_it_surer() -> None:
    """Two similar restarts make a third surer; none is compared with itself."""
    store = followed()
    own = {"exit_code": 3}
    feed(store, pod(2, restarted(1, 100, **own)), 100, relisted=True)
    found = list(store.tick(130))
    feed(store, pod(3, restarted(2, 200, **own)), 200, relisted=True)
    found += store.tick(230)
    feed(store, pod(4, restarted(3, 300, **own)), 300, relisted=True)
    later = list(store.tick(330))

    low, medium = (Cause.ERROR, Confidence.LOW), (Cause.ERROR, Confidence.MEDIUM)
    assert [low, low] == [(e.cause, e.confidence) for e in found if isinstance(e, Restart)]
    assert [] == only(RestartCorrected, found)
    assert [medium] == [(e.cause, e.confidence) for e in later if isinstance(e, Restart)]
    assert 2 == len(only(RestartCorrected, later))
