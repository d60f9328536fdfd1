"""Reads and writes one Lease, and gives up a request that hangs early enough for another try.

The client waits for an answer longer than a Lease lasts, so one connection that died unnoticed
would cost the Lease. The next try gets another connection. An API server that is just slow gets
more time: the limit doubles with each missing answer, and is twice what the last answer took.

client-go does the same, with half of the renew deadline as its limit.
Source: client-go/tools/leaderelection/resourcelock/interface.go (NewFromKubeconfig).
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from probewatch.clock import Clock
from probewatch.kube.api_paths import find_path
from probewatch.kube.lease_objects import HELD_SECONDS, LeaseObject, Metadata, render_lease
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

Answer = tuple[int, LeaseObject | None]
"""The status, and the Lease if there is one in the answer."""


@dataclass(slots=True, kw_only=True)
class LeaseRequests:
    """Sends the requests for the Lease *name* in *namespace*.

    All raise TimeoutError for a request that hangs, what *requester* raises, and
    one of `objects.BROKEN` for an answer that is no Lease.
    """

    requester: Requester
    namespace: str
    name: str
    clock: Clock
    _limit: float = SHORTEST_SECONDS

    async def read(self) -> Answer:
        """Return the Lease as it is."""
        return await self._send("GET", self._path(self.name))

    async def create(self, *, holder: str, scope: str | None) -> Answer:
        """Create the Lease, held by *holder*."""
        lease = LeaseObject(metadata=Metadata(name=self.name, namespace=self.namespace))
        body = render_lease(lease, holder=holder, now=self.clock.now(), scope=scope)
        return await self._send("POST", self._path(), body)

    async def replace(self, lease: LeaseObject, *, holder: str, scope: str | None) -> Answer:
        """Make *holder* the holder (empty: release it) if *lease* is the Lease as it is."""
        body = render_lease(lease, holder=holder, now=self.clock.now(), scope=scope)
        return await self._send("PUT", self._path(self.name), body)

    async def _send(self, verb: str, path: str, body: object | None = None) -> Answer:
        begun, limit = self.clock.monotonic(), self._limit
        self._limit = min(2 * limit, LONGEST_SECONDS)
        async with asyncio.timeout(limit):
            status, answer = await self.requester.request(verb, path, body=body)
        took = self.clock.monotonic() - begun
        self._limit = min(max(2 * took, SHORTEST_SECONDS), LONGEST_SECONDS)
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            return status, None
        return status, msgspec.json.decode(answer, type=LeaseObject)

    def _path(self, name: str = "") -> str:
        return find_path("coordination.k8s.io/v1", "leases", self.namespace, name)
