"""Used kills: the `Killing` Events that belong to one restart, and thus to no other."""

from collections.abc import Iterator

from probewatch.core.book import Book, Mark
from probewatch.core.facts import KILL_AFTER_DEATH
from probewatch.core.restarts import CountedRestart, Path


def used_by_others(
    restart: CountedRestart, book: Book, used: frozenset[tuple[str, int]]
) -> frozenset[tuple[str, int]]:
    """The used kills that are not available to a restart.

    Those that it used itself when its verdict was published stay available, since it may be judged
    again. Kills in the second of its start are of the one before.
    """
    death = restart.termination
    if not used or death is None or death.started_at is None or death.finished_at is None:
        return used
    begin, own = int(death.started_at) + 1, kills_up_to_its_end(restart, book)
    return used.difference((kill.series, kill.count) for kill in own if begin <= kill.at)


def kills_up_to_its_end(restart: CountedRestart, book: Book) -> Iterator[Mark]:
    """Yield the kills up to the end of the instance, retries of its kill included.

    A kill in a later second than the start of the next instance is for that one.
    """
    born = restart.next_start
    end = born if restart.died_at is None else restart.died_at
    if restart.termination is None or end is None:
        return
    latest = end if restart.path is Path.TERMINATED_SEEN else end + KILL_AFTER_DEATH
    for kill in book.kills:
        if kill.at <= latest and (born is None or int(kill.at) <= max(end, born)):
            yield kill
