"""Turns: when each report may be written, and that no two workers write the same one."""

import pytest

from probewatch.kube.reports.turns import Turns
from probewatch.records.entry import Key

CART, SHOP = Key("shop", "deployment-cart"), Key("shop", "deployment-shop")


def turns(jitter: float = 1.0) -> Turns:
    """Turns whose random number is always the same."""
    return Turns(lambda: jitter)


def test_a_report_that_is_being_written_is_not_given_to_a_second_worker() -> None:
    """It has its turn again a second later, and others are not held up."""
    made = turns()
    made.schedule(CART)
    first = made.take(0.0)
    made.schedule(CART)
    made.schedule(SHOP)

    assert (CART, SHOP, None) == (first, made.take(0.0), made.take(0.9))
    made.done(CART, 0.9)
    assert CART == made.take(1.0)


def test_a_report_that_was_written_waits_for_the_end_of_its_pause() -> None:
    """Whatever happens meanwhile, it is scheduled once."""
    made = turns()
    made.schedule(CART)
    made.take(0.0)
    made.done(CART, 5.0)
    made.schedule(CART)
    made.schedule(CART)

    assert (1, None, CART, None) == (len(made), made.take(4.9), made.take(5.0), made.take(99.0))


def test_pauses_double_after_each_fault_in_a_row_up_to_a_cap() -> None:
    """The pause of a report doubles with each consecutive fault, and a success resets it."""
    made = turns()
    pauses = []
    for _ in range(7):
        made.fault(CART)
        pauses.append(made.pause(CART))
    made.calm(CART)

    assert [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] == pauses
    assert (1, 1.0) == (made.fault(CART), made.pause(CART))
    assert (1, 1.0) == (made.fault(SHOP), made.pause(SHOP))


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 2.0), (0.5, 3.0), (1.0, 4.0)])
def test_pauses_are_spread(jitter: float, pause: float) -> None:
    """Reports that failed together are not tried again together."""
    made = turns(jitter)
    for _ in range(3):
        made.fault(CART)

    assert pause == made.pause(CART)


def test_nothing_is_kept_of_a_report_that_is_not_written_any_more() -> None:
    """Workloads that come and go take no memory."""
    made = turns()
    made.schedule(CART)
    made.take(0.0)
    made.fault(CART)
    made.done(CART, 5.0)
    before = made.known()
    made.forget(CART)

    assert ({CART}, set()) == (before, made.known())
