"""Answers to clients that have disconnected."""

from collections.abc import AsyncGenerator

from aiohttp import ClientConnectionResetError, web
from aiohttp.http_writer import StreamWriter
from aiohttp.test_utils import make_mocked_request

from probewatch.playground.api.answers import Answer
from probewatch.playground.api.sending import send


class Closing(StreamWriter):
    """A writer to a client that has disconnected: aiohttp refuses to write to it."""

    def __init__(self) -> None: ...

    async def write_headers(self, *_: object) -> None:
        raise ClientConnectionResetError("Cannot write to closing transport")

    def send_headers(self) -> None:
        raise ClientConnectionResetError("Cannot write to closing transport")


async def nothing() -> AsyncGenerator[list[bytes]]:
    yield [b"{}\n"]


async def test_watcher_that_goes_before_the_answer_is_no_error() -> None:
    """A client that disconnects before the answer causes no error and no log."""
    raw = make_mocked_request("GET", "/api/v1/pods?watch=1", writer=Closing())

    assert isinstance(await send(raw, Answer(stream=nothing())), web.StreamResponse)
