"""A gate before the Events: what is told to them depends on the moment.

They are written by one replica only, the one that leads, and can be switched off for
some pods. Who may not publish now takes the finding all the same, and lets it go.
"""

from collections.abc import Callable

from probewatch.controller import Sink
from probewatch.core.findings import Finding
from probewatch.core.model import Workload
from probewatch.kube.events.making import may_have_event


class EventGate:
    """A sink that hands on what *is_open* says yes to; what can have no Event costs nothing."""

    def __init__(self, sink: Sink, is_open: Callable[[Finding], bool]) -> None:
        self._sink = sink
        self._is_open = is_open

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Hand on what may be told as an Event, if it is to be; let go of all else."""
        if may_have_event(finding) and self._is_open(finding):
            self._sink.publish(finding, workload)
