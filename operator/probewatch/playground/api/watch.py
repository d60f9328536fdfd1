"""Watch requests: the changes since a version, and then each new one."""

import asyncio
import contextlib
import heapq
import itertools
import random
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from probewatch.playground.api.answers import Lines
from probewatch.playground.api.lists import invalid_match, parse_version
from probewatch.playground.api.projections import Projection
from probewatch.playground.api.requests import Request
from probewatch.playground.api.selectors import Selector
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.store import Change, ObjectStore, Stored

SHORTEST_SECONDS = 1800
"""The shortest duration of a watch without a timeout; it is random, up to twice that."""
LAST_BOOKMARK_SECONDS = 2.0
"""How long before the end of a watch its last bookmark is sent."""
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """The options of a watch: what is watched, and for how long."""

    selector: Selector
    projection: Projection
    since: int
    """The version after which changes are sent; 0 to send the existing objects first."""
    seconds: float
    bookmark_seconds: float = 0.0
    """The interval of bookmarks; 0 for none."""
    is_served: Callable[[], bool] = lambda: True
    """Whether the resource is still served."""
    marks_initial: bool = False
    """Whether a bookmark follows the existing objects (a streaming list)."""


def plan_watch(
    request: Request,
    selector: Selector,
    projection: Projection,
    *,
    bookmark_seconds: float,
    is_served: Callable[[], bool] = lambda: True,
) -> WatchPlan:
    """Return the options of a watch request; raises StatusError if they are invalid."""
    _check_match(request.query)
    since = parse_version(request.query.get("resourceVersion", ""))
    wants_initial = request.flag("sendInitialEvents")
    wants_marks = request.flag("allowWatchBookmarks")
    seconds = request.number("timeoutSeconds")
    return WatchPlan(
        selector=selector,
        projection=projection,
        since=0 if wants_initial else since,
        seconds=seconds or SHORTEST_SECONDS * (1 + random.random()),  # noqa: S311  # no secret
        bookmark_seconds=bookmark_seconds if wants_marks else 0.0,
        marks_initial=wants_initial and wants_marks,
        is_served=is_served,
    )


def _check_match(query: Mapping[str, str]) -> None:
    """Raise StatusError 422 unless resourceVersionMatch is set for a streaming list only."""
    initial = query.get("sendInitialEvents", "")
    match = query.get("resourceVersionMatch", "")
    if initial and match != "NotOlderThan":
        text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise invalid_match(f"Forbidden: {text}")
    if match and not initial:
        text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        raise invalid_match(f"Forbidden: {text}")


async def watch(store: ObjectStore, plan: WatchPlan) -> AsyncGenerator[Lines]:
    """Yield the lines of a watch until it times out, or until its version is too old."""
    woken = asyncio.Event()
    unsubscribe = store.subscribe(plan.selector.storage, woken.set)
    try:
        seen = plan.since or store.version
        yield _initial(store, plan) if not plan.since else []
        async with contextlib.aclosing(_follow(store, plan, seen, woken)) as following:
            async for lines in following:
                yield lines
    except StatusError as error:
        yield [_line(b"ERROR", msgspec.json.encode(error.body))]
    finally:
        unsubscribe()


async def _follow(
    store: ObjectStore, plan: WatchPlan, seen: int, woken: asyncio.Event
) -> AsyncGenerator[Lines]:
    """Yield the changes after the version *seen*, and bookmarks.

    Raises StatusError if that version is too old.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + plan.seconds
    marks = _marks(plan, loop.time(), end)
    next_mark = next(marks, end)
    while True:
        woken.clear()
        changes = store.changes_since(plan.selector.storage, seen)
        seen = max(seen, store.version)
        lines = _lines(changes, plan)
        if lines:
            yield lines
            continue  # there may be more changes since this was sent
        now = loop.time()
        if now >= end or not plan.is_served():
            return
        if now >= next_mark:
            next_mark = next((at for at in marks if at > now), end)
            yield [_bookmark(plan, seen)]
        await _wait(woken, min(next_mark, end) - loop.time())


def _marks(plan: WatchPlan, begin: float, end: float) -> Iterator[float]:
    """Yield the times of bookmarks: at regular intervals, and shortly before the end."""
    every, last = plan.bookmark_seconds, end - LAST_BOOKMARK_SECONDS
    if not every:
        return
    regular = itertools.takewhile(lambda at: at < end, itertools.count(begin + every, every))
    yield from heapq.merge(regular, (last,) if last > begin else ())


def _initial(store: ObjectStore, plan: WatchPlan) -> Lines:
    """Return the existing objects as ADDED events."""
    selector = plan.selector
    items = store.items(selector.storage, selector.namespace)
    lines = [
        _line(b"ADDED", plan.projection.one(item))
        for item in items
        if not selector or selector.matches(item.object)
    ]
    if plan.marks_initial:
        lines.append(_bookmark(plan, store.version, {INITIAL_EVENTS_END: "true"}))
    return lines


def _lines(changes: Iterable[Change], plan: WatchPlan) -> Lines:
    """Return the events of changes as seen through the selector."""
    found = []
    for change in changes:
        line = _show(change, plan)
        if line:
            found.append(line)
    return found


def _show(change: Change, plan: WatchPlan) -> bytes:
    was = change.old is not None and plan.selector.matches(change.old.object)
    if change.is_deletion:
        return _line(b"DELETED", plan.projection.one(change.new)) if was else b""
    if plan.selector.matches(change.new.object):
        kind = b"MODIFIED" if was else b"ADDED"
        return _line(kind, plan.projection.one(change.new))
    if was and change.old is not None:
        return _line(b"DELETED", plan.projection.one(_left(change.old, change.version)))
    return b""


def _left(old: Stored, version: int) -> Stored:
    """Return the last state that matched, with the version at which it stopped matching."""
    meta = {**old.object["metadata"], "resourceVersion": str(version)}
    return Stored(object={**old.object, "metadata": meta}, version=version)


def _bookmark(plan: WatchPlan, version: int, notes: JsonObject | None = None) -> bytes:
    meta: JsonObject = {"resourceVersion": str(version), "creationTimestamp": None}
    if notes:
        meta["annotations"] = notes
    return _line(b"BOOKMARK", plan.projection.bookmark(meta))


def _line(kind: bytes, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (kind, body)


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    """Return when woken, or after *seconds*."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return
