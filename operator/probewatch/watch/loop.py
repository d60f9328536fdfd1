"""The loop: list, watch, and never stop.

A list is read page by page; the watch goes on from its resourceVersion and, after
a fault, from the last version heard of. Only where the server says that this
version is gone (410, in whichever form) is everything listed again, and the
handler lets go of what the list did not contain: so that no deletion is missed.
The loop ends only by being cancelled.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Generic, NoReturn, Protocol, TypeVar

from probewatch.watch.backoff import STEADY_SECONDS, Backoff, parse_retry_after
from probewatch.watch.decoding import BROKEN, Decoder, Page, Update
from probewatch.watch.lines import LineSplitter, LineTooLongError
from probewatch.watch.transport import (
    Response,
    StreamFaultError,
    Surroundings,
    Transport,
    WatchOptions,
    WatchStats,
    WatchTarget,
)

_log = logging.getLogger(__name__)

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

GONE = 410
UNAUTHORIZED = 401
SILENCE_SECONDS = 60.0
"""The same trouble is logged once in so long."""
FAULTS = (OSError, TimeoutError, EOFError, LineTooLongError, *BROKEN)
"""What the network, and bytes from it, can raise; aiohttp's client errors are mapped to OSError."""


class Handler(Protocol[T_contra]):
    """Who is told, in order and without waiting."""

    def listing(self) -> None:
        """A list begins."""
        ...

    def listed(self, raw: T_contra) -> None:
        """An object of the list."""
        ...

    def synced(self) -> None:
        """The list is complete."""
        ...

    def changed(self, kind: str, raw: T_contra) -> None:
        """ADDED or MODIFIED."""
        ...

    def deleted(self, raw: T_contra) -> None:
        """DELETED, with the object's last version."""
        ...


class WatchLoop(Generic[T]):
    """Keeps one handler in step with one resource."""

    def __init__(
        self,
        *,
        transport: Transport,
        target: WatchTarget,
        decoder: Decoder[T],
        handler: Handler[T],
        around: Surroundings,
        options: WatchOptions | None = None,
    ) -> None:
        self.stats = WatchStats(resource=target.name)
        self._transport = transport
        self._target = target
        self._decoder = decoder
        self._handler = handler
        self._around = around
        self._options = options or WatchOptions()
        self._version = ""
        self._said = ("", 0.0)

    async def run(self) -> NoReturn:
        """List and watch for ever; faults are waited out."""
        backoff, why = Backoff(), "start"
        while True:
            begun = self._around.monotonic()
            try:
                if not self._version:
                    self.stats.relists[why] += 1
                    await self._list()
                await self._watch()
                backoff = Backoff()
                continue
            except StreamFaultError as fault:
                caught = fault
            except FAULTS as error:
                caught = StreamFaultError(type(error).__name__)
            if caught.relist:
                self._version, why = "", caught.why
            if self._around.monotonic() - begun > STEADY_SECONDS:
                backoff = Backoff()
            await self._wait(caught, backoff)
            backoff = backoff.after_fault()

    async def _wait(self, fault: StreamFaultError, backoff: Backoff) -> None:
        self.stats.errors[fault.why] += 1
        if backoff.faults:
            self.stats.synced = self.stats.synced and bool(self._version)
        pause = max(backoff.pause(self._around.chance()), fault.retry_after or 0.0)
        self._say(fault.why, pause)
        await self._around.sleep(pause)

    def _say(self, why: str, pause: float) -> None:
        """Warn once a minute of the same trouble; each time is for debugging."""
        now = self._around.monotonic()
        is_news = why != self._said[0] or now - self._said[1] >= SILENCE_SECONDS
        if is_news:
            self._said = (why, now)
        _log.log(
            logging.WARNING if is_news else logging.DEBUG,
            "The watch was interrupted and is taken up again",
            extra={"resource": self._target.name, "why": why, "pause_seconds": round(pause, 1)},
        )

    async def _list(self) -> None:
        self._handler.listing()
        token, version = "", ""
        while True:
            page = await self._page(token)
            self.stats.decode_errors += page.broken
            for item in page.items:
                self._handler.listed(item)
            version = page.resource_version or version
            token = page.token
            await asyncio.sleep(0)  # a page of 500 takes 10 to 25 ms: let others in
            if not token:
                break
        if not version:
            why = "no resourceVersion"
            raise StreamFaultError(why)
        self._version = version
        self._handler.synced()
        self.stats.synced = True

    async def _page(self, token: str) -> Page[T]:
        params = {**self._target.params, "limit": str(self._options.page_size)}
        if token:
            params["continue"] = token
        body = bytearray()
        limit = asyncio.timeout(self._options.request_timeout)
        async with limit, self._ask(params) as response:
            await self._check(response)
            async for chunk in response.chunks():
                body += chunk
        self._heard(len(body))
        return self._decoder.page(bytes(body))

    def _ask(self, params: Mapping[str, str]) -> AbstractAsyncContextManager[Response]:
        return self._transport.stream(
            self._target.path, params, timeout_seconds=self._options.request_timeout
        )

    async def _check(self, response: Response) -> None:
        if response.status == 200:  # noqa: PLR2004  # the one good answer to a GET
            return
        if response.status == UNAUTHORIZED:
            await self._transport.refresh()
        wait = parse_retry_after(response.headers.get("Retry-After"), self._around.now())
        why, gone = str(response.status), response.status == GONE
        raise StreamFaultError(why, relist=gone, retry_after=wait)

    async def _watch(self) -> None:
        seconds = self._options.server_timeout * (1 + self._around.chance() / 4)
        params = {
            **self._target.params,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(int(seconds)),
        }
        async with self._ask(params) as response:
            await self._check(response)
            self._heard(0)
            async for line in self._lines(response):
                self._take(line)

    async def _lines(self, response: Response) -> AsyncIterator[bytes]:
        splitter = LineSplitter()
        chunks = response.chunks()
        heard = self._around.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._options.inactivity):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                break
            for line in splitter.feed(chunk):
                heard = self._around.monotonic()
                self._heard(len(line))
                yield line
            if self._around.monotonic() - heard > self._options.inactivity:
                # Bytes drip in, but no line is ever complete.
                why = "no complete line"
                raise StreamFaultError(why)
        if splitter.rest().strip():
            why = "torn line"
            raise StreamFaultError(why)

    def _take(self, line: bytes) -> None:
        try:
            update = self._decoder.update(line)
        except BROKEN:
            self.stats.decode_errors += 1
            return
        if update.type == "ERROR":
            raise StreamFaultError(str(update.code), relist=update.code == GONE)
        self.stats.updates[update.type] += 1
        self._version = update.version or self._version
        self._hand_on(update)

    def _hand_on(self, update: Update[T]) -> None:
        if update.object is None:
            return
        if update.type == "DELETED":
            self._handler.deleted(update.object)
        else:
            self._handler.changed(update.type, update.object)

    def _heard(self, size: int) -> None:
        self.stats.bytes_read += size
        self.stats.last_activity = self._around.monotonic()
