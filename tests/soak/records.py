"""Follows the reports, as kubectl shows them, and checks them at every moment."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.contract.client import Client
from tests.soak.shapes import Json

REPORTS = "/apis/probewatch.dev/v1alpha1/probereports"
LOOK_SECONDS = 0.7

Totals = Counter[tuple[str, str]]
"""By report and container."""


@dataclass(slots=True)
class Records:
    """The latest reports, and whether one of them ever lost counts."""

    client: Client
    reports: dict[str, Json] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    looks: int = 0

    async def follow(self) -> None:
        """Read the reports repeatedly until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Read all reports once."""
        reply = await self.client.call("GET", REPORTS)
        if reply.status != 200:  # OK
            return
        before, self.looks = self.totals(), self.looks + 1
        for each in reply.body["items"]:
            self.reports[key_of(each)] = each
        after = self.totals()
        for place, count in before.items():
            if after[place] < count:
                self.faults.append(f"the total of {place} fell from {count} to {after[place]}")

    def totals(self) -> Totals:
        """The restarts in the reports, by report and container."""
        found: Totals = Counter()
        for (report, container, _), count in self.by_cause().items():
            found[report, container] += count
        return found

    def by_cause(self) -> Counter[tuple[str, str, str]]:
        """The restarts in the reports, by report, container and cause."""
        found: Counter[tuple[str, str, str]] = Counter()
        for key, report in self.reports.items():
            for total in report.get("status", {}).get("totals", ()):
                found[key, total["container"], total["cause"]] += total["restarts"]
        return found

    def loops(self) -> int:
        """The number of loops in the reports."""
        return sum(each.get("status", {}).get("looping", 0) for each in self.reports.values())

    def holds(self, key: str, uid: str, wanted: Mapping[str, int]) -> bool:
        """Whether the watermarks of a pod are *wanted*."""
        pods = self.reports.get(key, {}).get("status", {}).get("pods", ())
        marks = next((pod.get("containers", ()) for pod in pods if pod["uid"] == uid), ())
        counts = {each["name"]: each["count"] for each in marks}
        return all(counts.get(name) == count for name, count in wanted.items())


def key_of(report: Json) -> str:
    """Return the key of a report: its namespace and name."""
    return f"{report['metadata']['namespace']}/{report['metadata']['name']}"
