"""The watches of the operator: how each behaves."""

from dataclasses import replace

import pytest

from probewatch.service_watches import event_target, pod_target, watch_options
from probewatch.settings import Settings
from probewatch.watch.transport import WatchOptions

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
