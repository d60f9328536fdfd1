"""The journal: findings that were folded into a record and are not saved yet.

They are folded again if somebody else changed the report, so they are kept until they are
saved. If too many wait, the first and the latest restarts of each container are kept: those
in between are still counted, by the rise of `restartCount`.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from probewatch.core.findings import CountingBegan, Finding, LoopEnded, Restart
from probewatch.core.model import PodUid

RESTARTS_KEPT = 256
"""For each container."""

OTHERS_KEPT = 512


class Item(NamedTuple):
    """A finding with its sequence number, and when it was added."""

    number: int
    at: float
    finding: Finding
    told: bool = False
    """Whether it was passed to the other sinks already."""


class Journal:
    """Unsaved findings, in order; bounded for each container."""

    def __init__(self) -> None:
        self.last = 0
        """The sequence number of the latest finding."""
        # Lists, though items are removed at the front: an empty deque takes 760 bytes per report.
        self._counts: dict[tuple[PodUid, str], list[Item]] = {}
        self._others: list[Item] = []

    def __len__(self) -> int:
        """Count the findings."""
        return len(self._others) + sum(len(items) for items in self._counts.values())

    def __iter__(self) -> Iterator[Finding]:
        """Iterate over the findings, in order."""
        return (item.finding for item in self.items())

    def items(self) -> list[Item]:
        """Return all items, in order."""
        items = [*self._others, *(item for each in self._counts.values() for item in each)]
        return sorted(items, key=lambda item: item.number)

    def has_news(self) -> bool:
        """Tell whether any finding says more than that a loop ended with its pod."""
        return _has_news(self)

    def has_untold_news(self) -> bool:
        """Tell whether any such finding was not passed to the other sinks yet."""
        return _has_news(self.untold())

    def add(self, finding: Finding, now: float, *, told: bool = False) -> None:
        """Append a finding."""
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
        """Drop the findings up to this number, which are saved; return those not told before."""
        done = [item for item in self.items() if item.number <= upto]
        self._keep(lambda item: item.number > upto)
        return tuple(item.finding for item in done if not item.told)

    def untold(self) -> Iterator[Finding]:
        """Return the findings that were not told yet."""
        return (item.finding for item in self.items() if not item.told)

    def tell(self) -> tuple[Finding, ...]:
        """Return the findings that were not told yet, and mark them as told."""
        untold = tuple(self.untold())
        for items in (self._others, *self._counts.values()):
            items[:] = [item._replace(told=True) for item in items]
        return untold

    def forget(self, before: float, *, unless: Container[PodUid]) -> None:
        """Drop findings that are older than *before*, except those of the pods in *unless*."""
        self._keep(lambda item: item.at >= before or item.finding.pod.uid in unless)

    def take_out(self, pods: Container[PodUid]) -> Sequence[Item]:
        """Remove and return the findings of some pods, in order."""
        taken = [item for item in self.items() if item.finding.pod.uid in pods]
        self._keep(lambda item: item.finding.pod.uid not in pods)
        return taken

    def replay(self, is_news: Callable[[Finding], bool]) -> None:
        """Call *is_news* with each finding, in order, and drop those for which it is false."""
        old = {item.number for item in self.items() if not is_news(item.finding)}
        self._keep(lambda item: item.number not in old)

    def _keep(self, wanted: Callable[[Item], bool]) -> None:
        self._others = list(filter(wanted, self._others))
        kept = ((key, list(filter(wanted, items))) for key, items in self._counts.items())
        self._counts = {key: items for key, items in kept if items}


def _has_news(findings: Iterable[Finding]) -> bool:
    return not all(isinstance(each, LoopEnded) and each.gone for each in findings)
