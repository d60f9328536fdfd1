"""Tells on each ProbePolicy what became of it: whether it is accepted, and for how many pods.

A status is written when it should say something else, by the replica that leads; numbers of
pods, which may change all day long, only so often.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from probewatch.clock import Clock
from probewatch.core.policies import Count, count_pods, judge
from probewatch.core.policy import Policy
from probewatch.errors import ApiError
from probewatch.kube.policy_api import Concerned, PolicyApi
from probewatch.kube.policy_objects import Status
from probewatch.kube.policy_parsing import Read
from probewatch.kube.policy_status import only_counts_differ, render_status
from probewatch.kube.token_bucket import TokenBucket
from probewatch.policy_index import Labelled, PolicyIndex, group_labels

_log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
COUNT_SECONDS = 30.0
"""Numbers of pods are brought up to date so often."""

COUNTED_AT_ONCE = 250
"""Sets of labels that are compared with the policies of their namespace before others go on."""

WRITES_BURST, WRITE_SECONDS = 20, 0.5
"""So many statuses at once, and then one each half second."""

NEVER = float("-inf")


class PolicyStatuses:
    """Compares what is said of each policy with what should be; `run` from the beginning on.

    *pods* gives all pods that are known, *may_write* whether this replica writes, and knows
    all pods.
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
    ) -> None:
        self._index = index
        self._api = api
        self._default = default
        self._pods = pods
        self._may_write = may_write
        self._clock = clock
        self._is_touched = True
        self._is_failing = False
        self._counted = NEVER
        self._written: dict[str, float] = {}
        """When a status was written last, by uid of the policy."""
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
        """Write the statuses that should say something else."""
        now = self._clock.monotonic()
        is_due = now - self._counted >= COUNT_SECONDS
        if not len(self._index) or not (is_due or self._is_touched):
            return
        if not self._may_write():
            return
        self._is_touched, self._counted = False, now
        refused: set[str] = set()
        for read, status in await self._find_stale():
            namespace = read.policy.namespace
            if namespace in refused or not self._is_worth_it(read, status, now):
                continue
            match await self._write(read, status):
                case Concerned.NAMESPACE:
                    refused.add(namespace)
                case Concerned.ALL:
                    break
                case Concerned.ONE | None:
                    pass

    async def _find_stale(self) -> list[tuple[Read, Status]]:
        """Policies whose status is not what it should be, and what that is."""
        counts = await self._count()
        found = []
        for read in self._index.reads():
            count = counts.get(read.policy.namespace, {}).get(read.policy.name, Count())
            verdict = judge(read.policy, count, self._default)
            status = render_status(read, verdict, count, now=self._clock.now())
            if status != read.status:
                found.append((read, status))
        uids = {read.policy.uid for read in self._index.reads()}
        self._written = {uid: at for uid, at in self._written.items() if uid in uids}
        return found

    async def _count(self) -> Mapping[str, Mapping[str, Count]]:
        """Count the pods of each policy, by namespace and name; the watch goes on meanwhile."""
        ranked = dict(self._index.namespaces())
        groups = group_labels(self._pods(), ranked)
        counts = {
            namespace: {policy.name: Count() for policy in policies}
            for namespace, policies in ranked.items()
        }
        for namespace, policies in ranked.items():
            for begin in range(0, len(groups[namespace]), COUNTED_AT_ONCE):
                some = groups[namespace][begin : begin + COUNTED_AT_ONCE]
                count_pods(counts[namespace], policies, some)
                await asyncio.sleep(0)
        return counts

    def _is_worth_it(self, read: Read, status: Status, now: float) -> bool:
        if not only_counts_differ(read.status, status):
            return True
        last = self._written.get(read.policy.uid, NEVER)
        return now - last >= COUNT_SECONDS

    async def _write(self, read: Read, status: Status) -> Concerned | None:
        """Write one status; return whom it concerns if it is refused."""
        while not self._budget.take(self._clock.monotonic()):
            await self._clock.sleep(self._budget.wait(self._clock.monotonic()))
        self._written[read.policy.uid] = self._clock.monotonic()
        try:
            written = await self._api.patch_status(read, status)
        except ApiError as error:
            self._failed(read, error)
            return self._api.whom(error)
        self._is_failing = False
        if written is not None:
            self._index.take(written)
        return None

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
