"""A list of Events after a gap: what depends on its order, and what does not.

The API server sorts it by name, that is by first occurrence. The operator takes the Events of a
list, and `probewatch record` writes them, by their latest occurrence instead.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from probewatch.commands import outcome, stream
from probewatch.commands.replay import replay
from probewatch.commands.stream import Kind, LineType, Record
from tests.support.traces import LOOPS

Records = list[Record]
Json = dict[str, Any]

BEGIN, END = 0.2, 0.6
"""The shares of the recording at which pods are listed, before and after a gap."""

LEAST_RESTARTS = 20


def newest(records: Records, kind: Kind, until: float) -> Records:
    """The objects of a kind as a list shows them at a time, sorted by name."""
    found: dict[str, Record] = {}
    for record in records:
        if record.kind is kind and record.received_at <= until:
            name = json.loads(record.object)["metadata"]["name"]
            found[name] = replace(record, received_at=until, type=LineType.ADDED)
    return [found[name] for name in sorted(found)]


def restarts_after_a_gap(order: Callable[[Records], Records]) -> list[Json]:
    """The verdicts if what happened in a gap is known from two lists, the Events in an order."""
    records = list(stream.read_streams([str(LOOPS)]))
    first, last = records[0].received_at, records[-1].received_at
    begin, end = (first + share * (last - first) for share in (BEGIN, END))
    pods = (*newest(records, Kind.POD, begin), *newest(records, Kind.POD, end))
    events = order(newest(records, Kind.EVENT, end))
    restarts: list[Json] = outcome.render_json(*replay((*pods, *events)))["restarts"]  # type: ignore[assignment]  # it is JSON
    return restarts


def last_time(record: Record) -> tuple[str, str]:
    event = json.loads(record.object)
    return event.get("lastTimestamp") or "", event["metadata"]["name"]


def verdicts(restarts: list[Json]) -> list[tuple[object, ...]]:
    names = ("uid", "container", "restartCount", "cause", "confidence", "rule")
    return [tuple(each[name] for name in names) for each in restarts]


ORDERS: dict[str, Callable[[Records], Records]] = {
    "by name": list,
    "backwards": lambda events: events[::-1],
    "at random": lambda events: Random(7).sample(events, len(events)),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_order_of_a_list_of_events_changes_no_verdict(order: Callable[[Records], Records]) -> None:
    """In a real recording, causes and their confidence are as if the list were sorted by time."""
    by_time = restarts_after_a_gap(lambda events: sorted(events, key=last_time))

    assert len(by_time) >= LEAST_RESTARTS
    assert verdicts(by_time) == verdicts(restarts_after_a_gap(order))
