"""Leader election by a Lease, which decides which of several replicas writes.

The holder renews the Lease. The others check whether it changes, by their own clocks only, and
acquire it once it has not changed for its duration. A Lease is no fence: a holder that was paused
may still write for a moment, so every write is conditional too. The recorded scope is kept on
the Lease as an annotation.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from http import HTTPStatus

from probewatch.clock import Clock
from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube.lease_lapse import Lapse
from probewatch.kube.lease_objects import HELD_SECONDS, LeaseObject
from probewatch.kube.lease_refusal import REFUSED_SECONDS, Refusal
from probewatch.kube.lease_requests import LOOK_SECONDS, RENEW_SECONDS, RETRY_SECONDS, LeaseRequests
from probewatch.kube.lease_seen import Seen
from probewatch.kube.objects import BROKEN
from probewatch.kube.rights import Requester

_log = logging.getLogger(__name__)

RELEASE_SECONDS = 2.0
"""Time for releasing it at shutdown, when there is other work as well."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """Holds the Lease *name* in *namespace* for *instance*, or waits for it.

    *identity* is the instance with a suffix that is unique to this process. A restarted process
    of the same instance may take over from its predecessor at once.
    """

    requester: Requester
    namespace: str
    name: str
    instance: str
    identity: str
    clock: Clock
    known: bool = False
    """Whether the holder is known: the Lease was read, or cannot be kept at all."""
    term: int = 0
    """Increases when the Lease is acquired, is lost, or is seen with another holder."""
    sure_until: float | None = None
    """Until when no other can have acquired the Lease; None if it was never held."""
    _held_since: float = 0.0
    _held_until: float | None = None
    _refusal: Refusal = field(default_factory=Refusal)
    _has_let_go: bool = False
    """Whether it was lost, so that another may hold it without our knowing yet."""
    _is_over: bool = False
    """Whether it is released for good: not held any more, whatever the answers under way say."""
    _is_forsaken: bool = False
    """Whether it is left to expire: it is not written any more, not even to release it."""
    _scope: str | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _requests: LeaseRequests = field(init=False)
    _seen: Seen = field(init=False)
    _lapse: Lapse = field(init=False)

    def __post_init__(self) -> None:
        self._requests = LeaseRequests(
            requester=self.requester, namespace=self.namespace, name=self.name, clock=self.clock
        )
        self._seen = Seen(instance=self.instance, identity=self.identity, clock=self.clock)
        self._lapse = Lapse(lease=self.name)

    @property
    def is_held(self) -> bool:
        """Whether this process is the one that writes, as far as it knows."""
        if self._is_over:
            return False  # whatever a request that is under way is answered
        if self._refusal.is_final:
            return True  # nobody can hold it; conditional writes must suffice
        return self._held_until is not None and self.clock.monotonic() < self._held_until

    @property
    def held_since(self) -> float | None:
        """Since when this process holds it, by its clock; None if another process may hold it."""
        return self._held_since if self.is_held and not self._refusal.is_final else None

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process holds it, or may hold it since this one lost or released it.

        While the API server does not answer, the last known holder counts, so that one process
        shows the metrics, and not two.
        """
        has_let_go = self._has_let_go or self._is_over
        return not self.is_held and (has_let_go or self._seen.is_of_another)

    @property
    def scope(self) -> str:
        """The recorded scope, as it is on the Lease or will be written there."""
        return self._seen.scope if self._scope is None else self._scope

    async def agree(self, scope: str) -> None:
        """Write the recorded scope on the Lease; if that fails, with the next renewal."""
        self._scope = scope
        await self.step()

    async def run(self) -> None:
        """Hold the Lease or wait for it, until cancelled."""
        while True:
            await self.clock.sleep(await self.step())

    async def step(self) -> float:
        """Renew, acquire or read the Lease; return the seconds until the next step."""
        pause = await self._try()
        # Who may write without a Lease holds none.
        is_ours = self._held_until is not None and not self._is_over
        self._lapse.look(is_ours=is_ours, is_held=self.held_since is not None)
        return pause

    async def _try(self) -> float:
        begun = self.clock.monotonic()
        try:
            async with self._turn:
                return LOOK_SECONDS if self._is_over else await self._step()
        except (ApiError, OSError, *BROKEN) as error:
            _log.debug("The lease cannot be reached", extra={"error": str(error)})
            self._refusal.interrupt()
            return max(0.0, begun + RETRY_SECONDS - self.clock.monotonic())

    async def release(self, seconds: float = RELEASE_SECONDS, *, scope: str | None = None) -> None:
        """Release the Lease at shutdown, for good, so that another replica need not wait.

        It is not held from now on. A recorded *scope* is written with the release. If that takes
        more than *seconds*, the Lease is left to expire.
        """
        self._is_over = True
        self._scope = scope or self._scope
        with contextlib.suppress(ApiError, OSError, *BROKEN):
            async with asyncio.timeout(seconds), self._turn:  # a request under way may acquire it
                await self._give_back()
        self._held_until = None

    def forsake(self) -> None:
        """Stop holding the Lease without releasing it, because this process's state is useless."""
        self._is_over = self._is_forsaken = True

    async def _give_back(self) -> None:
        until, self._held_until = self._held_until, None
        is_ours = until is not None and self.clock.monotonic() < until and not self._is_forsaken
        if not is_ours or self._refusal.is_final or self._seen.lease is None:
            return
        crash_point("lease.release.before")
        await self._put(holder="")
        crash_point("lease.release.after")

    async def _step(self) -> float:
        if self._held_until is not None:
            return await self._renew(otherwise=RETRY_SECONDS)
        status, lease = await self._requests.read()
        if status == HTTPStatus.NOT_FOUND:
            return await self._create()
        if lease is None:
            return self._refuse(status)
        self._learn(lease)
        if self._seen.may_take(lease):
            return await self._renew(otherwise=LOOK_SECONDS)
        self._refusal.end()
        return LOOK_SECONDS

    async def _renew(self, *, otherwise: float) -> float:
        """Write that we hold the Lease; return the pause: *otherwise* if another has it."""
        tried = self._seen.lease
        begun, status = await self._write()
        if self._held_until is not None and status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            if not await self._is_ours_yet():
                return otherwise
            if status == HTTPStatus.CONFLICT and self._seen.lease is not tried:
                begun, status = await self._write()
        if status == HTTPStatus.OK:
            return self._hold(begun)
        if status in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
            self._lose()
            return otherwise
        return self._refuse(status)

    async def _write(self) -> tuple[float, int]:
        """Send a renewal; return when it was sent, and the status of the answer."""
        begun = self.clock.monotonic()
        crash_point("lease.renew.before")
        status = await self._put(holder=self.identity)
        crash_point("lease.renew.after")
        return begun, status

    async def _is_ours_yet(self) -> bool:
        """Read the Lease that could not be renewed; tell whether no other replica has it.

        It may be changed and still ours: by a renewal whose answer came too late, or by somebody
        who labelled it. A new term for that would start all counters anew, except for restarts.
        client-go reads it again as well.
        Source: client-go/tools/leaderelection/leaderelection.go (tryAcquireOrRenew).
        """
        begun = self.clock.monotonic()
        _, lease = await self._requests.read()
        if lease is None:
            return True
        self._learn(lease)
        if lease.holder != self.identity:
            self._lose()
            return False
        self.sure_until = max(begun, self.sure_until or begun)
        return True

    async def _create(self) -> float:
        begun = self.clock.monotonic()
        crash_point("lease.create.before")
        status, lease = await self._requests.create(holder=self.identity, scope=self._scope)
        crash_point("lease.create.after")
        if lease is not None:
            self._learn(lease)
            return self._hold(begun)
        return self._refuse(status)

    async def _put(self, *, holder: str) -> int:
        seen = self._seen.lease
        assert seen is not None  # noqa: S101  # nothing is replaced before it was read
        status, lease = await self._requests.replace(seen, holder=holder, scope=self._scope)
        if lease is not None:
            self._learn(lease)
        return status

    def _learn(self, lease: LeaseObject) -> None:
        self._seen.learn(lease)
        self.term += self._seen.is_of_another
        self.known = True

    def _hold(self, begun: float) -> float:
        if self._held_until is None:
            self.term += 1
            self._held_since = begun
            _log.info("This replica is the leader now", extra={"lease": self.name})
        self._held_until = self.sure_until = begun + HELD_SECONDS
        self._has_let_go = False
        self._refusal.end()
        return max(0.0, begun + RENEW_SECONDS - self.clock.monotonic())

    def _lose(self) -> None:
        self._lapse.lost(was_ours=self._held_until is not None)
        self._held_until, self._has_let_go = None, True
        self._refusal.end()
        self.term += 1

    def _refuse(self, status: int) -> float:
        """Handle an answer other than success; if it is a final refusal, go on without a Lease."""
        was_seen = self._seen.lease is not None
        if not self._refusal.go_on(status, self.clock.monotonic(), was_seen=was_seen):
            return RETRY_SECONDS
        self._refusal.conclude(status, self.namespace)
        self.known = True
        return REFUSED_SECONDS
