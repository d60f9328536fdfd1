"""The operator's watches: their options, and when their lists are complete."""

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
"""Jitter may lengthen a watch by a quarter."""


def test_targets_are_narrowed_by_the_api_server() -> None:
    """Pods are selected by labels, and only the kubelet's Events about pods are read."""
    some = replace(Settings(), pod_selector="app=web")
    kubelet = {"fieldSelector": "involvedObject.kind=Pod,source=kubelet"}

    assert [
        ("/api/v1/pods", "pods", {}),
        ("/api/v1/namespaces/shop/pods", "pods/shop", {"labelSelector": "app=web"}),
        ("/api/v1/events", "events", kubelet),
        ("/api/v1/namespaces/shop/events", "events/shop", kubelet),
    ] == [
        (each.path, each.name, each.params)
        for each in (
            pod_target(Settings(), None),
            pod_target(some, "shop"),
            event_target(None),
            event_target("shop"),
        )
    ]


def test_options_are_those_of_the_settings() -> None:
    """Page size and timeouts of a watch are those of the settings."""
    settings = replace(
        Settings(), page_limit=77, request_timeout_seconds=3.0, inactivity_seconds=40.0
    )
    options = watch_options(settings, pod_target(settings, None))

    assert (77, 3.0, 40.0) == (options.page_size, options.request_timeout, options.inactivity)


@pytest.mark.parametrize("namespace", [None, "shop"])
def test_quiet_events_are_no_fault(namespace: str | None) -> None:
    """A watch of Events ends before its silence would count as a dead connection."""
    options = watch_options(Settings(), event_target(namespace))

    assert options.server_timeout * LONGEST < options.inactivity


def test_pods_are_watched_for_long() -> None:
    """A watch of pods, which has bookmarks, is kept open for long."""
    settings = replace(Settings(), inactivity_seconds=40.0)
    options = watch_options(settings, pod_target(settings, None))

    assert (WatchOptions().server_timeout, 40.0) == (options.server_timeout, options.inactivity)


def test_pods_are_passed_on_at_once_and_watched_with_care() -> None:
    """Verdicts wait for Events longer than a batch does; pods' versions decide what is new."""
    settings = Settings()
    pods = watch_options(settings, pod_target(settings, None))
    events = watch_options(settings, event_target(None))

    assert (True, True) == (pods.is_urgent, pods.checks_history)
    assert (False, False) == (events.is_urgent, events.checks_history)


@dataclass
class Pair:
    """The watches of pods and of Events in one namespace."""

    pods: WatchStats = field(default_factory=lambda: WatchStats(resource="pods"))
    events: WatchStats = field(default_factory=lambda: WatchStats(resource="events"))

    def watches(self) -> tuple[Watch, ...]:
        """Both watches, and one of node Events that never starts."""
        return (
            Watch(name="pods", stats=self.pods, run=never, is_essential=True),
            Watch(name="events", stats=self.events, run=never, follows=self.pods),
            Watch(name="reboots", stats=WatchStats(resource="reboots"), run=never),
        )


async def never() -> None:
    """A watch that is never run."""


def test_all_is_heard_once_events_are_listed() -> None:
    """Events are complete once they are listed in each namespace, without those of nodes."""
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
    """If a list keeps failing for the patience, it is no longer waited for."""
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
    """Errors with answers in between do not end the wait."""
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
    """A failing watch of pods that are listed does not end the wait for Events."""
    pair, time = Pair(), FakeTime()
    lists = EventLists(pair.watches, clock=time.clock)
    pair.pods.synced = True
    pair.pods.failed("503")
    told = [lists.are_complete()]
    time.seconds += PATIENCE_SECONDS
    told.append(lists.are_complete())

    assert [False, False] == told


def test_pods_are_watched_once_they_are_listed_and_nothing_is_wrong() -> None:
    """Pods are watched if all their lists are complete and none fails; Events do not matter."""
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
