"""A load-generating API server in its own process, which is never the bottleneck.

It serves what kopf, a list+watch loop and the operator request: pods in pages or as a streaming
list, watches, kubelet Events, owners' metadata, posted Events. Changes in its cluster are triggered
by requests below `/load/`, each answered once everything is written to the sockets: so the
measuring process knows when the load is over.

It uses plain asyncio streams and prepared bytes: a line costs it less than the reader.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.bench.cluster import Cluster, Step

BATCH = 32
"""Lines per write."""

NOT_STREAMED = b'{"kind":"Status","status":"Failure","code":422,"reason":"Invalid"}'
"""The answer of servers before 1.34 to a streaming list."""

HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n"

Query = dict[str, str]
T = TypeVar("T")


class Watchers:
    """The open watches of one resource."""

    def __init__(self) -> None:
        self.writers: set[asyncio.StreamWriter] = set()

    async def send(self, lines: list[bytes]) -> None:
        """Write to all watches, and wait until each has accepted it."""
        chunk = _chunk(b"\n".join(lines) + b"\n")
        for writer in tuple(self.writers):
            writer.write(chunk)
        for writer in tuple(self.writers):
            with contextlib.suppress(ConnectionError):
                await writer.drain()


class LoadServer:
    """Answers requests from one cluster.

    *streams* is whether it has streaming lists, and *pace* the seconds that each object of one
    takes: they are then written one by one, as an API server does.
    """

    def __init__(self, cluster: Cluster, *, streams: bool, pace: float = 0.0) -> None:
        self._cluster = cluster
        self._streams = streams
        self._pace = pace
        self._pods = Watchers()
        self._events = Watchers()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests, one after the other."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, length = _parse(head)
                body = await reader.readexactly(length)
                await self._answer(method, target, body, writer)
                await writer.drain()
        writer.close()

    async def _answer(
        self, method: str, target: str, body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        url = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path.startswith("/load/"):
            _send(writer, await self._load(url.path.removeprefix("/load/"), query))
        elif method != "GET":
            status = 201 if method == "POST" else 200
            _send(writer, self._cluster.written(body), status=status)
        elif url.path.endswith("/pods"):
            await self._list_or_watch(self._pods, query, writer)
        elif url.path.endswith("/events") and "Node" not in query.get("fieldSelector", ""):
            await self._list_or_watch(self._events, query, writer)
        elif "watch" in query:
            _begin(writer)
            await self._watch(Watchers(), writer)
        else:
            _send(writer, self._cluster.other(url.path, query))

    async def _list_or_watch(
        self, watchers: Watchers, query: Query, writer: asyncio.StreamWriter
    ) -> None:
        pods = self._cluster if watchers is self._pods else Cluster(0, together=1)
        streamed = "sendInitialEvents" in query
        if streamed and not self._streams:
            _send(writer, NOT_STREAMED, status=422)
            return
        _begin(writer)
        if "watch" not in query:
            await self._page(pods.page(query), writer)
            return
        if streamed:
            for lines in _batches(pods.initial_lines(), 1 if self._pace else BATCH):
                _be_busy(self._pace)
                writer.write(_chunk(b"\n".join(lines) + b"\n"))
                await writer.drain()
        await self._watch(watchers, writer)

    async def _page(self, parts: Iterator[bytes], writer: asyncio.StreamWriter) -> None:
        for some in _batches(parts):
            writer.write(_chunk(b"".join(some)))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async def _watch(self, watchers: Watchers, writer: asyncio.StreamWriter) -> None:
        """Keep the stream open until the client disconnects."""
        watchers.writers.add(writer)
        try:
            while not writer.is_closing():
                await asyncio.sleep(30)
                writer.write(_chunk(self._cluster.bookmark() + b"\n"))
                await writer.drain()
        finally:
            watchers.writers.discard(writer)

    async def _load(self, what: str, query: Query) -> bytes:
        """Apply *count* changes, at *rate* a second or as fast as they are read."""
        if what == "watchers":
            return json.dumps([len(self._pods.writers), len(self._events.writers)]).encode()
        count, rate = int(query.get("count", "1")), float(query.get("rate", "0"))
        begun, sent = time.monotonic(), list[tuple[str, float]]()
        if rate:
            async for uid in self._paced(what, count, rate):
                sent.append((uid, time.monotonic()))
        else:
            for steps in _batches(self._cluster.happen(what) for _ in range(count)):
                await self._send(steps)
        return json.dumps({"seconds": time.monotonic() - begun, "sent": sent}).encode()

    async def _paced(self, what: str, count: int, rate: float) -> AsyncIterator[str]:
        begun = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            step = self._cluster.happen(what)
            yield step.uid
            await self._send([step])

    async def _send(self, steps: list[Step]) -> None:
        events = [line for step in steps for line in step.events]
        pods = [line for step in steps for line in step.pods]
        if events:
            await self._events.send(events)
        if pods:
            await self._pods.send(pods)


def _be_busy(seconds: float) -> None:
    """Compute for so long; a sleep is not that short, and a real server computes meanwhile."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def _batches(things: Iterator[T], size: int = BATCH) -> Iterator[list[T]]:
    while batch := list(itertools.islice(things, size)):
        yield batch


def _parse(head: bytes) -> tuple[str, str, int]:
    """The method, target and length of the body."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    fields = (line.partition(":") for line in lines)
    lengths = [int(value) for name, _, value in fields if name.lower() == "content-length"]
    return method, target, lengths[0] if lengths else 0


def _send(writer: asyncio.StreamWriter, body: bytes, *, status: int = 200) -> None:
    writer.write(HEAD % status + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def _begin(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % 200 + b"Transfer-Encoding: chunked\r\n\r\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def run(pods: int, *, together: int, streams: bool, pace: float) -> None:
    """Serve until the end; the first line of output is the port."""
    server = LoadServer(Cluster(pods, together=together), streams=streams, pace=pace)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**20)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pods", type=int, default=1000)
    arguments.add_argument("--together", type=int, default=30, help="pods of a workload")
    arguments.add_argument("--pages", action="store_true", help="have no streaming lists")
    arguments.add_argument("--pace", type=float, default=0.0, help="seconds for each object")
    given = arguments.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            run(given.pods, together=given.together, streams=not given.pages, pace=given.pace)
        )
