"""Keeps the index of policies up to date.

kopf's handler reports changes at once. In addition all policies are listed periodically. That
finds what the watch missed (kopf does not notice deletions while its watch is down), and whether
policies can be read at all. Without their CRD, or without the right to read them, the operator's
settings apply to all pods.
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
"""Period of lists: a CRD that is installed later is in use within half a minute."""

START_SECONDS = 5.0
RETRY_SECONDS = 2.0
BEAT_SECONDS = 1.0
ANSWER_SECONDS = 5.0
"""How long kopf waits for the first answer whether policies can be watched."""

RANKED_AT_ONCE = 1000
"""Requirements of policies that are ranked before the event loop gets its turn: some
milliseconds."""

DOUBT_SECONDS = 10.0
"""How long a refusal is not believed if policies could be read before; they are kept meanwhile. An
API server that has just started may not know RBAC rules and CRDs yet."""

DISCOVERY_SECONDS = 2.0
"""Delay before kopf is restarted: a CRD is served a moment before discovery shows it, and kopf
reads discovery only once."""


class PolicyUpkeep:
    """Updates the index: `start` before pods are watched, `run` from then on.

    *changed* is called when any policy has changed; *restart_kopf* restarts kopf, so that it begins
    to watch policies, or stops watching them.
    """

    def __init__(
        self,
        *,
        index: PolicyIndex,
        api: PolicyApi,
        changed: Callable[[], None],
        restart_kopf: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._index = index
        self._api = api
        self._changed = changed
        self._restart_kopf = restart_kopf
        self._clock = clock
        self._served: bool | None = None
        self._served_to_kopf: bool | None = None
        """The value of `_served` with which kopf was started."""
        self._started, self._answered = asyncio.Event(), asyncio.Event()
        self._listed = float("-inf")
        self._wait = 0.0
        """`Retry-After` of the last list, in seconds."""
        self._refused_since: float | None = None
        self._turn = asyncio.Lock()

    async def served(self) -> bool:
        """Whether kopf can watch policies; waits up to `ANSWER_SECONDS` for the first list."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._answered.wait()
        self._served_to_kopf = bool(self._served)
        return self._served_to_kopf

    def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        """Apply a watch event to the index; *kind* is its type, such as `DELETED`."""
        read = parse_policy(msgspec.json.encode(raw), self._index.find)
        if read is None:
            return
        if kind == "DELETED":
            self._index.gone(read)
        else:
            self._index.take(read)
        self._changed()

    async def take_in_turn(self, kind: str | None, raw: Mapping[str, object]) -> None:
        """Apply a watch event; one at a time, and the event loop gets a turn after each."""
        async with self._turn:
            self.take(kind, raw)
            await asyncio.sleep(0)

    async def start(self) -> None:
        """Read all policies, so that they apply to pods from the beginning.

        Gives up after `START_SECONDS` if the API server does not answer; `run` goes on.
        """
        end = self._clock.monotonic() + START_SECONDS
        while not await self._list() and self._clock.monotonic() + self._wait < end:
            await self._clock.sleep(max(RETRY_SECONDS, self._wait))
        self._started.set()

    async def run(self) -> None:
        """List policies periodically, for ever."""
        await self._started.wait()
        while True:
            await self._clock.sleep(BEAT_SECONDS)
            is_known = self._answered.is_set() and not self._is_doubtful()
            pause = LIST_SECONDS if is_known else RETRY_SECONDS
            if self._clock.monotonic() - self._listed >= max(pause, self._wait):
                await self._list()
            await self._restart_kopf_if_needed()

    async def _list(self) -> bool:
        """List all policies; return whether the API server answered."""
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
        """Whether policies are refused that could be read a moment ago."""
        since = self._refused_since
        return bool(self._served) and since is not None and self._listed - since < DOUBT_SECONDS

    async def _restart_kopf_if_needed(self) -> None:
        """Restart kopf if it was started with another answer than is true now."""
        if self._served_to_kopf is None or self._served_to_kopf is self._served:
            return
        self._served_to_kopf = self._served
        await self._clock.sleep(DISCOVERY_SECONDS)
        await self._restart_kopf()

    async def _load(self, listings: Sequence[Listing]) -> bool:
        """Update the index from lists; return whether all namespaces could be read."""
        before = self._index.edition
        for listing in listings:
            # One by one like watch events: to rank thousands at once would block the event loop.
            stint = Stint(RANKED_AT_ONCE)
            for read in listing.reads:
                self._index.take(read)
                await stint.did(1 + len(read.policy.selector))
            self._index.load(listing.reads, listing.version, listing.namespace)
        if before != self._index.edition:
            self._changed()
        refused = [listing for listing in listings if listing.is_refused]
        if bool(refused) is not (self._served is False):
            _log_access(refused)
        return not refused


def _log_access(refused: Sequence[Listing]) -> None:
    """Log why policies cannot be read, or that they are read now."""
    if not refused:
        _log.info("ProbePolicies are watched")
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
            "The CRD of ProbePolicy is not installed",
            extra={"consequence": "pods are judged by the operator's settings"},
        )


class ThreadsafeUpkeep:
    """Thread-safe access to the upkeep for kopf, which runs an event loop in its own thread."""

    def __init__(self, upkeep: PolicyUpkeep, home: asyncio.AbstractEventLoop) -> None:
        self._upkeep = upkeep
        self._home = home

    async def served(self) -> bool:
        """Whether policies can be watched; may be called from any event loop."""
        asked = asyncio.run_coroutine_threadsafe(self._upkeep.served(), self._home)
        return await asyncio.wrap_future(asked)

    async def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        """Apply a watch event; may be called from any event loop.

        Returns only when it is applied, so that hundreds of large ones do not pile up in memory.
        """
        taken = asyncio.run_coroutine_threadsafe(self._upkeep.take_in_turn(kind, raw), self._home)
        await asyncio.wrap_future(taken)
