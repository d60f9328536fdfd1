"""The demo: a pod becomes ready, fails its liveness probe and is killed; the operator says why.

Nothing in it is staged for the operator: the kubelet really probes a real process, and the
operator is `probewatch run` in a process of its own, with no more than a kubeconfig.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from probewatch.playground.cluster import Cluster, ClusterOptions
from probewatch.playground.demo.operator import OperatorProcess
from probewatch.playground.demo.show import Progress, Show
from probewatch.playground.demo.state import DemoState
from probewatch.playground.demo.text import finding_text
from probewatch.playground.images import DEMO_FILES
from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.probes import ProbeType
from probewatch.playground.kubelet.specs import parse_pod_spec
from probewatch.playground.objects.store import Change

MANIFEST = DEMO_FILES / "hc-probe.yaml"
NAMESPACE = "default"
HEALTHY_FOR_SECONDS = 40.0
"""The time after which the tutorial's app fails its liveness probe."""
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """The options of the demo."""

    speed: float = 1.0
    manifest: Path = MANIFEST
    kubeconfig: Path | None = None
    patience: float = 30.0
    """Seconds of real time to wait after the time at which the kill is due."""


class Demo:
    """Runs the demo: within `running`, `story` returns when all was seen, or at its deadline."""

    def __init__(self, options: DemoOptions, show: Show) -> None:
        self.options = options
        self.state = DemoState()
        self.show = show
        self.cluster = Cluster(ClusterOptions(speed=options.speed, kubeconfig=options.kubeconfig))
        self.operator: OperatorProcess | None = None
        self._pod = read_manifest(options.manifest)
        self._began = time.monotonic()
        self._output_error: OSError | None = None

    @property
    def passed(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self._began

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the cluster, the operator and the pod, and stop them at the end."""
        async with self.cluster:
            self._say("playground", f"a cluster with one node, at {self.cluster.url}")
            self.cluster.registry.store.listeners.append(self._notice)
            guard = self.cluster.runtime.guard
            operator = OperatorProcess(self.cluster.kubeconfig, guard, tell=self._read_line)
            async with operator:
                self.operator = operator
                self._say("playground", f"probewatch run (process {operator.pid}) watches it")
                pods = self.cluster.registry.types.builtin("pods")
                self.cluster.registry.create(pods, self._pod)
                yield

    async def story(self) -> None:
        """Watch until everything has been seen, or the time for it is over.

        Raises OSError if the output can no longer be written.
        """
        began = self.passed
        due = find_kill_due(self._pod) / self.options.speed
        while self.state.missing() and self.passed - began < due + self.options.patience:
            if self.operator:
                self.operator.check()
                if self.state.restart and not self.state.metrics:
                    self.state.metrics = await self.operator.scrape_restarts()
            progress = Progress(passed=self.passed - began, due=due)
            self.show.update(self.passed, self.state, None if self.state.any_restart else progress)
            if self._output_error:
                raise self._output_error
            await asyncio.sleep(LOOK_SECONDS)
        self.show.update(self.passed, self.state, None)

    # --- notifications ------------------------------------------------------------

    def _say(self, who: str, text: str) -> None:
        """Show a line; an error is kept for `story`, as the caller may be the kubelet's task."""
        try:
            self.show.say(self.passed, who, text)
        except OSError as error:
            self._output_error = error

    def _notice(self, storage: str, change: Change) -> None:
        obj = change.new.object
        if storage == "pods" and obj["metadata"]["name"] == self._pod["metadata"]["name"]:
            self.state.pod = obj
        elif storage == "events" and obj["involvedObject"]["kind"] == "Pod":
            self._notice_event(obj)

    def _notice_event(self, event: JsonObject) -> None:
        self.state.note_event(event, self.passed)
        source = event.get("source") or {}
        who = source.get("component") or event.get("reportingComponent") or "?"
        who = "probewatch" if who.startswith("probewatch") else who
        count = f" (× {event['count']})" if event.get("count", 1) > 1 else ""
        self._say(who.removeprefix("default-"), f"{event['reason']}: {event['message']}{count}")

    def _read_line(self, line: str) -> None:
        found = self.state.note_finding(line, self.passed)
        if found:
            self._say("probewatch", finding_text(found))


def read_manifest(path: Path) -> JsonObject:
    """Return the pod of a manifest, in the demo's namespace."""
    pod: JsonObject = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {**pod, "metadata": {**pod["metadata"], "namespace": NAMESPACE}}


def find_kill_due(pod: JsonObject) -> float:
    """Return the seconds from a pod's start to its first kill, at the latest.

    The app fails from a known moment on. The next run of the probe is the first failure, and
    the kill comes with the failure that reaches the threshold.
    """
    whole = {**pod, "metadata": {"uid": "", **pod["metadata"]}}
    found = (item.probe(ProbeType.LIVENESS) for item in parse_pod_spec(whole).containers)
    probe = next(item for item in found if item)
    first = (math.floor(HEALTHY_FOR_SECONDS / probe.period) + 1) * probe.period
    return float(first + (probe.failure_threshold - 1) * probe.period)
