"""The first signal is handled once; what comes later has its default effect."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from probewatch.service.signals import SIGNALS, on_first_signal, stop_on_signals

FIRST, SECOND = signal.SIGUSR1, signal.SIGUSR2


@pytest.fixture(autouse=True)
def _handlers_are_restored() -> Iterator[None]:
    """Restore the handlers of all signals that are used here."""
    used = (FIRST, SECOND, signal.SIGHUP, *SIGNALS)
    before = [(number, signal.getsignal(number)) for number in used]
    yield
    for number, handler in before:
        signal.signal(number, handler)


async def deliver(number: signal.Signals) -> None:
    """Send a signal to this process, and let the event loop handle it."""
    signal.raise_signal(number)
    for _ in range(3):
        await asyncio.sleep(0)


async def test_signals_after_the_first_have_their_default_effect() -> None:
    """Once one of the signals was received, each of them kills, Ctrl-C without a traceback."""
    received: list[signal.Signals] = []
    caught = (FIRST, SECOND, signal.SIGINT)
    with on_first_signal(received.append, caught):
        await deliver(FIRST)

        assert [FIRST] == received
        assert [signal.SIG_DFL] * 3 == [signal.getsignal(each) for each in caught]


async def test_no_signal_is_caught_after_the_block() -> None:
    """After the block, signals have their default effect again."""
    with on_first_signal(lambda _: None, (FIRST,)):
        assert signal.SIG_DFL != signal.getsignal(FIRST)

    assert signal.SIG_DFL == signal.getsignal(FIRST)


async def test_closed_terminal_does_not_end_what_runs_under_nohup() -> None:
    """SIGHUP stays ignored if it is; another signal is caught even then."""
    received: list[signal.Signals] = []
    for number in (signal.SIGHUP, FIRST):
        signal.signal(number, signal.SIG_IGN)
    with on_first_signal(received.append, (signal.SIGHUP, FIRST)):
        await deliver(signal.SIGHUP)
        assert [] == received

        await deliver(FIRST)
        assert [FIRST] == received


@pytest.mark.parametrize("number", SIGNALS)
async def test_signal_asks_to_stop(number: signal.Signals) -> None:
    """The kubelet's signal and Ctrl-C set the stop event."""
    with stop_on_signals() as stop:
        assert not stop.is_set()
        await deliver(number)
        assert stop.is_set()
