"""Sizes: what fits into one report.

An object of the API may have 1.5 MB; a report stays far below. Marks cannot be left out,
since what has none would be counted again, so a workload with very many pods to remember
gets further reports. Incidents can: the oldest give way.
"""

from probewatch.core.records import Record

MARKS_BYTES = 128 * 1024
"""Room for marks; about a thousand pods."""

POD_BYTES = 90
MARK_BYTES = 190
"""At most, without the container's name."""


def has_room(record: Record) -> bool:
    """Whether a further pod may be kept in the record."""
    return marks_size(record) < MARKS_BYTES


def marks_size(record: Record) -> int:
    """Return how many bytes the marks take, at most."""
    return sum(
        POD_BYTES + sum(MARK_BYTES + len(name) for name in pod.containers)
        for pod in record.pods.values()
    )
