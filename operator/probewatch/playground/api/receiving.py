"""Reads requests from the network."""

from aiohttp import web

from probewatch.playground.api.requests import Request, parse_request
from probewatch.playground.objects.status import StatusError

LARGEST_BODY = 3 * 2**20
"""The largest body of a request, in bytes; that of an object is half of it."""


async def receive(raw: web.BaseRequest) -> Request:
    """Return a request with its whole body; raises StatusError 413 if that is too large."""
    body = bytearray()
    async for chunk in raw.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            text = f"Request entity too large: limit is {LARGEST_BODY}"
            raise StatusError(413, "RequestEntityTooLarge", text)
    return parse_request(
        raw.method, raw.rel_url.raw_path, raw.query, headers=raw.headers, body=bytes(body)
    )
