"""Keeps the index of policies true, whoever tells of them or does not.

kopf's handler tells of changes at once. Beside it, all policies are listed now and then:
that finds what no watch told (kopf does not notice what was deleted while it was away), and
whether there are policies at all. Without their definition, or without the right to read
them, everything goes on by the operator's settings.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from probewatch.clock import Clock, Stint
from probewatch.errors import ApiError
from probewatch.kube.policies.api import Listing, PolicyApi
from probewatch.kube.policies.parsing import parse_policy
from probewatch.policies.index import PolicyIndex

_log = logging.getLogger(__name__)

LIST_SECONDS = 25.0
"""Definitions that appear are in use within half a minute."""

START_SECONDS = 5.0
RETRY_SECONDS = 2.0
BEAT_SECONDS = 1.0
ANSWER_SECONDS = 5.0
"""So long does kopf wait to hear whether there are policies."""

RANKED_AT_ONCE = 1000
"""So many requirements of policies are ranked before others go on: some milliseconds."""

DOUBT_SECONDS = 10.0
"""An API server that has just started knows of no right and of no definition: so long is a refusal
not believed where policies were served before, and they stay as they were."""

DISCOVERY_SECONDS = 2.0
"""A definition is served a moment before it is found by discovery, which kopf reads once."""


class PolicyUpkeep:
    """`start` before pods are watched, `run` from then on.

    *changed* is told when any policy is not as it was; *serve_anew* starts kopf again, to serve
    policies from now on, or not to any more.
    """

    def __init__(
        self,
        *,
        index: PolicyIndex,
        api: PolicyApi,
        changed: Callable[[], None],
        serve_anew: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._index = index
        self._api = api
        self._changed = changed
        self._serve_anew = serve_anew
        self._clock = clock
        self._served: bool | None = None
        self._told: bool | None = None
        """What kopf was told of that when it began."""
        self._started, self._answered = asyncio.Event(), asyncio.Event()
        self._listed = float("-inf")
        self._wait = 0.0
        """For how long the API server asked not to be asked again."""
        self._refused_since: float | None = None
        self._hearing = asyncio.Lock()

    async def served(self) -> bool:
        """Whether policies can be watched, for kopf; waits a moment for the first answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._answered.wait()
        self._told = bool(self._served)
        return self._told

    def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        """Take in what a watch says of a policy; *kind* is that of the event."""
        read = parse_policy(msgspec.json.encode(raw), self._index.find)
        if read is None:
            return
        if kind == "DELETED":
            self._index.gone(read)
        else:
            self._index.take(read)
        self._changed()

    async def hear(self, kind: str | None, raw: Mapping[str, object]) -> None:
        """Take in what a watch says, of one policy after the other, others between them."""
        async with self._hearing:
            self.take(kind, raw)
            await asyncio.sleep(0)

    async def start(self) -> None:
        """Read all policies, so that pods are judged by them from the first.

        A server that cannot be asked is not waited for long: then that comes later.
        """
        end = self._clock.monotonic() + START_SECONDS
        while not await self._list() and self._clock.monotonic() + self._wait < end:
            await self._clock.sleep(max(RETRY_SECONDS, self._wait))
        self._started.set()

    async def run(self) -> None:
        """Keep up, for ever."""
        await self._started.wait()
        while True:
            await self._clock.sleep(BEAT_SECONDS)
            is_known = self._answered.is_set() and not self._is_doubtful()
            pause = LIST_SECONDS if is_known else RETRY_SECONDS
            if self._clock.monotonic() - self._listed >= max(pause, self._wait):
                await self._list()
            await self._serve()

    async def _list(self) -> bool:
        """Read all policies; return whether there was an answer."""
        self._listed = self._clock.monotonic()
        try:
            listings = await self._api.list()
        except ApiError as error:
            _log.debug("The policies cannot be listed now", extra={"error": str(error)})
            self._wait = error.wait
            return False
        self._wait = 0.0
        self._note_refusal(is_refused=any(each.is_refused for each in listings))
        if not self._is_doubtful():
            self._served = await self._load(listings)
        self._answered.set()
        return True

    def _note_refusal(self, *, is_refused: bool) -> None:
        if not is_refused:
            self._refused_since = None
        elif self._refused_since is None:
            self._refused_since = self._listed

    def _is_doubtful(self) -> bool:
        """Whether policies are refused that were served a moment ago."""
        since = self._refused_since
        return bool(self._served) and since is not None and self._listed - since < DOUBT_SECONDS

    async def _serve(self) -> None:
        """Let kopf begin anew where it was told something else about policies than is so now."""
        if self._told is None or self._told is self._served:
            return
        self._told = self._served
        await self._clock.sleep(DISCOVERY_SECONDS)
        await self._serve_anew()

    async def _load(self, listings: Sequence[Listing]) -> bool:
        """Take in what was listed; return whether all of it may be watched."""
        before = self._index.edition
        for listing in listings:
            # As if a watch had told it: to rank thousands at once would take too long.
            stint = Stint(RANKED_AT_ONCE)
            for read in listing.reads:
                self._index.take(read)
                await stint.did(1 + len(read.policy.selector))
            self._index.load(listing.reads, listing.version, listing.namespace)
        if before != self._index.edition:
            self._changed()
        refused = [listing for listing in listings if listing.is_refused]
        if bool(refused) is not (self._served is False):
            _say(refused)
        return not refused


def _say(refused: Sequence[Listing]) -> None:
    """Say once that there are no policies, or that there are now."""
    if not refused:
        _log.info("ProbePolicies are followed")
    elif any(listing.is_forbidden for listing in refused):
        _log.warning(
            "A right is missing: list and watch",
            extra={
                "resource": "probepolicies",
                "consequence": "pods are judged by the operator's settings",
            },
        )
    else:
        _log.warning(
            "There is no definition of ProbePolicy",
            extra={"consequence": "pods are judged by the operator's settings"},
        )


class PolicyDoor:
    """What kopf's thread may ask of the upkeep, which lives in the operator's loop."""

    def __init__(self, upkeep: PolicyUpkeep, home: asyncio.AbstractEventLoop) -> None:
        self._upkeep = upkeep
        self._home = home

    async def served(self) -> bool:
        """Whether policies can be watched; from any loop."""
        asked = asyncio.run_coroutine_threadsafe(self._upkeep.served(), self._home)
        return await asyncio.wrap_future(asked)

    async def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        """Take in a version of one; from any loop.

        Who tells of the next ones waits meanwhile: hundreds of large ones would fill the memory.
        """
        told = asyncio.run_coroutine_threadsafe(self._upkeep.hear(kind, raw), self._home)
        await asyncio.wrap_future(told)
