"""The journal: what was folded into a record and is not saved yet.

It is read again when someone else changed the report, so it is kept as long as it may be
needed, and no longer. Where very much waits, the first and the latest restarts of each
container are kept: those between are still counted, by the rise of the count.
"""

from collections.abc import Callable, Container, Iterator
from typing import NamedTuple

from probewatch.core.findings import CountingBegan, Finding, LoopEnded, Restart
from probewatch.core.model import PodUid

RESTARTS_KEPT = 256
"""For each container."""

OTHERS_KEPT = 512


class Item(NamedTuple):
    """A finding with its place in the order, and when it was taken in."""

    number: int
    at: float
    finding: Finding
    told: bool = False
    """Whether it was handed out already."""


class Journal:
    """Findings that wait to be saved, in order; bounded for each container."""

    def __init__(self) -> None:
        self.last = 0
        """The number of the latest one."""
        # Lists, though the first ones give way: an empty deque has 760 bytes, for each report.
        self._counts: dict[tuple[PodUid, str], list[Item]] = {}
        self._others: list[Item] = []

    def __len__(self) -> int:
        """How many wait."""
        return len(self._others) + sum(len(items) for items in self._counts.values())

    def __iter__(self) -> Iterator[Finding]:
        """All that wait, in order."""
        return (item.finding for item in self.items())

    def items(self) -> list[Item]:
        """All that wait, in order, each with when it was taken in."""
        items = [*self._others, *(item for each in self._counts.values() for item in each)]
        return sorted(items, key=lambda item: item.number)

    def has_news(self) -> bool:
        """Whether anything that waits says more than that a pod went."""
        return not all(isinstance(each, LoopEnded) and each.gone for each in self)

    def add(self, finding: Finding, now: float, *, told: bool = False) -> None:
        """Append one."""
        self.last += 1
        item = Item(self.last, now, finding, told)
        if not isinstance(finding, Restart | CountingBegan):
            self._others.append(item)
            if len(self._others) > OTHERS_KEPT:
                del self._others[0]
            return
        items = self._counts.setdefault((finding.pod.uid, finding.container), [])
        items.append(item)
        if len(items) > RESTARTS_KEPT:
            del items[1]

    def settle(self, upto: int) -> tuple[Finding, ...]:
        """Let go of what is saved, and return what of it was not handed out before."""
        done = [item for item in self.items() if item.number <= upto]
        self._keep(lambda item: item.number > upto)
        return tuple(item.finding for item in done if not item.told)

    def untold(self) -> Iterator[Finding]:
        """All that was not handed out yet."""
        return (item.finding for item in self.items() if not item.told)

    def tell(self) -> tuple[Finding, ...]:
        """Return what was not handed out before, and keep it."""
        untold = tuple(self.untold())
        for items in (self._others, *self._counts.values()):
            items[:] = [item._replace(told=True) for item in items]
        return untold

    def forget(self, before: float, *, unless: Container[PodUid]) -> None:
        """Let go of what is older than *before*, but for the pods in *unless*."""
        self._keep(lambda item: item.at >= before or item.finding.pod.uid in unless)

    def replay(self, is_news: Callable[[Finding], bool]) -> None:
        """Hand each to *is_news*, in order, and let go of those that are none."""
        old = {item.number for item in self.items() if not is_news(item.finding)}
        self._keep(lambda item: item.number not in old)

    def _keep(self, wanted: Callable[[Item], bool]) -> None:
        self._others = list(filter(wanted, self._others))
        kept = ((key, list(filter(wanted, items))) for key, items in self._counts.items())
        self._counts = {key: items for key, items in kept if items}
