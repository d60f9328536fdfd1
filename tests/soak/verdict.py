"""The checks at the end of a soak, and those during it."""

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.contract.client import Client
from tests.soak.places import Ground
from tests.soak.records import REPORTS, Records
from tests.soak.replicas import FAMILY, Replica, Samples
from tests.soak.world import Home, Truth
from tests.system.programs import Prometheus

SCRAPE_SECONDS = 0.5
CORRECTION = "First published as"
AWAY = "The API server cannot be reached"
NOISE = 40
"""The most lines with one message that a process may log."""


@dataclass(slots=True)
class Counters:
    """Scrapes /metrics all the time: no counter may ever fall, across all processes."""

    replicas: Sequence[Replica]
    faults: list[str] = field(default_factory=list)
    _best: Samples = field(default_factory=Counter)
    _told: set[tuple[str, ...]] = field(default_factory=set)

    async def follow(self) -> None:
        """Scrape until cancelled."""
        while True:
            for replica in self.replicas:
                found = None if replica.is_stopped else await replica.scrape()
                if found:
                    self._compare(replica, found)
            await asyncio.sleep(SCRAPE_SECONDS)

    def _compare(self, replica: Replica, found: Samples) -> None:
        for place, count in self._best.items():
            if found[place] < count and (replica.name, *place) not in self._told:
                self._told.add((replica.name, *place))
                self.faults.append(
                    f"{replica.name} shows {found[place]} for {place} after {count} was shown"
                )
        self._best |= found


def compare_totals(homes: Sequence[Home], truth: Truth, records: Records) -> list[str]:
    """Check that totals are right for careful pods, and not too high for hasty ones."""
    faults, totals = [], records.totals()
    lines: Counter[str] = Counter()
    for home in homes:
        for container in home.containers:
            place = (home.key, container)
            counted, real = totals[place], truth.rises[place]
            what = "careful" if home.careful else "hasty"
            lines[f"{what} real"] += real
            lines[f"{what} counted"] += counted
            if counted > real or (home.careful and counted < real):
                kind = "doubled" if counted > real else "lost"
                faults.append(f"{abs(counted - real)} {kind}: {place} has {counted} of {real}")
    print(f"    totals: {dict(lines)}", flush=True)
    return faults


async def compare_counters(replicas: Sequence[Replica], records: Records) -> list[str]:
    """Check that one replica shows workloads, with the totals of the reports."""
    shown = {each.name: await each.scrape() for each in replicas}
    faults = [f"{name} has no /metrics" for name, found in shown.items() if found is None]
    showing = {name: found for name, found in shown.items() if found}
    if len(showing) != 1:
        return [*faults, f"{sorted(showing)} show workloads, not one replica"]
    (counted,) = showing.values()
    totals: Samples = Counter()
    for (report, container, cause), count in records.by_cause().items():
        namespace, _, name = report.partition("/")
        totals[namespace, name.partition("-")[2], container, cause] += count
    places = {place for place in (*counted, *totals) if counted[place] != totals[place]}
    faults += [
        f"/metrics has {counted[place]} for {place}, its report {totals[place]}"
        for place in sorted(places)
    ]
    print(f"    /metrics: {sum(counted.values())} in {len(counted)} series", flush=True)
    return faults


async def check_events(client: Client, namespace: str, truth: Truth) -> list[str]:
    """Check that no restart has two Events."""
    path = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
    found = (await client.get(path))["items"]
    ours = [each for each in found if each.get("reportingController", "").startswith("probewatch")]
    told: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for each in ours:
        about = each["regarding"]
        number = re.search(r"\(restart (\d+)\)", each["note"])
        if number and CORRECTION not in each["note"] and "Restart" in each["reason"]:
            key = (about["uid"], about["fieldPath"].split("{")[1].rstrip("}"), number[1])
            told[key].append(f"{each['reason']}: {each['note']}")
    print(f"    Events: {len(ours)} of ours, {len(told)} restarts told", flush=True)
    return [
        f"told {len(notes)} times, {key}: {notes}"
        for key, notes in told.items()
        if len(notes) > 1 + truth.resets[key[0], key[1]]
    ]


async def check_quiet(where: Ground, client: Client, namespace: str, seconds: float) -> list[str]:
    """Check that nothing is written while nothing changes."""
    before, objects = await _snapshot(where, client, namespace)
    await asyncio.sleep(seconds)
    after, others = await _snapshot(where, client, namespace)
    faults = [f"written in {seconds:.0f} s of quiet: {each}" for each in after[len(before) :]]
    faults += [
        f"changed in {seconds:.0f} s of quiet: {name}"
        for name in sorted(objects.keys() | others.keys())
        if objects.get(name) != others.get(name)
    ]
    print(f"    quiet: {len(faults)} writes in {seconds:.0f} s", flush=True)
    return faults


async def _snapshot(
    where: Ground, client: Client, namespace: str
) -> tuple[list[str], dict[str, str]]:
    """Return all writes so far, and the versions of reports and Events."""
    versions = {}
    for path in (REPORTS, f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"):
        for each in (await client.get(path))["items"]:
            meta = each["metadata"]
            versions[f"{path} {meta['name']}"] = meta["resourceVersion"]
    return where.read_writes() if where.read_writes else [], versions


async def compare_increase(scraping: Prometheus, records: Records) -> list[str]:
    """Check that `increase()` in Prometheus is the truth, over all restarts of the operator."""
    now = time.time()
    found = await scraping.query(f"{FAMILY}", at=now)
    grown = await scraping.query(f"increase({FAMILY}[1h])", at=now)
    resets = await scraping.query(f"resets({FAMILY}[1h]) > 0", at=now)
    faults = [f"Prometheus sees a counter fall: {each['metric']}" for each in resets]
    rises = {_place(each): float(each["value"][1]) for each in grown}
    for each in found:
        place, total = _place(each), float(each["value"][1])
        if round(rises.get(place, 0.0)) != round(total):
            faults.append(f"increase() is {rises.get(place)} for {place}, truth is {total:.0f}")
    total = sum(records.totals().values())
    print(f"    increase(): {sum(rises.values()):.1f}, the truth: {total}", flush=True)
    return faults


def _place(sample: dict[str, dict[str, str]]) -> tuple[str, ...]:
    labels = sample["metric"]
    return tuple(labels[name] for name in ("namespace", "workload", "container", "cause"))


def check_logs(replicas: Sequence[Replica], *, outages: int) -> list[str]:
    """Check that no process flooded its log, or logged an unexpected error.

    During outages, it may log that the API server cannot be reached.
    """
    faults = []
    for replica in replicas:
        messages, bad = replica.read_log()
        faults += replica.faults
        bad = [line for line in bad if not (outages and AWAY in line)]
        faults += [f"{replica.name} said: {line[:600]}" for line in bad[:5]]
        for message, count in messages.most_common(6):
            print(f"    {replica.name}: {count:5} × {message}")
    return faults
