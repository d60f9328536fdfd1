"""Lists in pages, as every server has them.

A page has so many objects, however large they are. Where they are too large to be held
together, fewer are asked for, down to one, which is read whatever its size.
"""

import asyncio
import math
from contextlib import AbstractAsyncContextManager

from probewatch.watch.asking import Asker
from probewatch.watch.decoding import T
from probewatch.watch.handing import Hands
from probewatch.watch.transport import Response, StreamFaultError, WatchOptions

FEWER = 5
"""A page that is too large is asked for again with a fifth of its objects."""

PUT_OFF_TRIES = 5
"""So often in a row a busy server may put off a page; to read all those before it again, too,
would be more to do for it. Longer than that, the list is too old soon."""

WENT_BACK = "WentBack"
"""Why there is a list: the server's history ends before what was told of it."""


async def list_pages(
    asker: Asker, hands: Hands[T], options: WatchOptions, *, whole: bool = False
) -> None:
    """Read a list to its end, page by page or as a whole; raises what network and decoder raise."""
    hands.begin_list()
    token, version, size = "", "", 0 if whole else options.page_size
    while True:
        body = await _read_next(asker, hands, token, options, size)
        if body is None:
            size = max(1, size // FEWER)
            continue
        page = hands.take_page(body)
        # The first page fixes the version of them all; a later one without it is no harm.
        version = page.resource_version or version
        token, size = page.token, min(size * FEWER, options.page_size)
        if not token:
            break
        del body, page  # not to be held while the next one comes in
        await asyncio.sleep(0)  # a page takes some milliseconds: let others in
    hands.end_list(version)


async def _read_next(
    asker: Asker, hands: Hands[T], token: str, options: WatchOptions, size: int
) -> bytearray | None:
    """Return a page; one that is not the first is waited for, if the server says how long."""
    for _ in range(PUT_OFF_TRIES if token else 0):
        try:
            return await _read_page(asker, hands, token, options, size)
        except StreamFaultError as fault:
            if fault.relist or fault.retry_after is None:
                raise
            await asker.wait(fault.retry_after)
    return await _read_page(asker, hands, token, options, size)


async def _read_page(
    asker: Asker, hands: Hands[T], token: str, options: WatchOptions, size: int
) -> bytearray | None:
    """Return a page of so many objects, all of them if 0; None if fewer are to be asked for."""
    params = {"limit": str(size)} if size else {}
    if token:
        params["continue"] = token
    cap = options.page_cap if size > 1 else math.inf
    body = await _read(asker.ask(params), hands, options, cap=cap)
    return None if len(body) > cap else body


async def _read(
    asked: AbstractAsyncContextManager[Response],
    hands: Hands[T],
    options: WatchOptions,
    *,
    cap: float = math.inf,
) -> bytearray:
    """Return the body of an answer; of one that has more than *cap* bytes, its beginning."""
    body = bytearray()
    async with asyncio.timeout(options.request_timeout), asked as response:
        async for chunk in response.chunks(_is_never_urgent):
            hands.receive(chunk)
            body += chunk
            if len(body) > cap:
                break
    return body


def _is_never_urgent() -> bool:
    """A page is of use when it is complete."""
    return False


async def check_history(asker: Asker, hands: Hands[T], options: WatchOptions) -> None:
    """See whether a server that was away still has the history that is to be gone on with.

    Where it does not, a watch would say nothing, without an error, until the versions are used
    again. One object is asked for, whichever: to look for one that is selected may take long.
    Raises StreamFaultError where only a list can tell, and what network and decoder raise.
    """
    body = await _read(asker.ask({"limit": "1"}, selects=False), hands, options)
    if hands.is_ahead_of(body):
        raise StreamFaultError(WENT_BACK, relist=True)
