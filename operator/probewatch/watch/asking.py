"""Single requests: one GET of a resource, with an answer other than 200 turned into a fault."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from probewatch.kube.waits import parse_retry_after
from probewatch.watch.transport import (
    Response,
    StreamFaultError,
    Surroundings,
    Transport,
    WatchOptions,
    WatchTarget,
)

OK = 200
GONE = 410
INTERNAL_ERROR = 500


class Asker:
    """Sends the list and watch requests for one resource."""

    def __init__(
        self,
        transport: Transport,
        target: WatchTarget,
        around: Surroundings,
        options: WatchOptions,
    ) -> None:
        self._transport = transport
        self._target = target
        self._around = around
        self._options = options

    @asynccontextmanager
    async def ask(
        self, params: Mapping[str, str], *, selects: bool = True
    ) -> AsyncIterator[Response]:
        """Send a GET with *params* and, where it *selects*, the target's selectors.

        Raises StreamFaultError for any answer but 200.
        """
        asked = self._transport.stream(
            self._target.path,
            {**(self._target.params if selects else {}), **params},
            timeout_seconds=self._options.request_timeout,
        )
        async with asked as response:
            if response.status == OK:
                yield response
                return
        raise self._fault(response)

    def _fault(self, response: Response) -> StreamFaultError:
        wait = parse_retry_after(response.headers.get("Retry-After"), self._around.now())
        return StreamFaultError(
            str(response.status),
            relist=response.status == GONE,
            retry_after=wait,
            status=response.status,
        )

    async def wait(self, seconds: float) -> None:
        """Sleep before the next request."""
        await self._around.sleep(seconds)

    def watch_seconds(self) -> float:
        """Return the timeout to request for a watch, with jitter so that not all end at once."""
        return self._options.server_timeout * (1 + self._around.chance() / 4)
