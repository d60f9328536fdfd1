"""How long restarts wait for their report to be written, while nobody answers."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest

from probewatch.errors import ApiError
from probewatch.kube.reports.patience import PATIENCE_SECONDS, Patience
from tests.kube.reports.scene import CART, KEY, Scene, restart, running
from tests.support.fake_reports import FakeReports
from tests.support.fake_time import FakeTime

TIMEOUT_SECONDS = 30.0
"""Of a request, as the settings have it by default."""

A_FEW_SECONDS = 3.0


@dataclass
class SlowReports(FakeReports):
    """An API server that takes its time for writes; the client waits for its timeout."""

    takes: float = 0.0
    stuck: str = ""
    """The name of a report whose writes are never answered."""

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        **more: Any,  # noqa: ANN401  # as the client
    ) -> tuple[int, bytes]:
        assert self.time is not None
        takes = 0.0 if verb == "GET" else self.takes
        if self.stuck and self.stuck in str(body):
            takes = TIMEOUT_SECONDS
        end = self.time.seconds + min(takes, TIMEOUT_SECONDS)
        for _ in range(100_000):
            if self.time.seconds >= end:
                break
            await asyncio.sleep(0)
        if takes < TIMEOUT_SECONDS:
            return await super().request(verb, path, body=body, **more)
        raise ApiError("no answer in time")


def publish_of_many(scene: Scene, number: int) -> None:
    """Publish one restart of each of many workloads."""
    many = tuple(replace(CART, name=f"w{n}", uid=f"d{n}") for n in range(number))
    scene.after.workloads = (CART, *many)
    for n, workload in enumerate(many):
        scene.sink.publish(restart(1, f"u{n}"), workload)


async def test_restart_does_not_wait_for_a_request_without_an_answer() -> None:
    """After 15 seconds a restart is passed on, even if the first request still has no answer."""
    async with running(Scene(api=SlowReports(takes=TIMEOUT_SECONDS))) as scene:
        scene.tell(restart(1))
        await scene.pass_time(PATIENCE_SECONDS - 1)
        before = list(scene.after.restarts)
        await scene.pass_time(1 + A_FEW_SECONDS)

        assert ([], [1]) == (before, scene.after.restarts)
        assert {} == scene.sink.stats.dropped
        await scene.pass_time(TIMEOUT_SECONDS)
        assert {"Unanswered": 1} == scene.sink.stats.dropped


async def test_restarts_whose_reports_wait_for_a_worker_do_not_wait_longer() -> None:
    """However many reports wait while all workers wait for answers, all restarts are passed on."""
    async with running(Scene(api=SlowReports(takes=TIMEOUT_SECONDS))) as scene:
        publish_of_many(scene, 50)
        await scene.pass_time(PATIENCE_SECONDS + A_FEW_SECONDS)
        first = len(scene.after.restarts)
        await scene.pass_time(25)
        scene.tell(restart(1, "late"))
        await scene.pass_time(PATIENCE_SECONDS + A_FEW_SECONDS)

        assert (50, 51) == (first, len(scene.after.restarts))


@pytest.mark.parametrize("stuck", ["", "deployment-cart"], ids=["none", "one"])
async def test_restarts_wait_for_a_server_that_is_only_slow(stuck: str) -> None:
    """While reports are written one after the other, restarts are passed on once saved.

    One report that a webhook holds up for ever, say, is passed on without, and concerns no other.
    """
    async with running(Scene(api=SlowReports(takes=3.0, stuck=stuck))) as scene:
        if stuck:
            scene.tell(restart(1, "stuck"))
        await scene.pass_time(PATIENCE_SECONDS + A_FEW_SECONDS)
        publish_of_many(scene, 40)
        early: set[int] = set()
        begun = scene.time.seconds
        while len(scene.after.restarts) < 40 + bool(stuck):
            await scene.pass_time(1)
            saved = sum(bool(each["status"]) for each in scene.api.reports.values())
            early.add(len(scene.after.restarts) - saved)

        assert {int(bool(stuck))} == early
        assert scene.time.seconds - begun > 2 * PATIENCE_SECONDS


async def test_restarts_wait_while_the_lease_is_lost() -> None:
    """A process that may not write passes nothing on: another one may lead, and count less."""
    api = SlowReports(takes=TIMEOUT_SECONDS)
    async with running(Scene(api=api)) as scene:
        scene.tell(restart(1))
        await scene.pass_time(10)
        scene.situation.open = False
        await scene.pass_time(300)
        before = list(scene.after.restarts)
        api.takes, scene.situation.open = 0.0, True
        await scene.until(lambda: scene.after.restarts == [1])

        assert [] == before
        assert 1 == scene.status["restarts"]


async def test_restart_that_was_passed_on_early_is_not_passed_on_when_saved() -> None:
    """A write that succeeds after 20 seconds is no reason to count a restart twice."""
    async with running(Scene(api=SlowReports(takes=20.0))) as scene:
        scene.tell(restart(1))
        await scene.pass_time(PATIENCE_SECONDS + A_FEW_SECONDS)
        early = list(scene.after.restarts)
        await scene.pass_time(60)

        assert [1] == early == scene.after.restarts
        assert 1 == scene.status["restarts"]
        assert [KEY] == scene.situation.restored
        assert {} == scene.sink.stats.dropped


def test_patience_with_a_report_begins_anew_once_it_is_written() -> None:
    """Only the time since a report is tried without success counts, each time anew."""
    time = FakeTime()
    patience = Patience(time.clock)
    patience.begin(KEY)
    time.seconds += PATIENCE_SECONDS
    patience.begin(KEY)
    late = patience.is_over(KEY), [*patience.find_over()]
    patience.end(KEY)

    assert (True, [KEY]) == late
    assert (False, ()) == (patience.is_over(KEY), patience.known())
    patience.begin(KEY)
    assert (False, (KEY,)) == (patience.is_over(KEY), patience.known())
