"""The gate in front of the Event recorder: decides for each finding whether it becomes an Event.

Only the leading replica writes Events, and a policy can switch them off for some
pods. Findings that may not be published are dropped, not kept for later.
"""

from collections.abc import Callable

from probewatch.controller import Sink
from probewatch.core.findings import Finding
from probewatch.core.model import Workload
from probewatch.kube.events.making import may_have_event


class EventGate:
    """A sink that passes on findings for which *is_open* is true, if their kind has an Event."""

    def __init__(self, sink: Sink, is_open: Callable[[Finding], bool]) -> None:
        self._sink = sink
        self._is_open = is_open

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Pass the finding on, or drop it."""
        if may_have_event(finding) and self._is_open(finding):
            self._sink.publish(finding, workload)
