"""Of several replicas one shows the workloads, and never fewer restarts than are recorded."""

import asyncio
from dataclasses import dataclass

from probewatch.records.display import STANDSTILL_SECONDS, Display
from tests.support.fake_time import FakeTime


@dataclass
class FakeLease:
    """What is known of the Lease."""

    is_held: bool = True
    is_elsewhere: bool = False
    term: int = 1


def shown(lease: FakeLease, time: FakeTime) -> Display:
    """The display of a replica whose counters are level with the records."""
    display = Display(lease, time.clock)
    display.mark_restored()
    return display


def test_counters_are_hidden_until_they_go_on_from_records() -> None:
    """Between taking the Lease and reading the records there is nothing right to show."""
    display = Display(FakeLease(), FakeTime().clock)
    before = display.hides()
    display.mark_restored()

    assert (True, False) == (before, display.hides())


def test_another_term_needs_the_records_anew() -> None:
    """Who had the Lease in between may have recorded more, however short that was."""
    lease = FakeLease()
    display = shown(lease, FakeTime())
    lease.term += 1

    assert display.is_behind
    assert display.hides()


def test_another_shows_them() -> None:
    """Where another is known to lead nothing is shown, whatever is counted here."""
    lease = FakeLease(is_held=False, is_elsewhere=True)

    assert shown(lease, FakeTime()).hides()


def test_an_outage_hides_nothing() -> None:
    """While nobody can be asked, whoever showed the workloads last goes on."""
    lease, time = FakeLease(), FakeTime()
    display = shown(lease, time)
    lease.is_held = False
    for _ in range(60):
        time.seconds += 1
        display.look()

    assert not display.hides()


def test_a_standstill_hides_what_may_be_old() -> None:
    """A process that was stopped until its Lease was over asks first what happened meanwhile."""
    lease, time = FakeLease(), FakeTime()
    display = shown(lease, time)
    time.seconds += STANDSTILL_SECONDS + 1
    held = display.hides()
    lease.is_held = False
    time.seconds += STANDSTILL_SECONDS + 1

    assert (False, True) == (held, display.hides())
    display.look()
    assert display.hides()


async def test_it_looks_by_itself() -> None:
    """A standstill is noticed by the next look, be it a scrape or not."""
    lease, time = FakeLease(), FakeTime()
    display = shown(lease, time)
    lease.is_held = False
    looking = asyncio.create_task(display.run())
    await asyncio.sleep(0)
    before = display.is_behind
    time.seconds += STANDSTILL_SECONDS
    await asyncio.sleep(0)
    looking.cancel()

    assert (False, True) == (before, display.is_behind)
