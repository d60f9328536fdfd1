"""The playground's stories with the real operator: verdicts, Events and metrics."""

import asyncio
import json
import re
import signal
import sys
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from probewatch.commands.outcome import render_json
from probewatch.commands.replay import replay
from probewatch.commands.stream import read_streams
from probewatch.playground.cluster import Cluster
from probewatch.playground.demo.operator import OperatorProcess
from probewatch.playground.demo.state import CONTROLLER, READINESS, RESTARTED, parse_record
from probewatch.playground.objects.store import Change
from probewatch.playground.stories.play import play_story
from probewatch.playground.stories.pods import Story
from probewatch.playground.stories.table import SECONDS, STORIES

JsonObject = dict[str, Any]
Labels = Mapping[str, str]
NAMESPACE = "stories"
START_SECONDS = 60.0
"""Real seconds for the start of a program; a busy machine may need many."""
LATE_SECONDS = 10.0
"""Real seconds for what is still to come when the stories are over."""
SETTINGS = {"PROBEWATCH_SETTLE_SECONDS": "2"}
"""A shorter wait for late evidence, because the stories are short."""
RESTARTS, FAILURES = "probewatch_container_restarts_total", "probewatch_probe_failures_total"
READS = {"get", "list", "watch"}

pytestmark = pytest.mark.slow


@dataclass
class Heard:
    """What the operator logged, by pod, and what was written to pods."""

    findings: dict[str, list[JsonObject]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, list[JsonObject]] = field(default_factory=lambda: defaultdict(list))
    metrics: list[tuple[str, Labels, float]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    pods: dict[str, JsonObject] = field(default_factory=dict)
    replayed: JsonObject = field(default_factory=dict)
    """The result of `probewatch replay` for what `probewatch record` wrote."""

    def hear(self, line: str) -> None:
        record = parse_record(line)
        if record.get("logger") == "probewatch.findings":
            self.findings[record["pod"]].append(record)

    def notice(self, storage: str, change: Change) -> None:
        obj = change.new.object
        if storage == "pods":
            self.pods[obj["metadata"]["name"]] = obj
        elif storage == "events" and obj.get("reportingComponent") == CONTROLLER:
            self.events[obj["involvedObject"]["name"]].append(obj)

    def restarts(self, story: Story) -> list[JsonObject]:
        return [item for item in self.findings[story.name] if item["message"] == RESTARTED]

    def readiness(self, story: Story) -> set[tuple[str, str]]:
        found = (item for item in self.findings[story.name] if item["message"] == READINESS)
        return {(item["to"], item["reason"]) for item in found}

    def reasons(self, story: Story) -> set[str]:
        return {event["reason"] for event in self.events[story.name]}

    def is_told(self, story: Story) -> bool:
        """Whether everything that a story expects was logged."""
        return (
            set(story.verdicts) <= {item["container"] for item in self.restarts(story)}
            and set(story.events) <= self.reasons(story)
            and set(story.readiness) <= self.readiness(story)
        )

    def total(self, name: str, **wanted: str) -> float:
        """Return the sum of a metric over all series with these labels."""
        return sum(
            value
            for found, labels, value in self.metrics
            if found == name and wanted.items() <= labels.items()
        )


@pytest.fixture(name="heard", scope="module")
def _heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """Play all stories at the same time, as fast as declared.

    In a hurried one containers live shorter than their probes need to fail, by their timestamps.
    """
    recording = tmp_path_factory.mktemp("stories") / "stories.jsonl.gz"
    heard = asyncio.run(play(recording))
    found, ledger = replay(read_streams([str(recording)]))
    heard.replayed = json.loads(json.dumps(render_json(found, ledger)))
    return heard


async def play(recording: Path) -> Heard:
    heard = Heard()
    async with Cluster() as cluster:
        cluster.registry.store.listeners.append(heard.notice)
        namespaces = cluster.registry.types.builtin("namespaces")
        cluster.registry.create(namespaces, {"metadata": {"name": NAMESPACE}})
        guard = cluster.runtime.guard
        operator = OperatorProcess(cluster.kubeconfig, guard, tell=heard.hear, settings=SETTINGS)
        async with operator, recorded(cluster, recording):
            await tell_stories(cluster, heard)
            heard.metrics = parse_metrics(await operator.scrape())
        heard.writes = [
            f"{record.action.verb} {record.action.full_resource}"
            for record in cluster.server.audit
            if record.action.resource == "pods" and record.action.verb not in READS
        ]
    return heard


@asynccontextmanager
async def recorded(cluster: Cluster, recording: Path) -> AsyncIterator[None]:
    """Run `probewatch record` beside the operator."""
    command = (sys.executable, "-m", "probewatch", "record", "--kubeconfig", cluster.kubeconfig)
    process = await asyncio.create_subprocess_exec(*command, str(recording), stderr=PIPE)
    cluster.runtime.guard.watch(process.pid)
    assert process.stderr
    assert await asyncio.wait_for(process.stderr.readline(), START_SECONDS)
    yield
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), LATE_SECONDS)
    assert 0 == process.returncode


