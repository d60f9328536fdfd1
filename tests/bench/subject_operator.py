"""(b): the operator itself, all of it, as `probewatch run` starts it.

The one thing added is a last sink, that notes when a finding has passed all others.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from probewatch import logs
from probewatch.commands import run as command
from probewatch.controller import Sink
from probewatch.core.findings import Finding, ReadinessChanged
from probewatch.core.model import Workload
from probewatch.service.parts import Parts
from probewatch.service.runtime import collect_rarely, run_on_best_loop
from probewatch.settings import Settings
from tests.bench.gate import wait_for_start
from tests.bench.stopwatch import Stopwatch


class Timed:
    """A sink that notes when changes of readiness have been counted."""

    def __init__(self) -> None:
        self._stopwatch = Stopwatch()
        self._stopwatch.listen()

    def publish(self, finding: Finding, workload: Workload) -> None:  # noqa: ARG002  # a sink's
        """Note one."""
        if isinstance(finding, ReadinessChanged) and not finding.hidden:
            self._stopwatch.note(finding.pod.uid)


class TimedParts(Parts):
    """The operator's parts, and the stopwatch."""

    def _build_sinks(self) -> Sequence[Sink]:
        return (*super()._build_sinks(), Timed())


def kubeconfig(server: str) -> str:
    """A kubeconfig for the load server."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "load",
        "contexts": [{"name": "load", "context": {"cluster": "load", "user": "load"}}],
        "clusters": [{"name": "load", "cluster": {"server": server}}],
        "users": [{"name": "load", "user": {}}],
    }
    return json.dumps(config)


def main() -> None:
    """Run the operator against the server that is named once all is loaded."""
    server = wait_for_start()
    command.Parts = TimedParts  # type: ignore[attr-defined]  # the one thing that is added
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kubeconfig")
        path.write_text(kubeconfig(server), encoding="utf-8")
        settings = Settings(kubeconfig=str(path), metrics_address="127.0.0.1:0")
        logs.configure(log_format=settings.log_format, level=settings.log_level)
        collect_rarely()
        run_on_best_loop(command.serve(settings, os.environ))


if __name__ == "__main__":
    main()
