"""Changes of a recording that must not change the outcome of its replay."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from random import Random
from typing import Any

from probewatch.commands import outcome, stream
from probewatch.commands.replay import replay
from probewatch.commands.stream import Kind, LineType, Record
from tests.simulation.recordings import Records, nature
from tests.support.traces import LOOPS

Json = dict[str, Any]
Change = Callable[[Records, Random], Records]

PODS = frozenset(
    {
        *("crash-while-failing", "flap-ready", "gate", "live-exit3", "oom-while-failing"),
        *("poststart-fail", "sidecar-live", "startup-never", "two-live-crash"),
    }
)
"""They end in every way that there is, and are few enough to be replayed often."""

TIMES = "startedAt|finishedAt|lastTransitionTime|firstTimestamp|lastTimestamp|creationTimestamp"
TIME = re.compile(rf'"({TIMES})": "([^"]+)"')


@cache
def recorded() -> tuple[Record, ...]:
    """Some pods of the recording, each deleted at the end."""
    newest: dict[str, Record] = {}
    kept: Records = []
    for record in stream.read_streams([str(LOOPS)]):
        item = json.loads(record.object)
        about = item["involvedObject"] if record.kind is Kind.EVENT else item["metadata"]
        if about.get("name") in PODS:
            kept.append(record)
            if record.kind is Kind.POD:
                newest[about["name"]] = record
    end = kept[-1].received_at
    return (*kept, *(replace(r, type=LineType.DELETED, received_at=end) for r in newest.values()))


def told(records: Records) -> Json:
    """Return the outcome of a replay as JSON."""
    return outcome.render_json(*replay(records))


def each(kind: Kind, change: Callable[[Json], Json]) -> Change:
    """Change each object of one kind."""
    return lambda records, _random: [
        replace(r, object=json.dumps(change(json.loads(r.object))).encode())
        if r.kind is kind
        else r
        for r in records
    ]


def by_arrival(records: Records) -> Records:
    """Sort records by arrival; those of the same time keep their order."""
    return sorted(records, key=lambda record: record.received_at)


# --- how watches deliver


def doubled(records: Records, _random: Random) -> Records:
    """Deliver every line twice."""
    return [record for record in records for _ in range(2)]


def lagging(records: Records, random: Random) -> Records:
    """Deliver some lines again up to ten minutes later, also of pods that are gone by then."""
    again = (
        replace(record, received_at=record.received_at + random.uniform(0.0, 600.0))
        for record in records
        if record.type is not LineType.DELETED and random.random() < 0.3
    )
    return by_arrival([*records, *again])


def listed_again(records: Records, random: Random) -> Records:
    """Insert lists of all objects, each after an outdated one."""
    first, last = records[0].received_at, records[-1].received_at - 1
    lists = (
        replace(record, received_at=at, type=LineType.ADDED)
        for at in (random.uniform(first, last) for _ in range(6))
        for lag in (30.0, 0.0)
        for record in _newest(records, at - lag)
    )
    return by_arrival([*records, *lists])


def _newest(records: Records, until: float) -> Iterator[Record]:
    newest: dict[str, Record] = {}
    for record in records:
        if record.received_at > until:
            break
        newest[nature(record).metadata.uid] = record
    yield from newest.values()


def with_other_lines(records: Records, random: Random) -> Records:
    """Insert bookmarks and errors."""
    status = json.dumps({"kind": "Status", "reason": "Expired", "code": 410}).encode()
    other = {LineType.BOOKMARK: b'{"kind":"Pod","metadata":{}}', LineType.ERROR: status}
    found: Records = []
    for record in records:
        found.append(record)
        if random.random() < 0.2:
            kind, item = random.choice(tuple(other.items()))
            found.append(replace(record, type=kind, kind=Kind.NONE, object=item))
    return found


# --- how objects are written


def without_version(item: Json) -> Json:
    """Remove the resourceVersion."""
    kept = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
    return {**item, "metadata": kept}


def in_reverse(item: Json) -> Json:
    """Reverse whatever has no order: statuses, conditions, containers, keys."""
    spec, status = item["spec"], item["status"]
    for part, names in ((spec, ("containers",)), (status, ("containerStatuses", "conditions"))):
        part.update({name: part[name][::-1] for name in names if part.get(name)})
    return dict(reversed(item.items()))


def with_more(item: Json) -> Json:
    """Add fields that no API has today, and nulls."""
    item["metadata"] |= {"deletionTimestamp": None, "ownerReferences": None, "later": {"a": [1]}}
    item["spec"] |= {"ephemeralContainers": None, "later": True}
    item["status"] |= {"reason": None, "later": {"x": 0.5}}
    foreign = {"type": "example.com/Known", "status": "False", "lastTransitionTime": None}
    item["status"]["conditions"] = [*item["status"].get("conditions", ()), foreign]
    for container in item["spec"]["containers"]:
        container.setdefault("startupProbe", None)
    return item


def static(item: Json) -> Json:
    """Make the pod the mirror of a static pod, for which the kubelet uses another uid."""
    notes = item["metadata"].get("annotations") or {}
    mirror = {"kubernetes.io/config.mirror": f"hash-{item['metadata']['uid']}"}
    return {**item, "metadata": {**item["metadata"], "annotations": {**notes, **mirror}}}


def events_of_static(item: Json) -> Json:
    """Let the Event name the uid of the static pod."""
    about = item["involvedObject"]
    return {**item, "involvedObject": {**about, "uid": f"hash-{about['uid']}"}}


def as_events_v1(item: Json) -> Json:
    """Write the Event as events.k8s.io/v1, with a series if it was repeated."""
    if item["source"].get("component") != "kubelet":
        return item
    count, latest = item["count"], item["lastTimestamp"]
    return {
        "kind": "Event",
        "apiVersion": "events.k8s.io/v1",
        "metadata": item["metadata"],
        "regarding": item["involvedObject"],
        "reason": item["reason"],
        "note": item["message"],
        "type": item["type"],
        "reportingController": "kubelet",
        "eventTime": item["firstTimestamp"],
        "series": {"count": count, "lastObservedTime": latest} if count > 1 else None,
    }


def in_another_zone(text: str) -> str:
    """Write times with another UTC offset."""
    zone = timezone(timedelta(hours=5, minutes=30))
    return TIME.sub(lambda m: f'"{m[1]}": "{_moment(m[2]).astimezone(zone).isoformat()}"', text)


def later(seconds: float) -> Callable[[str], str]:
    """Set the clocks of the node and the API server ahead of the recorder's."""
    return lambda text: TIME.sub(lambda m: f'"{m[1]}": "{move(m[2], seconds)}"', text)


