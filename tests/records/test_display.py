"""One replica shows the workloads, and never fewer restarts than are recorded."""

import asyncio
from dataclasses import dataclass

from probewatch.kube.lease_objects import DURATION_SECONDS, HELD_SECONDS
from probewatch.records.display import ALONE_SECONDS, STANDSTILL_SECONDS, Display
from tests.support.fake_time import FakeTime


@dataclass
class FakeLease:
    """The known state of the Lease."""

    is_held: bool = True
    is_elsewhere: bool = False
    sure_until: float | None = None
    term: int = 1


def shown(lease: FakeLease, time: FakeTime) -> Display:
    """The display of a replica whose counters are level with the records."""
    display = Display(lease, time.clock)
    display.mark_restored()
    return display


def test_counters_are_hidden_until_they_go_on_from_records() -> None:
    """Counters are hidden between taking the Lease and reading the records."""
    display = Display(FakeLease(), FakeTime().clock)
    before = display.hides()
    display.mark_restored()

    assert (True, False) == (before, display.hides())


def test_another_term_needs_the_records_anew() -> None:
    """In a new term the records have to be read again, as another leader may have added to them."""
    lease = FakeLease()
    display = shown(lease, FakeTime())
    lease.term += 1

    assert display.is_behind
    assert display.hides()


def test_another_shows_them() -> None:
    """Counters are hidden while another replica is known to lead."""
    lease = FakeLease(is_held=False, is_elsewhere=True)

    assert shown(lease, FakeTime()).hides()


def test_an_outage_hides_no_workloads() -> None:
    """During an outage of the API server the last leader keeps showing workloads."""
    lease, time = FakeLease(), FakeTime()
    display = shown(lease, time)
    lease.is_held = False
    for _ in range(60):
        time.seconds += 1
        display.look()

    assert not display.hides()


def test_a_standstill_hides_what_may_be_old() -> None:
    """After a suspension beyond its Lease a replica hides its counters until it has caught up."""
    lease, time = FakeLease(), FakeTime()
    display = shown(lease, time)
    time.seconds += STANDSTILL_SECONDS + 1
    held = display.hides()
    lease.is_held = False
    time.seconds += STANDSTILL_SECONDS + 1

    assert (False, True) == (held, display.hides())
    display.look()
    assert display.hides()


def test_counters_are_hidden_once_another_can_lead() -> None:
    """After the Lease lapsed, counters stay until another may acquire it, and return with it."""
    time = FakeTime()
    lease = FakeLease(sure_until=time.seconds)
    display = shown(lease, time)
    hidden = [display.hides_counters()]
    lease.is_held = False
    for seconds in (0.0, ALONE_SECONDS - 0.1, 0.1):
        time.seconds += seconds
        hidden.append(display.hides_counters())
    lease.is_held = True

    assert [False, False, False, True] == hidden
    assert not display.hides_counters()
    assert DURATION_SECONDS - HELD_SECONDS == ALONE_SECONDS


def test_who_never_held_the_lease_hides_no_counters() -> None:
    """Without a Lease that was ever held, counters are shown as far as their records allow."""
    time = FakeTime()
    display = shown(FakeLease(is_held=False), time)
    time.seconds += 100

    assert not display.hides_counters()


async def test_it_looks_by_itself() -> None:
    """A suspension is noticed without a scrape, too."""
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
