"""What is counted of reports that are not saved when the process ends, or meet a bug."""

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.kube.reports.scene import CART, Scene, restart, running
from tests.support.fake_reports import FakeReports

OTHER = replace(CART, name="other", uid="d2")


@dataclass
class SilentReports(FakeReports):
    """An API server that processes requests about one report, and never answers them."""

    silent_about: str = "nothing"

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        **more: Any,  # noqa: ANN401  # as the client
    ) -> tuple[int, bytes]:
        answer = await super().request(verb, path, body=body, **more)
        if self.silent_about in path:
            await asyncio.Event().wait()
        return answer


async def recorded(scene: Scene) -> None:
    """Record one restart of each of two workloads."""
    scene.after.workloads = (CART, OTHER)
    scene.tell(restart(1))
    scene.sink.publish(restart(1, "u2"), OTHER)
    await scene.until(lambda: len(scene.after.restarts) == 2)
    await scene.pass_time(10)


async def test_write_that_is_cut_off_at_the_end_may_have_been_committed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It counts as unanswered, not as one that was never sent; the log tells both numbers."""
    api = SilentReports()
    async with running(Scene(api=api)) as scene:
        await recorded(scene)
    api.silent_about = "cart"
    scene.tell(restart(2))
    scene.sink.publish(restart(2, "u2"), OTHER)
    await scene.sink.drain(0.01)

    assert {"Unanswered": 1, "Shutdown": 1} == scene.sink.stats.dropped
    assert 2 == scene.status["restarts"]
    assert [(1, 1)] == [
        (vars(each)["dropped"], vars(each)["unanswered"]) for each in caplog.records
    ]


async def test_write_of_a_worker_counts_once_at_the_end() -> None:
    """A worker's request outlives the draining; it is counted when the worker is cancelled."""
    api = SilentReports()
    async with running(Scene(api=api)) as scene:
        await recorded(scene)
        api.silent_about = "cart"
        scene.tell(restart(2))
        await scene.until(lambda: scene.status["restarts"] == 2)
        await scene.sink.drain(0.01)
        drained = dict(scene.sink.stats.dropped)

    assert ({}, {"Unanswered": 1}) == (drained, scene.sink.stats.dropped)


async def test_report_that_meets_a_bug_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is tried again after growing pauses, and its restart is passed on like a late one."""
    async with running(Scene()) as scene:
        scene.after.workloads = (CART, OTHER)
        scene.tell(replace(restart(1), evidence=(None,)))  # type: ignore[arg-type]  # that is the bug
        for count in range(1, 11):
            scene.sink.publish(restart(count, "u2"), OTHER)
            await scene.pass_time(6)

        errors = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert 4 <= len(errors) <= 10
        assert 10 == scene.api.reports["deployment-other"]["status"]["restarts"]
        assert 11 == len(scene.after.restarts)


async def test_who_may_not_write_leaves_nothing_behind(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """A replica that does not lead waits for nothing at the end: another one writes the reports."""
    scene.tell(restart(1))
    scene.situation.open = False
    begun = scene.time.seconds
    await scene.sink.drain(5.0)

    assert ({}, {}) == (scene.sink.stats.dropped, scene.api.reports)
    assert (begun, []) == (scene.time.seconds, caplog.records)


async def test_report_that_meets_a_bug_does_not_stop_the_last_writes(scene: Scene) -> None:
    """At the end, too, the other reports are written, and only the one is counted."""
    scene.after.workloads = (CART, OTHER)
    scene.tell(replace(restart(1), evidence=(None,)))  # type: ignore[arg-type]  # that is the bug
    scene.sink.publish(restart(1, "u2"), OTHER)
    await scene.sink.drain(5.0)

    assert 1 == scene.api.reports["deployment-other"]["status"]["restarts"]
    assert {"Shutdown": 1} == scene.sink.stats.dropped