def move(at: str, seconds: float) -> str:
    """Return a time, moved by so many seconds."""
    moved = (_moment(at) + timedelta(seconds=seconds)).astimezone(UTC)
    return moved.isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def rewritten(write: Callable[[str], str]) -> Change:
    """Change the JSON text of every object."""
    return lambda records, _random: [
        replace(r, object=write(json.dumps(json.loads(r.object))).encode()) for r in records
    ]


def both(*changes: Change) -> Change:
    """Make one change after the other."""

    def change(records: Records, random: Random) -> Records:
        for one in changes:
            records = one(records, random)
        return records

    return change


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A change that must not change the outcome."""

    what: str
    change: Change
    ahead: float = 0.0
    """By how many seconds all times of the outcome are later."""


RELATIONS = (
    Relation(what="every line twice", change=doubled),
    Relation(what="a second watch that lags behind", change=lagging),
    Relation(what="lists of the past, then of now", change=listed_again),
    Relation(what="bookmarks and errors", change=with_other_lines),
    Relation(what="no resourceVersion", change=each(Kind.POD, without_version)),
    Relation(what="all in reverse that has no order", change=each(Kind.POD, in_reverse)),
    Relation(what="unknown fields and nulls", change=each(Kind.POD, with_more)),
    Relation(
        what="static pods", change=both(each(Kind.POD, static), each(Kind.EVENT, events_of_static))
    ),
    Relation(what="Events of events.k8s.io/v1", change=each(Kind.EVENT, as_events_v1)),
    Relation(what="another zone", change=rewritten(in_another_zone)),
    Relation(what="fractions of a second", change=rewritten(later(0.75)), ahead=0.75),
    Relation(what="a clock two seconds ahead", change=rewritten(later(2.0)), ahead=2.0),
    Relation(what="a clock two seconds behind", change=rewritten(later(-2.0)), ahead=-2.0),
)
