"""Tells on each ProbePolicy what became of it: whether it is accepted, and for how many pods.

A status is written when it should say something else, by the replica that leads; numbers of
pods, which may change all day long, only so often. Where much is to be told, what people wait
for comes first: the policy that was changed last.
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
from probewatch.policies.counts import PolicyCounts
from probewatch.policies.index import Labelled, PolicyIndex
from probewatch.policies.notices import Notices

_log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
COUNT_SECONDS = 30.0
"""Numbers of pods are brought up to date so often."""

WRITES_BURST, WRITE_SECONDS = 20, 0.5
"""So many statuses at once, and then one each half second."""

JUDGED_AT_ONCE = 100
"""So many policies are gone through before others go on: some milliseconds."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
"""Of those that grow, where the API server does not take statuses; it may ask for longer ones."""

NEVER = float("-inf")


class PolicyStatuses:
    """Compares what is said of each policy with what should be; `run` from the beginning on.

    *pods* gives all pods that are known, *may_write* whether this replica writes, and knows
    all pods. Where statuses are never written, *instead* is told of the policies.
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
        """When a status was written last, by uid of the policy."""
        self._passed_over: set[str | tuple[str, int]] = set()
        """Until the next count: namespaces that are refused, and versions of single policies."""
        self._behind: set[str | tuple[str, int]] = set()
        """What was passed over up to the last count: there are others to be tried first."""
        self._pause = 0.0
        self._quiet_until = NEVER
        self._budget = TokenBucket(burst=WRITES_BURST, refill=WRITE_SECONDS)

    def touch(self) -> None:
        """Something may have changed."""
        self._is_touched = True

    async def run(self) -> None:
        """Tell, for ever."""
        while True:
            await self._clock.sleep(BEAT_SECONDS)
            await self.tell()

    async def tell(self) -> None:
        """Write statuses that should say something else, as many as may be now."""
        if self._instead is not None:
            if self._is_touched:
                self._is_touched = False
                self._instead.tell(self._index.reads())
            return
        now = self._clock.monotonic()
        if now < self._quiet_until:
            return
        is_due = now - self._counted >= COUNT_SECONDS
        if not len(self._index) or not (is_due or self._is_touched) or not self._may_write():
            return
        self._is_touched = False
        if is_due:
            self._begin_anew(now)
        await self._counts.renew(anew=is_due)
        for read, status in await self._find_stale(now):
            if {read.policy.namespace, _version_of(read)} & self._passed_over:
                continue
            if not self._may_write() or not self._budget.take(self._clock.monotonic()):
                self._is_touched = True  # the rest comes with the next beats
                break
            if not await self._write(read, status):
                break

    def _begin_anew(self, now: float) -> None:
        self._counted = now
        self._behind, self._passed_over = self._passed_over, set()
        uids = {read.policy.uid for read in self._index.reads()}
        self._written = {uid: at for uid, at in self._written.items() if uid in uids}

    async def _find_stale(self, now: float) -> list[tuple[Read, Status]]:
        """Policies whose status is not what it should be, and what that is; in this order."""
        found, stint = [], Stint(JUDGED_AT_ONCE)
        for read in self._index.reads():
            await stint.did(1)
            counted = self._counts.of(read.policy)
            count = counted or Count()
            verdict = judge(read.policy, count, self._default)
            if counted is None and not isinstance(verdict, Problem):
                self._is_touched = True  # it came while others were counted
                continue
            status = render_status(read, verdict, count, now=self._clock.now())
            if status == read.status:
                continue
            if self._is_worth_it(read, status, now):
                found.append((read, status))
            else:
                self._is_touched = True  # with a later beat it is
        return sorted(found, key=self._rank)

    def _rank(self, stale: tuple[Read, Status]) -> tuple[int, bool, float]:
        """A generation that nobody was told of, the latest first; then verdicts, then numbers."""
        read, status = stale
        if read.status.observed_generation != read.generation:
            return 0, _version_of(read) in self._behind, -read.version
        return 1 + only_counts_differ(read.status, status), False, self._last_written(read)

    def _is_worth_it(self, read: Read, status: Status, now: float) -> bool:
        is_news = not only_counts_differ(read.status, status)
        return is_news or now - self._last_written(read) >= COUNT_SECONDS

    def _last_written(self, read: Read) -> float:
        return self._written.get(read.policy.uid, NEVER)

    async def _write(self, read: Read, status: Status) -> bool:
        """Write one status; return whether it is worth to go on."""
        self._written[read.policy.uid] = self._clock.monotonic()
        try:
            written = await self._api.patch_status(read, status)
        except ApiError as error:
            self._failed(read, error)
            whom = self._api.whom(error)
            if whom is Concerned.ALL or error.wait:
                self._hold_back(error)
            if error.wait:
                return False  # it is not refused, only put off
            return self._pass_over(read, whom)
        self._is_failing, self._pause = False, 0.0
        if written is None:
            return self._pass_over(read, Concerned.ONE)
        self._index.take(written)
        return True

    def _pass_over(self, read: Read, whom: Concerned) -> bool:
        """Let what is refused rest until the next count; return whether others may be told."""
        is_of_place = whom is Concerned.NAMESPACE
        self._passed_over.add(read.policy.namespace if is_of_place else _version_of(read))
        return whom is not Concerned.ALL

    def _hold_back(self, error: ApiError) -> None:
        """Ask for nothing for as long as the API server says, and each time for longer."""
        self._pause = min(2 * self._pause or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        self._quiet_until = self._clock.monotonic() + max(error.wait, self._pause)
        self._is_touched |= error.wait > 0

    def _failed(self, read: Read, error: ApiError) -> None:
        """Warn once as long as it lasts; it is tried again with the next count."""
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
