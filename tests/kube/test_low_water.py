"""The low-water mark of a socket: when it is raised, and that it is always lowered again."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from probewatch.kube.low_water import (
    BUSY_SECONDS,
    IS_HEEDED,
    MARK_BYTES,
    PATIENCE_SECONDS,
    SHORT_BYTES,
    LowWater,
)
from probewatch.service.runtime import run_on_best_loop
from tests.kube.clients import connected
from tests.support.fake_cluster import FakeCluster

EACH_BYTE = 1
"""The mark of a socket that wakes for every byte."""

AT_ONCE = BUSY_SECONDS / 4
SELDOM = BUSY_SECONDS * 2


@dataclass
class Scene:
    """A real connection, whose mark is set by the test's clock."""

    receiver: socket.socket
    sender: socket.socket
    loop: asyncio.AbstractEventLoop
    seconds: float = 1000.0
    alarms: list[tuple[float, asyncio.TimerHandle, Callable[[], None]]] = field(
        default_factory=list
    )

    def __post_init__(self) -> None:
        self.water = LowWater(self.receiver, now=lambda: self.seconds, later=self._later)

    @property
    def mark(self) -> int:
        return self.receiver.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)

    def read(self, *sizes: int, every: float = AT_ONCE, is_urgent: bool = False) -> None:
        """Read parts of an answer, one after the other."""
        for size in sizes:
            self.pass_time(every)
            self.water.read(size, is_urgent=is_urgent)

    def pass_time(self, seconds: float) -> None:
        """Advance the clock and run the alarms that are due."""
        self.seconds += seconds
        due = [alarm for alarm in self.alarms if alarm[0] <= self.seconds]
        self.alarms = [alarm for alarm in self.alarms if alarm not in due]
        for _, handle, ring in due:
            if not handle.cancelled():
                ring()

    def _later(self, seconds: float, ring: Callable[[], None]) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self.seconds + seconds, ring, (), self.loop)
        self.alarms.append((self.seconds + seconds, handle, ring))
        return handle


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A loopback connection between two sockets."""
    loop = asyncio.new_event_loop()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as receiver,
        server.accept()[0] as sender,
    ):
        yield Scene(receiver=receiver, sender=sender, loop=loop)
    loop.close()


needs_marks = pytest.mark.skipif(not IS_HEEDED, reason="marks are used on Linux alone")


@needs_marks
def test_a_long_list_is_let_pile_up(scene: Scene) -> None:
    """Once a list is long and fast, the kernel collects a megabyte before waking the reader."""
    scene.read(SHORT_BYTES)
    assert scene.mark == EACH_BYTE

    scene.read(9000)
    assert scene.mark == MARK_BYTES


def test_what_is_urgent_is_read_as_it_comes(scene: Scene) -> None:
    """An urgent read lowers the mark at once."""
    scene.read(SHORT_BYTES, 9000)
    scene.read(9000, is_urgent=True)

    assert scene.mark == EACH_BYTE


def test_short_answers_are_read_as_they_come(scene: Scene) -> None:
    """A short list does not raise the mark."""
    scene.read(*[9000] * (SHORT_BYTES // 9000))

    assert scene.mark == EACH_BYTE


def test_what_comes_now_and_then_is_not_waited_for(scene: Scene) -> None:
    """A slow stream does not raise the mark."""
    scene.read(SHORT_BYTES, 9000, 9000, every=SELDOM)

    assert scene.mark == EACH_BYTE


def test_patience_ends(scene: Scene) -> None:
    """Less data than the mark is read after a short while: no line is stuck."""
    scene.read(SHORT_BYTES, 9000)
    scene.pass_time(PATIENCE_SECONDS)

    assert scene.mark == EACH_BYTE


@needs_marks
def test_each_part_is_waited_for_anew(scene: Scene) -> None:
    """That while starts again with each part."""
    scene.read(SHORT_BYTES, 9000, 9000, every=AT_ONCE)
    scene.pass_time(PATIENCE_SECONDS - AT_ONCE)
    assert scene.mark == MARK_BYTES

    scene.pass_time(AT_ONCE)
    assert scene.mark == EACH_BYTE


def test_the_end_of_an_answer_lowers_the_mark(scene: Scene) -> None:
    """The end of an answer lowers the mark for the next one."""
    scene.read(SHORT_BYTES, 9000)
    scene.water.lower()

    assert scene.mark == EACH_BYTE


def test_a_closed_connection_is_no_fault(scene: Scene) -> None:
    """A closed connection raises no error in the mark's code."""
    scene.read(SHORT_BYTES, 9000)
    scene.receiver.close()
    scene.pass_time(PATIENCE_SECONDS)
    scene.read(9000)


def test_without_a_connection_nothing_is_set(scene: Scene) -> None:
    """An answer that is already complete has no connection, and no mark is set."""
    water = LowWater(None, now=scene.loop.time, later=scene.loop.call_later)
    water.read(SHORT_BYTES, is_urgent=False)
    water.read(9000, is_urgent=False)
    water.lower()


@pytest.mark.parametrize("is_torn", [True, False], ids=["reset", "closed"])
def test_a_long_answer_that_breaks_off_is_a_network_fault(*, is_torn: bool) -> None:
    """An answer that breaks off raises ConnectionResetError on every event loop."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3 * SHORT_BYTES // 65536):
            await response.write(b"x" * 65536)
        assert request.transport is not None
        request.transport.abort() if is_torn else request.transport.close()
        return response

    async def play() -> None:
        async with (
            connected(FakeCluster(instead=answer)) as client,
            client.stream("/api/v1/pods", {}, timeout_seconds=5) as response,
        ):
            async for _ in response.chunks(lambda: False):
                pass

    with pytest.raises(ConnectionResetError):
        run_on_best_loop(play())


async def test_a_long_answer_is_read_to_its_end() -> None:
    """The rest of a long answer below the mark, and the next answer, are read."""
    part = b"x" * 65536
    parts = 2 * (SHORT_BYTES + MARK_BYTES) // len(part)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(parts):
            await response.write(part)
        await response.write(b"end")
        return response

    async with connected(FakeCluster(instead=answer)) as client:
        for _ in range(2):
            size, last = 0, b""
            async with client.stream("/api/v1/pods", {}, timeout_seconds=5) as response:
                async for chunk in response.chunks(lambda: False):
                    size, last = size + len(chunk), chunk
            assert (parts * len(part) + 3, b"end") == (size, last[-3:])
