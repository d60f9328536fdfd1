"""Lists in pages, which every API server supports.

A page has a limit of objects, whatever their size. If a page is too large to be held in memory,
it is requested again with fewer objects, down to one, which is read whatever its size.
"""

import asyncio
import math
from contextlib import AbstractAsyncContextManager

from probewatch.watch.asking import Asker
from probewatch.watch.decoding import T
from probewatch.watch.dispatching import Dispatcher
from probewatch.watch.transport import Response, StreamFaultError, WatchOptions

FEWER = 5
"""A page that is too large is requested again with a fifth of its objects."""

PUT_OFF_TRIES = 5
"""How often in a row a busy server may answer the request for a later page with a Retry-After:
a new list, with all pages before, would be more work for it. After that the list's continue
token would expire soon."""

WENT_BACK = "WentBack"
"""Reason for a list: the server's newest resourceVersion is older than the one known."""


async def list_pages(
    asker: Asker, dispatcher: Dispatcher[T], options: WatchOptions, *, whole: bool = False
) -> None:
    """Read a complete list, in pages or as a whole; raises what network and decoder raise."""
    dispatcher.begin_list()
    token, version, size = "", "", 0 if whole else options.page_size
    while True:
        body = await _read_next(asker, dispatcher, token, options, size)
        if body is None:
            size = max(1, size // FEWER)
            continue
        page = dispatcher.take_page(body)
        # The first page fixes the version of all; a later page may be without it.
        version = page.resource_version or version
        token, size = page.token, min(size * FEWER, options.page_size)
        if not token:
            break
        del body, page  # free their memory before the next page comes in
    dispatcher.end_list(version)


async def _read_next(
    asker: Asker, dispatcher: Dispatcher[T], token: str, options: WatchOptions, size: int
) -> bytearray | None:
    """Return the next page; a later one is retried a few times if the server says when."""
    for _ in range(PUT_OFF_TRIES if token else 0):
        try:
            return await _read_page(asker, dispatcher, token, options, size)
        except StreamFaultError as fault:
            if fault.relist or fault.retry_after is None:
                raise
            await asker.wait(fault.retry_after)
    return await _read_page(asker, dispatcher, token, options, size)


async def _read_page(
    asker: Asker, dispatcher: Dispatcher[T], token: str, options: WatchOptions, size: int
) -> bytearray | None:
    """Return a page of at most *size* objects (0: all); None if it was larger than the cap."""
    params = {"limit": str(size)} if size else {}
    if token:
        params["continue"] = token
    cap = options.page_cap if size > 1 else math.inf
    body = await _read(asker.ask(params), dispatcher, options, cap=cap)
    return None if len(body) > cap else body


async def _read(
    asked: AbstractAsyncContextManager[Response],
    dispatcher: Dispatcher[T],
    options: WatchOptions,
    *,
    cap: float = math.inf,
) -> bytearray:
    """Return the body of a response, cut off soon after *cap* bytes."""
    body = bytearray()
    async with asyncio.timeout(options.request_timeout), asked as response:
        async for chunk in response.chunks(_is_never_urgent):
            dispatcher.receive(chunk)
            body += chunk
            if len(body) > cap:
                break
    return body


def _is_never_urgent() -> bool:
    """Tell that a chunk is not urgent: a page is of use only when it is complete."""
    return False


async def check_history(asker: Asker, dispatcher: Dispatcher[T], options: WatchOptions) -> None:
    """Check that the server still knows the resourceVersion from which the watch is to go on.

    If etcd was restored from a backup, a watch would deliver nothing, without an error, until
    the lost versions are used again. So a list of one object is requested, without selectors,
    because finding a selected one may take long.

    Raises StreamFaultError if the list's version is older, and what network and decoder raise.
    """
    body = await _read(asker.ask({"limit": "1"}, selects=False), dispatcher, options)
    if dispatcher.is_ahead_of(body):
        raise StreamFaultError(WENT_BACK, relist=True)
