"""The watches of the operator: how each behaves."""

from dataclasses import dataclass, field, replace

import pytest

from probewatch.service.watches import (
    PATIENCE_SECONDS,
    EventLists,
    Watch,
    event_target,
    is_watching,
    pod_target,
    watch_options,
)
from probewatch.settings import Settings
from probewatch.watch.transport import WatchOptions, WatchStats
from tests.support.fake_time import FakeTime

LONGEST = 1.25
"""Chance may lengthen a watch by a quarter."""


@pytest.mark.parametrize("namespace", [None, "shop"])
def test_quiet_events_are_no_fault(namespace: str | None) -> None:
    """A watch of Events ends before its silence would be taken for a dead connection."""
    options = watch_options(Settings(), event_target(namespace))

    assert options.server_timeout * LONGEST < options.inactivity


def test_pods_are_watched_for_long() -> None:
    """A watch of pods, which gets bookmarks, is kept open."""
    settings = replace(Settings(), inactivity_seconds=40.0)
    options = watch_options(settings, pod_target(settings, None))

    assert (WatchOptions().server_timeout, 40.0) == (options.server_timeout, options.inactivity)


@dataclass
class Pair:
    """The watch of a namespace's pods, and that of what is said of them."""

    pods: WatchStats = field(default_factory=lambda: WatchStats(resource="pods"))
    events: WatchStats = field(default_factory=lambda: WatchStats(resource="events"))

    def watches(self) -> tuple[Watch, ...]:
        """Both, and one that is about no pods and never begins."""
        return (
            Watch(name="pods", stats=self.pods, run=never, is_essential=True),
            Watch(name="events", stats=self.events, run=never, follows=self.pods),
            Watch(name="reboots", stats=WatchStats(resource="reboots"), run=never),
        )


async def never() -> None:
    """No watch is run here."""


def test_all_is_heard_once_events_are_listed() -> None:
    """What is said of pods is waited for in each namespace; what nodes say of themselves is not."""
    one, other = Pair(), Pair()
    both = (*one.watches(), *other.watches())
    lists = EventLists(lambda: both, clock=FakeTime().clock)
    told = [lists.are_complete()]
    for each in (one.pods, one.events, other.pods, other.events):
        each.synced = True
        told.append(lists.are_complete())

    assert [False, False, False, False, True] == told


@pytest.mark.parametrize("which", ["pods", "events"])
def test_nobody_waits_for_what_cannot_be_heard(which: str) -> None:
    """Where pods or Events of a namespace may not be read, the others are judged all the same."""
    pair, time = Pair(), FakeTime()
    lists = EventLists(pair.watches, clock=time.clock)
    getattr(pair, which).failed("403")
    told = [lists.are_complete()]
    for seconds in (PATIENCE_SECONDS - 1, 1):
        time.seconds += seconds
        getattr(pair, which).failed("403")
        told.append(lists.are_complete())

    assert [False, False, True] == told


@pytest.mark.parametrize("which", ["pods", "events"])
def test_what_is_heard_again_is_waited_for(which: str) -> None:
    """Neither an error that passed ends the wait, nor errors between which there were answers."""
    pair, time = Pair(), FakeTime()
    lists = EventLists(pair.watches, clock=time.clock)
    stats = getattr(pair, which)
    stats.clock = time.clock.monotonic
    told = []
    for _ in range(3):
        stats.failed("503")
        told.append(lists.are_complete())
        time.seconds += PATIENCE_SECONDS - 1
        stats.heard()
    time.seconds += PATIENCE_SECONDS
    told.append(lists.are_complete())
    pair.pods.synced = True
    told.append(lists.are_complete())

    assert [False] * 5 == told


def test_watch_that_fails_after_its_list_ends_no_wait() -> None:
    """Pods are known by then, and their Events can still be listed."""
    pair, time = Pair(), FakeTime()
    lists = EventLists(pair.watches, clock=time.clock)
    pair.pods.synced = True
    pair.pods.failed("503")
    told = [lists.are_complete()]
    time.seconds += PATIENCE_SECONDS
    told.append(lists.are_complete())

    assert [False, False] == told


def test_pods_are_watched_once_they_are_listed_and_nothing_is_wrong() -> None:
    """In each namespace; that Events are not heard leaves the pods to be seen."""
    one, other = Pair(), Pair()
    both = (*one.watches(), *other.watches())
    one.pods.synced = True
    assert not is_watching(both)

    other.pods.synced = True
    other.events.failed("403")
    assert is_watching(both)

    other.pods.failed("TimeoutError")
    assert not is_watching(both)

    other.pods.heard()
    assert is_watching(both)