async def tell_stories(cluster: Cluster, heard: Heard) -> None:
    for story in STORIES:
        play_story(cluster, story, namespace=NAMESPACE)
    await asyncio.sleep(SECONDS)
    for _ in range(int(LATE_SECONDS / 0.1)):
        if all(map(heard.is_told, STORIES)):
            return
        await asyncio.sleep(0.1)


def parse_metrics(text: str) -> list[tuple[str, Labels, float]]:
    found = re.findall(r"^(\w+)\{(.*)\} (\S+)$", text, re.MULTILINE)
    return [
        (name, dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value))
        for name, labels, value in found
    ]


def by_name(stories: tuple[Story, ...] = STORIES) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("story", [pytest.param(it, id=it.name) for it in stories])


@by_name()
def test_each_restart_has_its_cause(heard: Heard, story: Story) -> None:
    """Every restart has the cause that the story gives it, and nothing else restarts."""
    found = {(item["container"], item["cause"]) for item in heard.restarts(story)}

    assert set(story.verdicts.items()) == found


@by_name()
def test_a_recording_tells_the_same(heard: Heard, story: Story) -> None:
    """A replay of the recording has the same causes."""
    restarts = (item for item in heard.replayed["restarts"] if item["pod"] == story.name)
    found = {(item["container"], item["cause"]) for item in restarts}

    assert set(story.verdicts.items()) == found


def test_the_recordings_ledger_balances(heard: Heard) -> None:
    """In the replay every restart is counted once."""
    assert heard.replayed["ledger"]["balanced"]


@by_name(tuple(story for story in STORIES if "LivenessProbe" in story.verdicts.values()))
def test_kills_with_an_event_are_confirmed(heard: Heard, story: Story) -> None:
    """A liveness kill with the kubelet's Event has confidence Confirmed."""
    killed = [item for item in heard.restarts(story) if item["cause"] == "LivenessProbe"]

    assert {"Confirmed"} == {item["confidence"] for item in killed}


@by_name()
def test_the_events_are_there(heard: Heard, story: Story) -> None:
    """Pods have the Events that their story expects, and none that wrongly blames a probe."""
    reasons = heard.reasons(story)

    assert set(story.events) <= reasons
    blamed = {reason for reason in reasons if reason.endswith("ProbeRestart")}
    assert blamed <= set(story.events)


@by_name(tuple(story for story in STORIES if story.readiness))
def test_readiness_changes_have_their_reason(heard: Heard, story: Story) -> None:
    """Readiness changes have the reasons that the story expects."""
    assert set(story.readiness) <= heard.readiness(story)


@by_name()
def test_the_restarts_are_counted(heard: Heard, story: Story) -> None:
    """The counters by cause add up to the pod's restart counts."""
    counted = heard.total(RESTARTS, namespace=NAMESPACE, workload=story.name)
    status = heard.pods[story.name]["status"]
    every = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]

    # A restart in the last moment may not have been scraped.
    assert abs(sum(item["restartCount"] for item in every) - counted) <= 1
    for container, cause in story.verdicts.items():
        labels = {"workload": story.name, "container": container, "cause": cause}
        assert heard.total(RESTARTS, **labels) >= 1


@by_name(tuple(story for story in STORIES if story.failures))
def test_failures_are_counted(heard: Heard, story: Story) -> None:
    """Failed probes are counted by type."""
    for probe_type in story.failures:
        assert heard.total(FAILURES, workload=story.name, probe_type=probe_type) >= 1


def test_nothing_was_written_to_pods(heard: Heard) -> None:
    """The operator never writes to pods."""
    assert [] == heard.writes
    for pod in heard.pods.values():
        assert "finalizers" not in pod["metadata"]
        assert not [key for key in pod["metadata"].get("annotations", ()) if "kopf" in key]
