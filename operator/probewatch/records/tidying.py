"""Tidying: frees memory in a process that does not write, whose findings are never saved."""

from probewatch.records.attendance import DEPARTED_SECONDS, Attendance
from probewatch.records.entries import Entries, key_of
from probewatch.records.entry import Entry


def tidy(entries: Entries, attendance: Attendance, now: float, *, is_led: bool) -> list[Entry]:
    """Drop marks of departed pods; return the reports of workloads that do not exist any more.

    With *is_led*, another replica leads and has recorded old findings: these are dropped too.
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
        # An existing report with unsaved findings is kept: they are written once that is possible.
        if is_led or not (entry.version and entry.journal.has_news()):
            over.append(entry)
    return over
