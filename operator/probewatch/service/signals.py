"""Signals: the first one asks for a graceful shutdown, the second one kills the process.

Used by the operator, recordings, the playground and the demo.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from probewatch.default_signals import let_kill

_log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Sent by the kubelet and by Ctrl-C."""


@contextmanager
def on_first_signal(
    act: Callable[[signal.Signals], None], signals: Iterable[signal.Signals]
) -> Iterator[None]:
    """Call *act* on the first of these signals; later ones have their default effect."""
    loop = asyncio.get_running_loop()
    listened = [each for each in signals if not _is_to_be_ignored(each)]

    def receive(number: signal.Signals) -> None:
        forget()
        for each in listened:
            let_kill(each)
        act(number)

    def forget() -> None:
        for each in listened:
            loop.remove_signal_handler(each)

    for each in listened:
        loop.add_signal_handler(each, receive, each)
    try:
        yield
    finally:
        forget()


@contextmanager
def stop_on_signals(*more: signal.Signals) -> Iterator[asyncio.Event]:
    """Yield an event that is set at the first of `SIGNALS`, or of *more*."""
    stop = asyncio.Event()

    def end(received: signal.Signals) -> None:
        _log.info("Stopping; a second signal ends at once", extra={"signal": received.name})
        stop.set()

    with on_first_signal(end, (*SIGNALS, *more)):
        yield stop


def _is_to_be_ignored(number: signal.Signals) -> bool:
    """Tell whether it is SIGHUP, and ignored as under `nohup`."""
    return number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
