"""The parts of the operator: what /metrics waits for, and in which order the parts end."""

from dataclasses import replace

import pytest

from probewatch.core.findings import Finding, Restart
from probewatch.core.model import PodUid
from probewatch.core.observe import PodObserved
from probewatch.settings import Settings
from tests.support.builders import pod as built
from tests.support.builders import status
from tests.support.controller_scene import pod
from tests.support.operator_parts import let_lists_be_complete, lose_readiness, make_parts

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test")


async def test_parts_end_in_the_order_of_the_data() -> None:
    """At the end, findings are published first, then recorded, then written as Events."""
    parts = await make_parts(SETTINGS)
    assert parts.recording is not None

    leave, drain = parts.controller.leave, parts.controller.drain
    assert [leave, drain, parts.recording.stop, parts.recorder.drain] == [*parts.drains]


@pytest.mark.parametrize(
    "settings", [replace(SETTINGS, records=False), replace(SETTINGS, dry_run=True)]
)
async def test_parts_end_without_records(settings: Settings) -> None:
    """Without records, findings are published and written as Events all the same."""
    parts = await make_parts(settings)

    leave, drain = parts.controller.leave, parts.controller.drain
    assert [leave, drain, parts.recorder.drain] == [*parts.drains]


async def test_metrics_wait_until_the_lists_are_published() -> None:
    """When all pods are listed, /metrics still waits for the findings of the lists."""
    parts = await make_parts(replace(SETTINGS, records=False))
    parts.prepared = True
    let_lists_be_complete(parts)
    assert [] == [*parts.find_missing()]

    parts.controller.observe(PodObserved(pod=pod()))
    parts.controller.list_ended()

    assert ["pods are not looked at in full yet"] == [*parts.find_missing()]


@pytest.mark.parametrize(("records", "events"), [(True, 0), (False, 1)])
async def test_each_finding_is_counted_once(*, records: bool, events: int) -> None:
    """With or without records a finding reaches /metrics once; a standby writes no Event of it."""
    parts = await make_parts(replace(SETTINGS, records=records))
    await lose_readiness(parts)

    (cells,) = parts.counters.tables.transitions.rows.values()
    assert sum(cells[1]) == 1
    assert parts.recorder.queued == events
    assert parts.leads() is not records


@pytest.mark.parametrize(("selector", "counted"), [("", 3), ("app=web", 0)])
async def test_old_pods_that_a_label_makes_visible_do_not_count_from_zero(
    selector: str, counted: int
) -> None:
    """Only with a selector: else a pod that appears was created, however long the list took."""
    parts = await make_parts(replace(SETTINGS, pod_selector=selector))
    assert parts.recording is not None
    parts.recording.book.complete = True
    found: list[Finding] = []
    for name, created_at, restarts in (("new", 5000.0, 0), ("old", 1000.0, 3)):
        shown = status(restart_count=restarts)
        seen = built(5, shown, uid=PodUid(name), evidence_uid=name, created_at=created_at)
        found += parts.store.feed(PodObserved(pod=seen), 6000.0)
    found += parts.store.tick(10_000.0)

    assert counted == sum(
        each.stands_for for each in found if isinstance(each, Restart) and not each.baseline
    )
