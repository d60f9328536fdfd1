"""Writes the status of each ProbePolicy: whether it is accepted, and to how many pods it applies.

The leading replica writes a status when its content should change; numbers of pods, which may
change all the time, are only updated periodically. If many statuses are due, the one that a user
waits for comes first: that of the policy which was changed last.
"""

import logging
from collections.abc import Callable, Iterable

from probewatch.clock import Clock, Stint
from probewatch.core.policies import Count, Problem, judge
from probewatch.core.policy import Policy
from probewatch.errors import ApiError
from probewatch.kube.policies.api import Concerned, PolicyApi
from probewatch.kube.policies.objects import Status
from probewatch.kube.policies.parsing import Read
from probewatch.kube.policies.status import only_counts_differ, render_status
from probewatch.kube.token_bucket import TokenBucket
from probewatch.pauses import Pauses
from probewatch.policies.counts import PolicyCounts
from probewatch.policies.index import Labelled, PolicyIndex
from probewatch.policies.notices import Notices

_log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
COUNT_SECONDS = 30.0
"""Period in which all numbers of pods are updated."""

WRITES_BURST, WRITE_SECONDS = 20, 0.5
"""Rate limit of status writes: burst, and seconds for each further one."""

JUDGED_AT_ONCE = 100
"""Policies that are handled before the event loop gets its turn: some milliseconds."""

PAUSES = Pauses(first=1.0, longest=30.0)
"""Back-off while the API server takes no statuses; a longer `Retry-After` is honoured."""

NEVER = float("-inf")


class PolicyStatuses:
    """Compares the status of each policy with what it should be, and writes the differences.

    `run` is started with the operator. *pods* returns all known pods, *may_write* whether this
    replica is the one that writes and has seen all pods. If *instead* is given, no statuses are
    written, and it logs notices about the policies.
    """

    def __init__(
        self,
        *,
        index: PolicyIndex,
        api: PolicyApi,
        default: Policy,
        pods: Callable[[], Iterable[Labelled]],
        may_write: Callable[[], bool],
        clock: Clock,
        instead: Notices | None = None,
    ) -> None:
        self._index = index
        self._api = api
        self._default = default
        self._counts = PolicyCounts(index, pods)
        self._may_write = may_write
        self._instead = instead
        self._clock = clock
        self._is_touched = True
        self._is_failing = False
        self._counted = NEVER
        self._written: dict[str, float] = {}
        """When the status was last written, by uid of the policy."""
        self._skipped: set[str | tuple[str, int]] = set()
        """Namespaces, or versions of policies, that are skipped until the next full count."""
        self._skipped_before: set[str | tuple[str, int]] = set()
        """What was skipped before the last full count: it is tried after the others."""
        self._faults = 0  # in a row, of those for which all writes are paused
        self._paused_until = NEVER
        self._budget = TokenBucket(burst=WRITES_BURST, refill=WRITE_SECONDS)

    def touch(self) -> None:
        """Note that policies may have changed, so that statuses are compared soon."""
        self._is_touched = True

    async def run(self) -> None:
        """Write statuses for ever."""
        while True:
            await self._clock.sleep(BEAT_SECONDS)
            await self.tell()

    async def tell(self) -> None:
        """Write the statuses that should change, as many as the rate limit permits now."""
        if self._instead is not None:
            if self._is_touched:
                self._is_touched = False
                self._instead.tell(self._index.reads())
            return
        now = self._clock.monotonic()
        if now < self._paused_until:
            return
        is_due = now - self._counted >= COUNT_SECONDS
        if not len(self._index) or not (is_due or self._is_touched) or not self._may_write():
            return
        self._is_touched = False
        if is_due:
            self._begin_full_count(now)
        await self._counts.renew(anew=is_due)
        for read, status in await self._find_stale(now):
            if {read.policy.namespace, _version_of(read)} & self._skipped:
                continue
            if not self._may_write() or not self._budget.take(self._clock.monotonic()):
                self._is_touched = True  # the rest is written in the next rounds
                break
            if not await self._write(read, status):
                break

    def _begin_full_count(self, now: float) -> None:
        self._counted = now
        self._skipped_before, self._skipped = self._skipped, set()
        uids = {read.policy.uid for read in self._index.reads()}
        self._written = {uid: at for uid, at in self._written.items() if uid in uids}

    async def _find_stale(self, now: float) -> list[tuple[Read, Status]]:
        """Policies whose status should change, with the new status, in the order of writing."""
        found, stint = [], Stint(JUDGED_AT_ONCE)
        for read in self._index.reads():
            await stint.did(1)
            counted = self._counts.of(read.policy)
            count = counted or Count()
            verdict = judge(read.policy, count, self._default)
            if counted is None and not isinstance(verdict, Problem):
                self._is_touched = True  # it was added or changed during the count
                continue
            status = render_status(read, verdict, count, now=self._clock.now())
            if status == read.status:
                continue
            if self._may_write_now(read, status, now):
                found.append((read, status))
            else:
                self._is_touched = True  # it is written in a later round
        return sorted(found, key=self._rank)

    def _rank(self, stale: tuple[Read, Status]) -> tuple[int, bool, float]:
        """Sort key: new generations, the latest first; then other changes; then mere numbers."""
        read, status = stale
        if read.status.observed_generation != read.generation:
            return 0, _version_of(read) in self._skipped_before, -read.version
        return 1 + only_counts_differ(read.status, status), False, self._last_written(read)

    def _may_write_now(self, read: Read, status: Status, now: float) -> bool:
        is_news = not only_counts_differ(read.status, status)
        return is_news or now - self._last_written(read) >= COUNT_SECONDS

    def _last_written(self, read: Read) -> float:
        return self._written.get(read.policy.uid, NEVER)

    async def _write(self, read: Read, status: Status) -> bool:
        """Write one status; return whether to go on with the others."""
        self._written[read.policy.uid] = self._clock.monotonic()
        try:
            written = await self._api.patch_status(read, status)
        except ApiError as error:
            self._log_failure(read, error)
            whom = self._api.whom(error)
            if whom is Concerned.ALL or error.wait:
                self._back_off(error)
            if error.wait:
                return False  # it was not refused, only delayed by Retry-After
            return self._skip(read, whom)
        self._is_failing, self._faults = False, 0
        if written is None:
            return self._skip(read, Concerned.ONE)
        self._index.take(written)
        return True

    def _skip(self, read: Read, whom: Concerned) -> bool:
        """Skip what was refused until the next full count; return whether others may be written."""
        is_of_place = whom is Concerned.NAMESPACE
        self._skipped.add(read.policy.namespace if is_of_place else _version_of(read))
        return whom is not Concerned.ALL

    def _back_off(self, error: ApiError) -> None:
        """Pause all writes, for longer each time, and at least as long as the server asks."""
        self._faults += 1
        pause = max(error.wait, PAUSES.after(self._faults))
        self._paused_until = self._clock.monotonic() + pause
        self._is_touched |= error.wait > 0

    def _log_failure(self, read: Read, error: ApiError) -> None:
        """Log a failed write: a warning for the first of a row, the others at debug level."""
        level = logging.DEBUG if self._is_failing else logging.WARNING
        self._is_failing = True
        extra = {"namespace": read.policy.namespace, "policy": read.policy.name}
        _log.log(
            level,
            "The status of a policy could not be written",
            extra={**extra, "error": str(error)},
        )


def _version_of(read: Read) -> tuple[str, int]:
    return read.policy.uid, read.version
