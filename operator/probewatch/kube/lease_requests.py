"""Sends the requests for a Lease, and gives up one that hangs early enough for another try.

The client waits for an answer longer than a Lease lasts, so one connection that died unnoticed
would cost the Lease. The next try gets another connection. An API server that is just slow gets
more time: the limit doubles with each missing answer, and is twice what the last answer took.

client-go does the same, with half of the renew deadline as its limit.
Source: client-go/tools/leaderelection/resourcelock/interface.go (NewFromKubeconfig).
"""

import asyncio
from dataclasses import dataclass

from probewatch.clock import Clock
from probewatch.kube.lease_objects import HELD_SECONDS
from probewatch.kube.rights import Requester

RENEW_SECONDS = 5.0
"""Time from the start of one renewal to the start of the next."""

LOOK_SECONDS = 1.0
"""How often the others read the Lease, so that one that was released is acquired quickly."""

RETRY_SECONDS = 2.0
"""Time from the start of a request that got no answer to the start of the next."""

SHORTEST_SECONDS = 4.0
"""The first limit: a renewal that hangs is sent again before the holder has to stop writing."""

LONGEST_SECONDS = HELD_SECONDS
"""A renewal that takes longer is useless: it counts from when it was sent."""


@dataclass(slots=True, kw_only=True)
class LeaseRequests:
    """A `Requester` that raises TimeoutError for a request that hangs."""

    requester: Requester
    clock: Clock
    _limit: float = SHORTEST_SECONDS

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises TimeoutError after the current limit."""
        begun, limit = self.clock.monotonic(), self._limit
        self._limit = min(2 * limit, LONGEST_SECONDS)
        async with asyncio.timeout(limit):
            answer = await self.requester.request(verb, path, body=body)
        took = self.clock.monotonic() - begun
        self._limit = min(max(2 * took, SHORTEST_SECONDS), LONGEST_SECONDS)
        return answer
