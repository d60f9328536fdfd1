"""Sizes: what fits into one report.

An object of the API may have 1.5 MB; a report stays far below. Marks cannot be left out,
since what has none would be counted again, so a workload with very many pods to remember
gets further reports. Incidents can: the oldest give way.
"""

from collections.abc import Iterable, Mapping

from probewatch.core.model import PodUid
from probewatch.core.records import PodMarks, Record
from probewatch.core.spec import PodSpec

MARKS_BYTES = 128 * 1024
"""Room for marks; about 450 pods of one container."""

ROOM_BYTES = 160 * 1024
"""Room for the marks of all containers of the pods that are in it. Each of them may restart later,
and marks cannot be moved to another report: the two are not written at once."""

POD_BYTES = 90
MARK_BYTES = 190
"""At most, without the container's name."""


class Marks(dict[PodUid, PodMarks]):
    """The marks of a record with their size, so that nobody adds them up for each finding.

    Not changed any more once it is in a record, as every value.
    """

    __slots__ = ("size",)

    def __init__(self, pods: Mapping[PodUid, PodMarks]) -> None:
        super().__init__(pods)
        self.size: int = pods.size if isinstance(pods, Marks) else _size_of(pods.values())
        """Bytes, at most."""

    def having(self, uid: PodUid, marks: PodMarks) -> "Marks":
        """Return a copy with the marks of one pod put in."""
        after, before = Marks(self), self.get(uid)
        after[uid] = marks
        if before is None:
            after.size += _size_of((marks,))
        elif before.containers.keys() != marks.containers.keys():
            after.size += _size_of((marks,)) - _size_of((before,))
        return after


def marks_of(record: Record) -> Marks:
    """Return the marks of a record; once anything was folded in they are measured already."""
    return record.pods if isinstance(record.pods, Marks) else Marks(record.pods)


def has_room(record: Record, pod_bytes: int = 0) -> bool:
    """Whether a further pod may be kept in the record, if each may come to take *pod_bytes*."""
    return marks_size(record) < MARKS_BYTES and len(record.pods) * pod_bytes < ROOM_BYTES


def pod_size(spec: PodSpec) -> int:
    """Return how many bytes the marks of a pod take once all its containers restarted, at most."""
    return POD_BYTES + sum(MARK_BYTES + len(each.name) for each in spec.containers)


def marks_size(record: Record) -> int:
    """Return how many bytes the marks take, at most."""
    return marks_of(record).size


def _size_of(pods: Iterable[PodMarks]) -> int:
    return sum(POD_BYTES + sum(MARK_BYTES + len(name) for name in pod.containers) for pod in pods)
