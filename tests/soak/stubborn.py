"""A client that retries as a kubelet does while the API server is away."""

import asyncio
import contextlib
import time
from http import HTTPStatus
from typing import Any

import aiohttp

from tests.contract.client import Client, Reply

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.3


class StubbornClient(Client):
    """Retries each request until there is a response.

    A retried request that finds its work done counts as successful: the first response was lost.
    """

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401  # any JSON value
        **options: Any,  # noqa: ANN401  # as those of a client
    ) -> Reply:
        """Send a request until it is answered; raise TimeoutError after too long."""
        end, was_sent = time.monotonic() + PATIENCE_SECONDS, False
        while time.monotonic() < end:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                reply = await super().call(method, path, body, **options)
                if reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return await self._judge(method, path, body, reply) if was_sent else reply
            was_sent = True
            await asyncio.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"{method} {path}: no answer in {PATIENCE_SECONDS:.0f} s")

    async def _judge(self, method: str, path: str, body: Any, reply: Reply) -> Reply:  # noqa: ANN401  # likewise
        """Return the response to a retried request, which may have succeeded before."""
        if (method, reply.status) == ("DELETE", HTTPStatus.NOT_FOUND):
            return Reply(status=HTTPStatus.OK, body={}, headers={})
        if (method, reply.status) == ("POST", HTTPStatus.CONFLICT):
            made = await self.call("GET", f"{path}/{body['metadata']['name']}")
            return Reply(status=HTTPStatus.CREATED, body=made.body, headers=made.headers)
        return reply
