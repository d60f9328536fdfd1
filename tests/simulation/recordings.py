"""Variants of the recorded stream: with something left out, or changed."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import msgspec

from probewatch.commands import stream, truth
from probewatch.commands.replay import replay
from probewatch.commands.stream import Kind, LineType, Record
from tests.simulation.score import Score
from tests.support.traces import LOOPS, truth_of

Records = list[Record]


class _Metadata(msgspec.Struct):
    uid: str = ""


class _Named(msgspec.Struct):
    metadata: _Metadata
    type: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The recording with one kind of change; a seed decides what is random in it."""

    what: str
    change: Callable[[Records, Random], Records]
    seeds: range = range(1)


@cache
def recorded(trace: Path = LOOPS) -> tuple[Record, ...]:
    """The recording without any change."""
    return tuple(stream.read_streams([str(trace)]))


def nature(record: Record) -> _Named:
    """The fields of an object by which changes select it."""
    return msgspec.json.decode(record.object, type=_Named)


def without_events(*types: str, reason: str = "", share: float = 1.0) -> Callable[..., Records]:
    """Drop Events of these types or this reason, or a share of them."""

    def drops(record: Record, random: Random) -> bool:
        if record.kind is not Kind.EVENT:
            return False
        event = nature(record)
        fits = (not types or event.type in types) and (not reason or event.reason == reason)
        return fits and random.random() < share

    return lambda records, random: [each for each in records if not drops(each, random)]


def without_versions(share: float) -> Callable[[Records, Random], Records]:
    """Drop a share of the versions of pods, as an unnoticed gap in a watch does."""

    def drops(record: Record, random: Random) -> bool:
        return (
            record.kind is Kind.POD and record.type is LineType.MODIFIED and random.random() < share
        )

    return lambda records, random: [each for each in records if not drops(each, random)]


def with_gaps(number: int, seconds: float) -> Callable[[Records, Random], Records]:
    """Cut gaps into the watch, each followed by a list of all pods."""

    def cut(records: Records, random: Random) -> Records:
        first, last = records[0].received_at, records[-1].received_at
        begins = sorted(random.uniform(first + 60, last - seconds) for _ in range(number))
        for begin in begins:
            records = list(_cut_one(records, begin, begin + seconds))
        return records

    return cut


def _cut_one(records: Records, begin: float, end: float) -> Iterator[Record]:
    newest: dict[str, Record] = {}
    listed = False
    for record in records:
        if record.received_at >= end and not listed:
            listed = True
            for each in newest.values():
                yield replace(each, received_at=end, type=LineType.ADDED)
        if record.kind is Kind.POD:
            newest[nature(record).metadata.uid] = record
        if record.kind is not Kind.POD or not begin <= record.received_at < end:
            yield record


def in_disorder(records: Records, random: Random) -> Records:
    """Delay Events by up to ten seconds, and repeat some versions of pods."""
    moved = [
        replace(each, received_at=each.received_at + random.uniform(0, 10))
        if each.kind is Kind.EVENT
        else each
        for each in records
    ]
    again = [
        replace(each, received_at=each.received_at + random.uniform(0, 30))
        for each in records
        if each.kind is Kind.POD and each.type is LineType.MODIFIED and random.random() < 0.2
    ]
    return sorted((*moved, *again), key=lambda each: each.received_at)


def with_new_kubelet(records: Records, random: Random) -> Records:
    """Restart the kubelet: its Events get new names, and their counts start over."""
    first, last = records[0].received_at, records[-1].received_at
    moment = random.uniform(first + 300, last - 300)
    counts: dict[str, int] = {}
    changed = []
    for record in records:
        if record.kind is not Kind.EVENT:
            changed.append(record)
            continue
        event = json.loads(record.object)
        name = event["metadata"]["name"]
        if record.received_at < moment:
            counts[name] = event.get("count") or 1
            changed.append(record)
            continue
        event["metadata"]["name"] = f"{name}-new"
        event["count"] = max((event.get("count") or 1) - counts.get(name, 0), 1)
        if name in counts:
            event["firstTimestamp"] = event["lastTimestamp"]
        changed.append(replace(record, object=json.dumps(event).encode()))
    return changed


def by_another_clock(records: Records, _random: Random) -> Records:
    """Set the clock of the node a day ahead."""
    return [replace(each, object=_CLOCKED.sub(_a_day_later, each.object)) for each in records]


_CLOCKED = re.compile(
    rb'"(startedAt|finishedAt|lastTransitionTime|firstTimestamp|lastTimestamp)":\s*"([^"]+)"'
)


def _a_day_later(match: re.Match[bytes]) -> bytes:
    moment = datetime.fromisoformat(match[2].decode()) + timedelta(days=1)
    return b'"%s":"%s"' % (match[1], moment.isoformat().replace("+00:00", "Z").encode())


def both(*changes: Callable[[Records, Random], Records]) -> Callable[[Records, Random], Records]:
    """Make one change after the other."""

    def change(records: Records, random: Random) -> Records:
        for each in changes:
            records = each(records, random)
        return records

    return change


GAPS = with_gaps(20, 20.0)
ALL_EVENTS = without_events()
VARIANTS = (
    Variant(what="nothing", change=lambda records, _random: records),
    Variant(what="every `Killing` Event", change=without_events(reason="Killing")),
    Variant(what="all `Normal` Events", change=without_events("Normal")),
    Variant(what="all `Warning` Events", change=without_events("Warning")),
    Variant(what="half of the Events", change=without_events(share=0.5), seeds=range(5)),
    Variant(what="nine of ten Events", change=without_events(share=0.9), seeds=range(5)),
    Variant(what="all Events", change=ALL_EVENTS),
    Variant(what="a tenth of the versions of pods", change=without_versions(0.1), seeds=range(5)),
    Variant(what="a third of the versions of pods", change=without_versions(0.33), seeds=range(5)),
    Variant(what="20 gaps of 20 s, each followed by a list", change=GAPS, seeds=range(5)),
    Variant(
        what="5 gaps of 120 s, each followed by a list", change=with_gaps(5, 120.0), seeds=range(5)
    ),
    Variant(what="20 gaps of 20 s, and all Events", change=both(GAPS, ALL_EVENTS), seeds=range(5)),
    Variant(
        what="a tenth of the versions, and half of the Events",
        change=both(without_versions(0.1), without_events(share=0.5)),
        seeds=range(5),
    ),
    Variant(what="the kubelet's counts, by a restart", change=with_new_kubelet, seeds=range(5)),
    Variant(
        what="its counts, and half of the Events",
        change=both(with_new_kubelet, without_events(share=0.5)),
        seeds=range(5),
    ),
    Variant(what="its clock: a day ahead", change=by_another_clock),
    Variant(what="order: Events late, versions twice", change=in_disorder, seeds=range(5)),
)


def find_variant(what: str) -> Variant:
    """Return the variant of this name."""
    return next(each for each in VARIANTS if each.what == what)


def judge_variant(variant: Variant, trace: Path = LOOPS) -> Score:
    """Replay a variant with each of its seeds, and compare the verdicts with the truth."""
    known, score = truth.read_truth(truth_of(trace)), Score()
    for seed in variant.seeds:
        found, ledger = replay(variant.change(list(recorded(trace)), Random(seed)))
        if not ledger.balanced:
            score.unbalanced.append(f"{variant.what}, seed {seed}: {ledger}")
        for restart in found.restarts:
            if restart.pod.name not in known:
                continue
            true = truth.true_causes(restart, known)
            where = f"{variant.what}, seed {seed}, {restart.pod.name} {restart.restart_count}"
            score.add(restart, true, where)
    return score
