"""Counters of a workload continue from the totals of its record."""

from dataclasses import replace

from probewatch.core.causes import Cause, Readiness
from probewatch.core.model import Workload
from probewatch.core.records import Record, Tally
from probewatch.metrics.totals import RestartTotal
from probewatch.records.entries import key_of
from probewatch.records.entry import Loaded
from probewatch.service.parts import Parts
from probewatch.settings import Settings
from tests.metrics.scene import (
    WEB,
    Scene,
    ready,
    restart,
    scene_with,
    tracked,
)
from tests.support.operator_parts import make_parts


def test_totals_go_on_where_they_stood() -> None:
    """Restored totals are shown, further findings are added, and restoring is idempotent."""
    totals = list(scene_with(restart(), restart()).counters.totals_of(WEB))

    after = Scene()
    after.counters.restore(totals)
    after.counters.restore(totals)
    after.publish(tracked(), restart())

    assert [
        RestartTotal(workload=WEB, container="app", cause=Cause.LIVENESS_PROBE, count=2)
    ] == totals
    assert 'cause="LivenessProbe"} 3' in after.show("container_restarts_total")


def test_workload_that_comes_back_is_recalled() -> None:
    """The record of a new workload is read once, and counters continue from it."""
    asked: list[Workload] = []

    def recall(workload: Workload) -> tuple[RestartTotal, ...]:
        asked.append(workload)
        return (RestartTotal(workload=workload, container="app", cause=Cause.ERROR, count=7),)

    scene = Scene(recall=recall)
    scene.publish(tracked(), restart(Cause.ERROR))

    assert [WEB] == asked
    assert 'container_restarts_total{app,cause="Error"} 8' in scene.show("container_restarts_total")


def test_a_restart_of_a_workload_that_was_let_go_of_is_in_its_record_already() -> None:
    """A restart is recorded before it is counted, so its record already includes it."""
    scene = Scene(
        recall=lambda workload: (
            RestartTotal(workload=workload, container="app", cause=Cause.ERROR, count=8),
        )
    )

    scene.publish(restart(Cause.ERROR))

    assert 'container_restarts_total{app,cause="Error"} 8' in scene.show("container_restarts_total")


def test_a_workload_whose_real_name_is_known_late_is_recalled() -> None:
    """If the Deployment becomes known later, its record is read then."""
    scene = Scene(
        recall=lambda workload: (
            (RestartTotal(workload=WEB, container="app", cause=Cause.ERROR, count=7),)
            if workload == WEB
            else ()
        )
    )
    scene.publish(tracked(), workload=replace(WEB, kind="ReplicaSet", name="web-5d4"))

    scene.publish(ready(Readiness.READY))

    assert 'container_restarts_total{app,cause="Error"} 7' in scene.show("container_restarts_total")


def shown(parts: Parts, cause: Cause) -> float:
    """The restarts of `web` that are shown for a cause."""
    rows = parts.counters.tables.restarts.rows
    return sum(
        value
        for tails, values in rows.values()
        for tail, value in zip(tails, values, strict=True)
        if f'"{cause}"' in tail
    )


async def test_a_workload_that_had_no_pods_for_a_day_goes_on_from_its_record() -> None:
    """After its series ended, a workload continues from its record."""
    parts = await make_parts(Settings(instance="test", metrics_address="127.0.0.1:0"))
    assert parts.recording is not None
    saved = Record(workload=WEB, tallies={("app", Cause.ERROR): Tally(counted=20)})
    parts.recording.book.load([(key_of(WEB), Loaded(record=saved, version="1"))], 0.0)

    parts.counters.publish(tracked(), WEB)
    assert 20 == shown(parts, Cause.ERROR)

    parts.counters.publish(restart(Cause.ERROR), WEB)
    assert 21 == shown(parts, Cause.ERROR)


async def test_without_records_nothing_is_recalled() -> None:
    """Without records counters start at 0."""
    parts = await make_parts(
        Settings(instance="test", metrics_address="127.0.0.1:0", records=False)
    )

    parts.counters.publish(tracked(), WEB)

    assert 0 == shown(parts, Cause.ERROR)
