"""Sends responses, with the faults that apply to them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from aiohttp import web

from probewatch.playground.api.answers import Answer
from probewatch.playground.api.distortion import distort
from probewatch.playground.api.faults import (
    Delay,
    End,
    Fault,
    Line,
    Replace,
    Respond,
    Rewrite,
    Swallow,
    Truncate,
)
from probewatch.playground.api.requests import Request
from probewatch.playground.api.wire import Wire

Sleep = Callable[[float], Awaitable[None]]
MakeAnswer = Callable[[], Answer]
T = TypeVar("T")


async def send(raw: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Send a response; a stream until it ends or the client disconnects."""
    headers = _headers(answer)
    if answer.stream is None:
        return web.Response(status=answer.status, body=answer.body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    with contextlib.suppress(ConnectionError):  # the client has disconnected
        async with contextlib.aclosing(answer.stream) as stream:
            await response.prepare(raw)
            async for lines in stream:
                if lines:
                    await response.write(b"".join(lines))
    return response


def rewritten(request: Request, faults: Sequence[Fault]) -> Request:
    """Return the request as the faults rewrite it."""
    for fault in _of(Rewrite, faults):
        request = fault.change(request)
    return request


def _headers(answer: Answer) -> dict[str, str]:
    return {"Content-Type": answer.content_type, **answer.headers}


async def send_badly(
    raw: web.BaseRequest, make: MakeAnswer, faults: Sequence[Fault], *, sleep: Sleep
) -> web.StreamResponse:
    """Send the response that *make* returns, as the faults change it."""
    for delay in _of(Delay, faults):
        await sleep(delay.seconds)
    for instead in _of(Respond, faults):
        return await send(raw, _respond(instead))
    for swallow in _of(Swallow, faults):
        if swallow.commits:
            make()
        return await _end(_wire(raw), swallow.end)
    answer = _replaced(make(), _of(Replace, faults))
    if answer.stream is not None:
        return await _send_stream(raw, answer, _of(Line, faults), sleep=sleep)
    for truncate in _of(Truncate, faults):
        return await _send_part(raw, answer, truncate)
    return await send(raw, answer)


def _of(kind: type[T], faults: Sequence[Fault]) -> list[T]:
    return [fault for fault in faults if isinstance(fault, kind)]


def _respond(fault: Respond) -> Answer:
    return Answer(
        status=fault.status,
        body=fault.body,
        headers=fault.headers,
        content_type=fault.content_type,
    )


def _replaced(answer: Answer, faults: Sequence[Replace]) -> Answer:
    for fault in faults:
        if fault.old not in answer.body:
            raise LookupError(f"{fault.old!r} is not in the answer that was to be changed")
        body = answer.body.replace(fault.old, fault.new)
        answer = Answer(
            status=answer.status, body=body, headers=answer.headers,
            content_type=answer.content_type,
        )  # fmt: skip
    return answer


def _wire(raw: web.BaseRequest) -> Wire:
    if raw.transport is None:
        raise ConnectionResetError("the client has gone")
    return Wire(raw.transport)


async def _send_part(raw: web.BaseRequest, answer: Answer, fault: Truncate) -> web.StreamResponse:
    """Send the first bytes; Content-Length is theirs only if the response has to look complete."""
    wire, part = _wire(raw), answer.body[: fault.size]
    looks_whole = fault.end is End.LAST_CHUNK
    wire.head(answer.status, _headers(answer), length=len(part if looks_whole else answer.body))
    wire.send(part)
    return await _end(wire, fault.end)


async def _send_stream(
    raw: web.BaseRequest, answer: Answer, faults: Sequence[Line], *, sleep: Sleep
) -> web.StreamResponse:
    wire = _wire(raw)
    wire.head(answer.status, _headers(answer))
    end = End.FIN
    if answer.stream is not None:
        async with contextlib.aclosing(answer.stream) as stream:
            async for piece in distort(stream, faults):
                if isinstance(piece, bytes):
                    wire.send(piece)
                elif isinstance(piece, End):
                    end = piece
                elif piece:
                    await sleep(piece)
                if wire.is_closed:
                    break
    return await _end(wire, end)


async def _end(wire: Wire, end: End) -> web.StreamResponse:
    """End the connection; the returned response is never sent, as that is closed."""
    if end is End.SILENCE:
        await asyncio.Event().wait()  # cancelled when the client disconnects or the server stops
    wire.end(end)
    return web.Response()
