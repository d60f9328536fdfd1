"""Records through kills, downtime, two replicas and missing definitions."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.system.records_rig import BOUND_SECONDS, Operator, Rig, rigged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


@pytest.fixture(name="rig")
async def _rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(tmp_path) as rig:
        yield rig


async def until_leading(*operators: Operator) -> Operator:
    async with asyncio.timeout(BOUND_SECONDS):
        while True:
            for operator in operators:
                if await operator.leads():
                    return operator
            await asyncio.sleep(0.1)


async def test_counters_go_on_over_a_kill(rig: Rig) -> None:
    """Restarts before a SIGKILL, during the downtime and after it are each counted once."""
    rig.add("old", restarts=7)
    operator = await rig.serve()
    rig.add("web")
    rig.restart("web", 2)
    rig.restart("old")
    await rig.until_recorded()
    before = await operator.counts()
    await operator.kill()
    rig.restart("web", 3)
    rig.add("born-meanwhile")
    rig.restart("born-meanwhile")
    operator = await rig.serve()
    first = await operator.counts()
    await rig.until_recorded()
    await operator.until_counted(rig.restarts)

    assert {"web": 2, "old": 1} == dict(+before)
    assert all(first[name] >= count for name, count in before.items())
    assert rig.restarts == await operator.counts()
    assert {1} == set(rig.told().values())


async def test_totals_survive_random_kills(rig: Rig) -> None:
    """Operators that are killed at random times count every restart once in the end."""
    for name in ("a", "b", "c"):
        rig.add(name)
    first = await rig.serve()
    await rig.until_agreed()
    await first.kill()
    for round_ in range(6):
        operator = await rig.start()
        for step in range(5):
            rig.restart("abc"[(round_ + step) % 3], 1 + step % 2)
            await asyncio.sleep(0.05 + 0.11 * round_)
        await operator.kill()
    operator = await rig.start()
    await rig.until_recorded()
    await operator.until_counted(rig.restarts)

    assert rig.restarts == await operator.counts()
    assert {1} == set(rig.told().values())


async def test_standby_follows_a_kill_within_20_seconds(rig: Rig) -> None:
    """The standby takes over within 20 seconds of a kill, and nothing is counted twice."""
    rig.add("web")
    one = await rig.serve(PROBEWATCH_INSTANCE="one")
    two = await rig.serve(PROBEWATCH_INSTANCE="two")
    rig.restart("web")
    await rig.until_recorded()
    assert await one.leads()
    assert not await two.leads()
    assert {} == dict(+await two.counts())
    rig.restart("web", 2)
    await one.kill()
    begun = time.monotonic()
    assert await until_leading(two) is two
    took = time.monotonic() - begun
    await rig.until_recorded()
    await two.until_counted({"web": 3})

    assert took <= 20
    assert {1} == set(rig.told().values())


async def test_standby_follows_a_stop_within_two_seconds(rig: Rig) -> None:
    """The standby takes over within two seconds of an orderly stop."""
    rig.add("web")
    one = await rig.serve(PROBEWATCH_INSTANCE="one")
    two = await rig.serve(PROBEWATCH_INSTANCE="two")
    rig.restart("web", 2)
    await asyncio.sleep(0.1)
    one.send(signal.SIGTERM)
    begun = time.monotonic()
    await until_leading(two)
    took = time.monotonic() - begun
    await rig.until_recorded()
    await two.until_counted({"web": 2})
    await rig.until_told()

    assert took <= 2
    assert {1} == set(rig.told().values())


async def test_no_scrape_shows_fewer_restarts_while_it_changes_hands(rig: Rig) -> None:
    """No counter is ever seen to fall during a change of leader: Prometheus would see a reset."""
    rig.add("web")
    one = await rig.serve(PROBEWATCH_INSTANCE="one")
    two = await rig.serve(PROBEWATCH_INSTANCE="two")
    rig.restart("web", 2)
    await rig.until_recorded()
    one.send(signal.SIGTERM)
    shown: set[int] = set()
    async with asyncio.timeout(BOUND_SECONDS):
        while 2 not in shown:
            shown.update((await two.counts()).values())

    assert {2} == shown


async def test_a_stopped_and_continued_leader_does_no_harm(rig: Rig) -> None:
    """A leader that was stopped for longer than its lease counts nothing again."""
    rig.add("web")
    one = await rig.serve(PROBEWATCH_INSTANCE="one")
    two = await rig.serve(PROBEWATCH_INSTANCE="two")
    rig.restart("web")
    await rig.until_recorded()
    rig.restart("web")
    one.send(signal.SIGSTOP)
    await until_leading(two)
    rig.restart("web", 2)
    await rig.until_recorded()
    one.send(signal.SIGCONT)
    rig.restart("web")
    await rig.until_recorded()
    await asyncio.sleep(3)

    assert rig.restarts == rig.totals()
    assert await two.leads()
    assert not await one.leads()
    assert {1} == set(rig.told().values())


async def test_nothing_is_written_when_nothing_happens(rig: Rig) -> None:
    """Once everything is recorded, only the Lease is written."""
    rig.add("web")
    await rig.serve()
    rig.restart("web", 3)
    await rig.until_recorded()
    await asyncio.sleep(3)
    rig.server.audit.clear()
    await asyncio.sleep(8)

    assert [] == rig.writes()


async def test_a_deleted_report_is_made_again(rig: Rig) -> None:
    """A deleted report is created again with everything that it contained."""
    rig.add("web")
    operator = await rig.serve()
    rig.restart("web", 3)
    await rig.until_recorded()
    type_ = rig.registry.types.find("probewatch.dev", "v1alpha1", "probereports")
    assert type_ is not None
    rig.registry.delete(type_, "default", "pod-web")
    rig.restart("web")
    await rig.until_recorded()

    assert {"web": 4} == dict(+await operator.counts())


async def test_without_definitions_all_else_goes_on(tmp_path: Path) -> None:
    """Without the CRDs metrics and Events work; once installed, reports have what was counted."""
    async with rigged(tmp_path, defined=False) as rig:
        operator = await rig.serve()
        rig.add("web")
        rig.restart("web", 2)
        await operator.until_counted({"web": 2})
        rig.define()
        begun = time.monotonic()
        await rig.until_recorded()

        assert time.monotonic() - begun <= 30
        assert {"web": 2} == dict(+await operator.counts())
        assert 1 == sum("Records cannot be kept" in line for line in operator.lines)
