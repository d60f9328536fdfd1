"""A gate before a sink: what is told to it depends on the moment.

Events and records are written by one replica only, the one that leads, and
Events can be switched off for some pods. Who may not publish now takes the
finding all the same, and lets it go.
"""

from collections.abc import Callable

from probewatch.controller import Sink
from probewatch.core.findings import Finding
from probewatch.core.model import Workload


class Gate:
    """A sink that hands on what *is_open* says yes to."""

    def __init__(self, sink: Sink, is_open: Callable[[Finding], bool]) -> None:
        self._sink = sink
        self._is_open = is_open

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Hand the finding on, or let it go."""
        if self._is_open(finding):
            self._sink.publish(finding, workload)
