"""The parts of the operator: what /metrics waits for, and in which order the parts end."""

from dataclasses import replace

import pytest

from probewatch.core.observe import PodObserved
from probewatch.settings import Settings
from tests.support.controller_scene import pod
from tests.support.operator_parts import make_parts

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test")


async def test_parts_end_in_the_order_of_the_data() -> None:
    """At the end, findings are published first, then recorded, then written as Events."""
    parts = await make_parts(SETTINGS)
    assert parts.recording is not None

    assert [parts.controller.drain, parts.recording.stop, parts.recorder.drain] == [*parts.drains]


@pytest.mark.parametrize(
    "settings", [replace(SETTINGS, records=False), replace(SETTINGS, dry_run=True)]
)
async def test_parts_end_without_records(settings: Settings) -> None:
    """Without records, findings are published and written as Events all the same."""
    parts = await make_parts(settings)

    assert [parts.controller.drain, parts.recorder.drain] == [*parts.drains]


async def test_metrics_wait_until_the_lists_are_published() -> None:
    """When all pods are listed, /metrics still waits for the findings of the lists."""
    parts = await make_parts(replace(SETTINGS, records=False))
    parts.prepared = True
    for watch in parts.watches:
        watch.stats.synced = True
    assert [] == [*parts.find_missing()]

    parts.controller.observe(PodObserved(pod=pod()))
    parts.controller.list_ended()

    assert ["pods are not looked at in full yet"] == [*parts.find_missing()]
