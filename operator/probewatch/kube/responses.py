"""Bodies of the API server's answers: read as a whole, or as they arrive."""

from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp

from probewatch.kube.faults import as_os_errors
from probewatch.kube.low_water import LowWater

ANSWER_CAP_BYTES = 64 * 1024 * 1024
"""Longer than any answer that is expected; the limit protects the memory."""


class StreamedResponse:
    """A response whose body has not been read yet; the `Response` of a watch."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._content = response.content
        self._connection = response.connection  # None if a short body has arrived completely

    async def chunks(self, is_urgent: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield the body, in larger chunks while it is not urgent; OSError if the stream breaks."""
        mark = LowWater.under(self._connection and self._connection.transport)
        try:
            with as_os_errors():
                async for chunk in self._content.iter_any():
                    yield chunk
                    mark.read(len(chunk), is_urgent=is_urgent() or self._content.at_eof())
        finally:
            mark.lower()


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body; OSError if it is too long, or the connection breaks."""
    body = bytearray()
    try:
        with as_os_errors():
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > ANSWER_CAP_BYTES:
                    raise ConnectionError("its answer is too long")
    finally:
        response.release()
    return bytes(body)
