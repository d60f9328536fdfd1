"""Signals: the first one asks for an orderly end, the second ends at once."""

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """Give an event that is set at the first signal; later ones do what they do by themselves."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def end(received: signal.Signals) -> None:
        _log.info("Stopping; a second signal ends at once", extra={"signal": received.name})
        for each in SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        stop.set()

    for each in SIGNALS:
        loop.add_signal_handler(each, end, each)
    try:
        yield stop
    finally:
        for each in SIGNALS:
            loop.remove_signal_handler(each)
