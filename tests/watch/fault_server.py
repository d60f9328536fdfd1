"""A fake API server on raw asyncio streams that serves named things and injects faults.

Raw streams, because a web framework cannot end a stream within a line, reset a connection or send
single bytes. `Truth` holds what exists; a fault damages one answer. Faults are used up in order, by
list and watch requests separately.
"""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Query = dict[str, str]
Fault = Callable[["Answer"], Awaitable[None]]
"""Sends an answer of its own, or does something to the answer and then calls `proceed`."""

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@dataclass
class Truth:
    """The things that exist, and their changes since version 10."""

    things: dict[str, int] = field(default_factory=dict)
    history: list[tuple[int, str, str]] = field(default_factory=list)
    version: int = 10
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def change(self, kind: str, name: str) -> None:
        """Apply one change and wake the watches."""
        self.version += 1
        if kind == "DELETED":
            del self.things[name]
        else:
            self.things[name] = self.version
        self.history.append((self.version, kind, name))
        async with self.moved:
            self.moved.notify_all()


def thing(name: str, version: int) -> dict[str, object]:
    """A thing as JSON, with a non-ASCII string, since a cut may fall within a character."""
    uid = f"uid-of-{name}"
    return {
        "metadata": {"name": name, "resourceVersion": str(version), "uid": uid, "note": "Größe"}
    }


def line(kind: str, name: str, version: int) -> bytes:
    """One line of a watch."""
    event = {"type": kind, "object": thing(name, version)}
    return json.dumps(event, ensure_ascii=False).encode() + b"\n"


def bookmark(version: int, *, ends: bool = False) -> bytes:
    """One bookmark; *ends* marks the end of the initial events."""
    notes = {"annotations": {"k8s.io/initial-events-end": "true"}} if ends else {}
    meta = {"resourceVersion": str(version), **notes}
    return json.dumps({"type": "BOOKMARK", "object": {"metadata": meta}}).encode() + b"\n"


CUT_SECONDS = 60
"""Seconds after which a proxy cuts an idle connection."""


class Answer:
    """One answer while it is being sent."""

    def __init__(self, truth: Truth, query: Query, writer: asyncio.StreamWriter) -> None:
        self.truth = truth
        self.query = query
        self._writer = writer

    @property
    def is_watch(self) -> bool:
        """Whether the request is a watch."""
        return "watch" in self.query

    async def proceed(self) -> None:
        """Answer as a healthy server does."""
        if not self.is_watch:
            await self.say(200, self.page())
            return
        await self.begin()
        await self.list()
        await self.follow(int(self.query.get("resourceVersion", self.truth.version)))

    async def list(self) -> None:
        """Send the initial events if the watch asked for them."""
        if "sendInitialEvents" in self.query:
            for name, version in self.truth.things.items():
                await self.write(line("ADDED", name, version))
            await self.write(bookmark(self.truth.version, ends=True))

    async def follow(self, version: int) -> None:
        """Send all changes after *version* until the client disconnects."""
        while True:
            for at, kind, name in tuple(self.truth.history):
                if at > version:
                    await self.write(line(kind, name, at))
                    version = at
            async with self.truth.moved:
                await self.truth.moved.wait_for(lambda seen=version: self.truth.version > seen)  # type: ignore[misc]  # bound at once

    async def happened(self, count: int = 1) -> None:
        """Wait until so many changes have happened."""
        async with self.truth.moved:
            await self.truth.moved.wait_for(lambda: len(self.truth.history) >= count)

    def page(self) -> bytes:
        """The whole list as one page."""
        items = [thing(name, version) for name, version in self.truth.things.items()]
        meta = {"resourceVersion": str(self.truth.version)}
        return json.dumps({"metadata": meta, "items": items}).encode()

    async def say(self, status: int, body: bytes, headers: str = "") -> None:
        """Send a complete response."""
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self._writer.write(head.encode() + body)
        await self._writer.drain()

    async def begin(self) -> None:
        """Send the head of a chunked response."""
        self._writer.write(STREAM_HEAD)
        await self._writer.drain()

    async def write(self, data: bytes) -> None:
        """Write one chunk of a stream."""
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self._writer.drain()

    async def end(self) -> None:
        """End the stream properly, with the last chunk."""
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    def finish(self) -> None:
        """Close the connection: FIN, without a last chunk."""
        self._writer.close()

    def reset(self) -> None:
        """Drop the connection: RST."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


async def idle(answer: Answer) -> None:
    """A quiet watch that the server ends at its timeout, unless a proxy cuts it before."""
    await answer.begin()
    await answer.list()
    asked = int(answer.query["timeoutSeconds"])
    await asyncio.sleep(min(asked, CUT_SECONDS))
    if asked < CUT_SECONDS:
        await answer.end()
    else:
        answer.reset()


async def nobody(answer: Answer) -> None:
    """A watch that a proxy answers and cuts, without any server behind it."""
    await answer.begin()
    await asyncio.sleep(CUT_SECONDS)
    answer.reset()


@dataclass
class FaultServer:
    """Serves the truth; faults are applied to the first requests, in order."""

    truth: Truth = field(default_factory=Truth)
    list_faults: list[Fault] = field(default_factory=list)
    watch_faults: list[Fault] = field(default_factory=list)
    streams: bool = False
    """Whether the server supports streaming lists."""
    asked: list[tuple[float, Query]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    port: int = 0
    _open: "dict[asyncio.Task[object], asyncio.StreamWriter]" = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FaultServer"]:
        """Serve until the end of the block."""
        listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()
            for task, writer in tuple(self._open.items()):
                task.cancel()
                writer.transport.abort()
            await asyncio.wait([*self._open] or [asyncio.create_task(asyncio.sleep(0))])
            await asyncio.sleep(0)  # for the transports to close

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        over = (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError)
        with contextlib.suppress(*over):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                target = head.split(" ", 2)[1]
                values = parse_qs(urlsplit(target).query)
                query = {key: each[0] for key, each in values.items()}
                self.asked.append((asyncio.get_running_loop().time(), query))
                self.tokens += [row[15:] for row in head.split("\r\n") if row.startswith("Auth")]
                await self._answer(Answer(self.truth, query, writer))
        writer.close()
        self._open.pop(task, None)

    async def _answer(self, answer: Answer) -> None:
        if "sendInitialEvents" in answer.query and not self.streams:
            await answer.say(422, b'{"code": 422}')
            return
        faults = self.watch_faults if answer.is_watch else self.list_faults
        if faults:
            await faults.pop(0)(answer)
        else:
            await answer.proceed()
