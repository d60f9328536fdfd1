"""(b): the operator itself, all of it, as `probewatch run` starts it.

The one thing added is a last sink, that notes when a finding has passed all others: what
is noted is asked for over standard input, after the measurement.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from probewatch import logs
from probewatch.commands import run as command
from probewatch.controller import Sink
from probewatch.core.findings import Finding, ReadinessChanged
from probewatch.core.model import Workload
from probewatch.service_parts import Parts
from probewatch.service_runtime import collect_rarely, run_on_best_loop
from probewatch.settings import Settings
from tests.bench.gate import wait_for_start


class Stopwatch:
    """Notes when changes of readiness have been counted."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, float]] = []

    def publish(self, finding: Finding, workload: Workload) -> None:  # noqa: ARG002  # a sink's
        """Note one."""
        if isinstance(finding, ReadinessChanged) and not finding.hidden:
            self.noted.append((finding.pod.uid, time.monotonic()))

    def tell(self) -> None:
        """Answer a line of standard input."""
        if sys.stdin.readline():
            print(json.dumps(self.noted), flush=True)
            self.noted.clear()


class TimedParts(Parts):
    """The operator's parts, and the stopwatch."""

    def _build_sinks(self) -> Sequence[Sink]:
        stopwatch = Stopwatch()
        asyncio.get_running_loop().add_reader(sys.stdin, stopwatch.tell)
        return (*super()._build_sinks(), stopwatch)


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
