"""A gate before a sink: what is told to it depends on the moment.

Events and records are written by one replica only, the one that leads, and
Events can be switched off for some pods. Who may not publish now takes the
finding all the same, and lets it go.
"""

from collections.abc import Callable

from probewatch.controller import Sink
from probewatch.core.findings import Finding
from probewatch.core.model import Workload
from probewatch.kube.events import may_have_event


class Gate:
    """A sink that hands on what *is_open* says yes to."""

    def __init__(self, sink: Sink, is_open: Callable[[Finding], bool]) -> None:
        self._sink = sink
        self._is_open = is_open

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Hand the finding on, or let it go."""
        if self._is_open(finding):
            self._sink.publish(finding, workload)


class EventGate(Gate):
    """A gate before the Events: what can have none does not come so far, and costs nothing."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Hand on what may be told as an Event, if it is to be."""
        if may_have_event(finding):
            super().publish(finding, workload)
