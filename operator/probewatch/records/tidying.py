"""Tidying: what a process lets go of that does not write, and so is never done with anything."""

from probewatch.records.attendance import DEPARTED_SECONDS, Attendance
from probewatch.records.entries import Entries, key_of
from probewatch.records.entry import Entry


def tidy(entries: Entries, attendance: Attendance, now: float, *, is_led: bool) -> list[Entry]:
    """Let go of marks of departed pods; return the reports of workloads that are over.

    Where another leads, *is_led*, it has written what was found long ago: that is let go of too.
    """
    over: list[Entry] = []
    for entry in entries:
        if is_led:
            entry.journal.forget(now - DEPARTED_SECONDS, unless=())
        departed = attendance.take_departed(entry.record.pods, now)
        if departed:
            entries.let_go(entry, departed)
        if entry.record.pods or attendance.has_pods(key_of(entry.record.workload)):
            continue
        # A report that is there goes on from what only this process knows, once it can be written.
        if is_led or not (entry.version and entry.journal.has_news()):
            over.append(entry)
    return over
