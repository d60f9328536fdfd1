"""The operator's parts, with a last sink that notes when a finding has passed all others."""

from collections.abc import Sequence

from probewatch.controller import Sink
from probewatch.core.findings import Finding, ReadinessChanged
from probewatch.core.model import Workload
from probewatch.service.parts import Parts
from tests.bench.stopwatch import Stopwatch


class Timed:
    """A sink that notes when readiness changes were counted."""

    def __init__(self) -> None:
        self._stopwatch = Stopwatch()
        self._stopwatch.listen()

    def publish(self, finding: Finding, workload: Workload) -> None:  # noqa: ARG002  # a sink's
        """Note a readiness change."""
        if isinstance(finding, ReadinessChanged) and not finding.hidden:
            self._stopwatch.note(finding.pod.uid)


class TimedParts(Parts):
    """The operator's parts, with the stopwatch."""

    def _build_sinks(self) -> Sequence[Sink]:
        return (*super()._build_sinks(), Timed())
