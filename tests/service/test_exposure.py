"""What a replica shows in /metrics of workloads, by what it knows of the Lease."""

from dataclasses import replace

import aiohttp

from probewatch.core.findings import PodTracked
from probewatch.core.spec import PodSpec
from probewatch.metrics.cluster_families import RESTARTS
from probewatch.records.entry import Key, Loaded
from probewatch.service.parts import Parts
from probewatch.settings import Settings
from tests.core.test_ledger import CART, POD, restart, told
from tests.support.builders import pod as built
from tests.support.operator_parts import let_lists_be_complete, lose_readiness, make_parts

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test")

COUNTER = "probewatch_readiness_transitions_total"
GAUGE = "probewatch_not_ready_since_timestamp_seconds"


async def ready_parts(settings: Settings = SETTINGS) -> Parts:
    """Parts that have seen a pod lose its readiness, and wait for nothing more."""
    parts = await make_parts(settings)
    parts.prepared = True
    let_lists_be_complete(parts)
    if parts.recording is not None:
        parts.recording.refused("403")
    await lose_readiness(parts)
    return parts


async def scrape(parts: Parts) -> str:
    url = f"http://127.0.0.1:{parts.server.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


def names(page: str) -> set[str]:
    """The families that have a sample."""
    lines = (line for line in page.splitlines() if not line.startswith("#"))
    return {line.partition("{")[0].partition(" ")[0] for line in lines}


async def test_workloads_are_shown_as_far_as_no_other_replica_does() -> None:
    """Nothing before the records are restored, and no counter once another may count on."""
    parts = await ready_parts()
    assert parts.recording is not None
    await parts.server.start()
    behind = names(await scrape(parts))
    parts.recording.display.mark_restored()
    shown = names(await scrape(parts))
    parts.recording.lease.sure_until = parts.clock.monotonic() - 60.0
    lapsed = names(await scrape(parts))
    await parts.server.stop()

    assert set() == {COUNTER, GAUGE} & behind
    assert {COUNTER, GAUGE} == {COUNTER, GAUGE} & shown
    assert {GAUGE} == {COUNTER, GAUGE} & lapsed


async def test_restarts_are_not_shown_while_records_cannot_be_read() -> None:
    """They would begin at 0, and rise to what is recorded when it is read after all."""
    parts = await ready_parts()
    assert parts.recording is not None
    parts.recording.display.mark_restored()
    await parts.server.start()
    shown = names(await scrape(parts))
    parts.recording.unread.begin(7, is_hopeless=False)
    unread = names(await scrape(parts))
    await parts.server.stop()

    assert {RESTARTS.name} == {RESTARTS.name} & (shown - unread)
    assert COUNTER in unread


async def test_workload_that_appears_again_continues_from_what_is_saved() -> None:
    """What is not saved yet is added once it is, so it must not be in the counter before."""
    parts = await make_parts(SETTINGS)
    assert parts.recording is not None
    book, key = parts.recording.book, Key("shop", "deployment-cart")
    book.load([(key, Loaded(record=told(restart(1)), version="1"))], 0.0)
    book.take(restart(2), CART, 1.0)
    parts.counters.publish(PodTracked(pod=POD, spec=PodSpec()), CART)

    assert [1] == [total.count for total in parts.counters.totals_of(CART)]


async def test_metrics_are_for_who_may_read_them_where_that_is_required() -> None:
    """Without the setting, whoever reaches the port may read them."""
    answers = []
    for required in (True, False):
        parts = await ready_parts(replace(SETTINGS, metrics_authorization=required))
        await parts.server.start()
        url = f"http://127.0.0.1:{parts.server.port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            answers.append(response.status)
        await parts.server.stop()

    assert [401, 200] == answers


async def test_metrics_tell_whether_this_replica_leads() -> None:
    """A standby is no leader, and an operator without records always is."""
    for settings, leads in ((SETTINGS, 0), (replace(SETTINGS, records=False), 1)):
        parts = await ready_parts(settings)
        await parts.server.start()
        page = await scrape(parts)
        await parts.server.stop()
        assert f"probewatch_leader {leads:.1f}" in page.splitlines()


async def test_pods_that_are_not_listed_yet_are_not_taken_for_gone() -> None:
    """The records of a standby keep their marks: their restarts are not to be counted again."""
    parts = await make_parts(SETTINGS)
    assert parts.recording is not None
    book, key = parts.recording.book, Key("shop", "deployment-cart")
    book.load([(key, Loaded(record=told(restart(2)), version="1"))], 0.0)
    await parts.recording.step()

    assert 2 == book.remember(built(5)).containers["app"].count
