"""Lists in pages, as every server has them."""

import asyncio

from probewatch.watch.asking import Asker
from probewatch.watch.decoding import T
from probewatch.watch.handing import Hands
from probewatch.watch.transport import WatchOptions


async def list_pages(
    asker: Asker, hands: Hands[T], options: WatchOptions, *, whole: bool = False
) -> None:
    """Read a list to its end, page by page or as a whole; raises what network and decoder raise."""
    hands.begin_list()
    token, version = "", ""
    while True:
        body = await _read_page(asker, token, options, whole=whole)
        page = hands.take_page(body)
        # The first page fixes the version of them all; a later one without it is no harm.
        version = page.resource_version or version
        token = page.token
        if not token:
            break
        del body, page  # not to be held while the next one comes in
        await asyncio.sleep(0)  # a page takes some milliseconds: let others in
    hands.end_list(version)


async def _read_page(asker: Asker, token: str, options: WatchOptions, *, whole: bool) -> bytearray:
    params = {} if whole else {"limit": str(options.page_size)}
    if token:
        params["continue"] = token
    body = bytearray()
    async with asyncio.timeout(options.request_timeout), asker.ask(params) as response:
        async for chunk in response.chunks():
            body += chunk
    return body
