"""Leader election by a Lease, which decides which of several replicas writes.

The holder renews the Lease. The others check whether it changes, by their own clocks only, and
acquire it once it has not changed for its duration. A Lease is no fence: a holder that was paused
may still write for a moment, so every write is conditional too. An annotation has the scope.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from http import HTTPStatus

import msgspec

from probewatch.clock import Clock
from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube.lease_lapse import Lapse
from probewatch.kube.lease_objects import HELD_SECONDS, SCOPE, LeaseObject, Metadata, render_lease
from probewatch.kube.lease_refusal import REFUSED_SECONDS, Refusal
from probewatch.kube.lease_requests import LOOK_SECONDS, RENEW_SECONDS, RETRY_SECONDS, LeaseRequests
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
    _seen: LeaseObject | None = None
    _seen_at: float = 0.0
    _held_since: float = 0.0
    _held_until: float | None = None
    _refusal: Refusal = field(default_factory=Refusal)
    _looked: bool = False
    _has_let_go: bool = False
    """Whether it was lost or released, so that another may hold it without our knowing yet."""
    _is_over: bool = False
    """Whether it was released for good, and must not be acquired again during the shutdown."""
    _scope: str | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _lapse: Lapse = field(init=False)

    def __post_init__(self) -> None:
        self.requester = LeaseRequests(requester=self.requester, clock=self.clock)
        self._lapse = Lapse(lease=self.name)

    @property
    def is_held(self) -> bool:
        """Whether this process is the one that writes, as far as it knows."""
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
        holder = self._seen.holder if self._seen else ""
        return not self.is_held and (self._has_let_go or holder not in {"", self.identity})

    @property
    def scope(self) -> str:
        """The recorded scope, as it is on the Lease or will be written there."""
        if self._scope is not None:
            return self._scope
        return self._seen.metadata.annotations.get(SCOPE, "") if self._seen else ""

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
        self._lapse.look(is_ours=self._held_until is not None, is_held=self.held_since is not None)
        return pause

    async def _try(self) -> float:
        begun = self.clock.monotonic()
        try:
            async with self._turn:
                return LOOK_SECONDS if self._is_over else await self._step()
        except (ApiError, OSError, msgspec.DecodeError) as error:
            _log.debug("The lease cannot be reached", extra={"error": str(error)})
            self._refusal.interrupt()
            return max(0.0, begun + RETRY_SECONDS - self.clock.monotonic())

    async def release(self, seconds: float = RELEASE_SECONDS) -> None:
        """Release the Lease at shutdown, for good, so that another replica need not wait.

        If that takes more than *seconds*, the Lease is left to expire.
        """
        self._is_over = True
        with contextlib.suppress(ApiError, OSError, msgspec.DecodeError):
            async with asyncio.timeout(seconds), self._turn:  # a request under way may acquire it
                await self._give_back()
        self._held_until, self._has_let_go = None, True

    def forsake(self) -> None:
        """Stop holding the Lease without releasing it, because this process's state is useless."""
        self._is_over = self._has_let_go = True
        self._held_until = None
        self._refusal.end()

    async def _give_back(self) -> None:
        seen, held = self._seen, self.is_held and not self._refusal.is_final
        self._held_until, self._has_let_go = None, True
        if seen is None or not held:
            return
        crash_point("lease.release.before")
        await self._put(seen, holder="")
        crash_point("lease.release.after")

    async def _step(self) -> float:
        if self._held_until is not None and self._seen is not None:
            return await self._renew(self._seen, otherwise=RETRY_SECONDS)
        status, body = await self.requester.request("GET", self._path)
        if status == HTTPStatus.NOT_FOUND:
            return await self._create()
        if status != HTTPStatus.OK:
            return self._refuse(status)
        self._learn(msgspec.json.decode(body, type=LeaseObject))
        assert self._seen is not None  # noqa: S101  # just learnt
        may_take, self._looked = self._may_take(self._seen), True
        if may_take:
            return await self._renew(self._seen, otherwise=LOOK_SECONDS)
        self._refusal.end()
        return LOOK_SECONDS

    def _may_take(self, lease: LeaseObject) -> bool:
        holder = lease.holder
        if not holder or holder == self.identity:
            return True
        if not self._looked and holder.rpartition("_")[0] == self.instance:
            return True  # our own predecessor, before a restart
        return self.clock.monotonic() - self._seen_at >= lease.duration

    async def _renew(self, lease: LeaseObject, *, otherwise: float) -> float:
        begun = self.clock.monotonic()
        crash_point("lease.renew.before")
        status = await self._put(lease, holder=self.identity)
        crash_point("lease.renew.after")
        if status == HTTPStatus.OK:
            return self._hold(begun)
        if status in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
            self._lose()
            return otherwise
        pause = self._refuse(status)
        if self._held_until is not None:
            await self._look_for_another()
        return pause

    async def _look_for_another(self) -> None:
        """Read the Lease that could not be renewed, as another may have been able to."""
        begun = self.clock.monotonic()
        status, body = await self.requester.request("GET", self._path)
        if status != HTTPStatus.OK:
            return
        self._learn(msgspec.json.decode(body, type=LeaseObject))
        if self._seen is not None and self._seen.holder == self.identity:
            self.sure_until = begun
        else:
            self._lose()

    async def _create(self) -> float:
        begun = self.clock.monotonic()
        crash_point("lease.create.before")
        lease = LeaseObject(metadata=Metadata(name=self.name, namespace=self.namespace))
        path = self._path.rpartition("/")[0]
        body = self._body(lease, holder=self.identity)
        status, answer = await self.requester.request("POST", path, body=body)
        crash_point("lease.create.after")
        if status == HTTPStatus.CREATED:
            self._learn(msgspec.json.decode(answer, type=LeaseObject))
            return self._hold(begun)
        return RETRY_SECONDS if status == HTTPStatus.CONFLICT else self._refuse(status)

    async def _put(self, lease: LeaseObject, *, holder: str) -> int:
        body = self._body(lease, holder=holder)
        status, answer = await self.requester.request("PUT", self._path, body=body)
        if status == HTTPStatus.OK:
            self._learn(msgspec.json.decode(answer, type=LeaseObject))
        return status

    def _body(self, lease: LeaseObject, *, holder: str) -> object:
        return render_lease(lease, holder=holder, now=self.clock.now(), scope=self._scope)

    def _learn(self, lease: LeaseObject) -> None:
        """Remember the Lease, and by our own clock when it was seen to change."""
        known = self._seen.metadata.resource_version if self._seen else None
        if lease.metadata.resource_version != known:
            self._seen_at = self.clock.monotonic()
        if lease.holder not in {"", self.identity}:
            self.term += 1
        self._seen, self.known = lease, True

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
        if not self._refusal.go_on(status, self.clock.monotonic(), was_seen=self._seen is not None):
            return RETRY_SECONDS
        self._refusal.conclude(status, self.namespace)
        self.known = True
        return REFUSED_SECONDS

    @property
    def _path(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/{self.name}"
