"""Jumps: the restarts of a `restartCount` that rose by more than one, from the newest of them."""

from collections.abc import Iterator

from probewatch.core.restarts import CountedRestart, Jump, Path, Watermark
from probewatch.core.values import replace

TOLD_ONE_BY_ONE = 1000
"""Restarts of one jump that are reported one by one: days of an unwatched crash loop. A count may
be anything up to 2^31, and whoever writes such a status must not make us report that much."""


def find_older(newest: CountedRestart, mark: Watermark) -> tuple[CountedRestart, ...]:
    """The restarts of a jump before the *newest*, oldest first.

    Only the first can have a known termination: that of the watermark before the jump.
    """
    first, size = mark.death, newest.jump.size
    if size == 1:
        return ()
    latest = newest.termination.started_at if newest.termination else None
    unseen = replace(
        newest, termination=None, path=Path.UNSEEN, latest=latest, next_start=None, next_done=None
    )
    seen = replace(unseen, termination=first, path=mark.path, waiting_reason=mark.waiting_reason)
    known = first is not None
    since = first.finished_at if first else mark.running_since
    return tuple(
        replace(
            seen if known and step == 1 else unseen,
            restart_count=mark.count + step,
            jump=Jump(size=size, unseen=size - 1 - known, place=step - known, since=since),
            stands_for=together,
        )
        for step, together in _steps(size, known=known)
    )


def _steps(size: int, *, known: bool) -> Iterator[tuple[int, int]]:
    """The steps of a jump without the newest, oldest first, and how many restarts each stands for.

    In a jump above `TOLD_ONE_BY_ONE` the oldest unseen restarts are merged into one.
    """
    begin = 1
    if size > TOLD_ONE_BY_ONE:
        if known:
            yield 1, 1
        begin = size - TOLD_ONE_BY_ONE + 1
        yield begin, begin - known
        begin += 1
    for step in range(begin, size):
        yield step, 1
