"""Sizes: how much fits into one ProbeReport.

An API object may have 1.5 MB; a report stays far below that. Marks cannot be dropped, since the
restarts of a pod without one would be counted again, so a workload with very many pods gets
further reports. Incidents can be dropped, the oldest first.
"""

from collections.abc import Iterable, Mapping

from probewatch.core.model import PodUid
from probewatch.core.records import PodMarks, Record
from probewatch.core.spec import PodSpec

MARKS_BYTES = 128 * 1024
"""Room for the marks that exist: about 450 pods with one container."""

ROOM_BYTES = 160 * 1024
"""Room for the marks of all containers of all pods in the report. Each container may restart later,
and marks cannot be moved to another report, since two reports are not written atomically."""

POD_BYTES = 90
MARK_BYTES = 190
"""Upper bounds of what a pod and a mark take, without the container's name."""


class Marks(dict[PodUid, PodMarks]):
    """The marks of a record with their size, so that it need not be summed up for each finding.

    Like every value, it is not modified once it is in a record.
    """

    __slots__ = ("size",)

    def __init__(self, pods: Mapping[PodUid, PodMarks]) -> None:
        super().__init__(pods)
        self.size: int = pods.size if isinstance(pods, Marks) else _size_of(pods.values())
        """Upper bound in bytes."""

    def having(self, uid: PodUid, marks: PodMarks) -> "Marks":
        """Return a copy with the marks of one pod added or replaced."""
        after, before = Marks(self), self.get(uid)
        after[uid] = marks
        if before is None:
            after.size += _size_of((marks,))
        elif before.containers.keys() != marks.containers.keys():
            after.size += _size_of((marks,)) - _size_of((before,))
        return after


def marks_of(record: Record) -> Marks:
    """Return the marks of a record with their size, which is computed only the first time."""
    return record.pods if isinstance(record.pods, Marks) else Marks(record.pods)


def has_room(record: Record, pod_bytes: int = 0) -> bool:
    """Whether another pod fits into the record, if each pod may take up to *pod_bytes*."""
    return marks_size(record) < MARKS_BYTES and len(record.pods) * pod_bytes < ROOM_BYTES


def pod_size(spec: PodSpec) -> int:
    """Return an upper bound in bytes of a pod's marks, once all its containers have restarted."""
    return POD_BYTES + sum(MARK_BYTES + len(each.name) for each in spec.containers)


def marks_size(record: Record) -> int:
    """Return an upper bound in bytes of the record's marks."""
    return marks_of(record).size


def _size_of(pods: Iterable[PodMarks]) -> int:
    return sum(POD_BYTES + sum(MARK_BYTES + len(name) for name in pod.containers) for pod in pods)
