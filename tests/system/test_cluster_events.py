"""Roll-outs, kubelet restarts and reboots, as the real operator reports them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from probewatch.playground.cluster import Cluster, ClusterOptions
from probewatch.playground.demo.operator import OperatorProcess
from probewatch.playground.demo.state import READINESS, RESTARTED, parse_record
from probewatch.playground.kubelet.services import SHORTEST_GRACE_SECONDS
from probewatch.playground.stories.play import play_story
from probewatch.playground.stories.pods import app, http
from probewatch.playground.stories.table import find_story

JsonObject = dict[str, Any]
SPEED = 10.0
BOUND_SECONDS = 40
BAD_AFTER = 15
"""Instances live longer than a real second: otherwise a kill could belong to either of two."""

pytestmark = pytest.mark.slow


@dataclass
class Rig:
    """A cluster, and the findings of its operator."""

    cluster: Cluster
    operator: OperatorProcess = field(init=False)
    findings: list[JsonObject] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, line: str) -> None:
        record = parse_record(line)
        if record.get("logger") == "probewatch.findings":
            self.findings.append(record)
            self.heard.set()

    def restarts(self) -> list[JsonObject]:
        return [item for item in self.findings if item["message"] == RESTARTED]

    async def until_restarts(self, count: int) -> None:
        async with asyncio.timeout(BOUND_SECONDS):
            while len(self.restarts()) < count:
                self.heard.clear()
                await self.heard.wait()


@pytest.fixture(name="rig")
async def _rig() -> AsyncIterator[Rig]:
    async with Cluster(ClusterOptions(speed=SPEED)) as cluster:
        rig = Rig(cluster)
        guard = cluster.runtime.guard
        rig.operator = OperatorProcess(cluster.kubeconfig, guard, tell=rig.hear)
        async with rig.operator:
            yield rig


def make_deployment(script: str) -> JsonObject:
    container = app(script, livenessProbe=http(periodSeconds=2, failureThreshold=2))
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": "web"}, "spec": spec}


def replica_set_of(restart: JsonObject) -> str:
    name, _, _ = restart["pod"].rpartition("-")
    return str(name)


async def test_pods_count_for_their_deployment(rig: Rig) -> None:
    """Restarts of pods of an old and a new template both count for the Deployment."""
    deployments = rig.cluster.registry.types.builtin("deployments", "apps")
    rig.cluster.registry.create(deployments, make_deployment(f"-bad {BAD_AFTER}-"))
    await rig.until_restarts(2)
    before = rig.restarts()
    changed = make_deployment(f"-bad {BAD_AFTER + 1}-")["spec"]
    rig.cluster.registry.change(
        deployments, "default", "web", lambda old: {**old, "spec": {**old["spec"], **changed}}
    )
    (old,) = {replica_set_of(item) for item in before}
    async with asyncio.timeout(BOUND_SECONDS):
        while not (after := [item for item in rig.restarts() if replica_set_of(item) != old]):
            rig.heard.clear()
            await rig.heard.wait()

    assert {("Deployment/web", "LivenessProbe")} == {
        (item["workload"], item["cause"]) for item in rig.restarts()
    }
    # An old pod may be gone before the Event about its last restart has been read.
    assert {"Confirmed"} == {item["confidence"] for item in (*before, *after)}
    (line,) = await rig.operator.scrape_restarts()
    assert 'workload="web",workload_type="deployment",container="app"' in line
    assert float(line.split()[-1]) >= 3


async def test_a_kubelets_restart_is_no_restart(rig: Rig) -> None:
    """A kubelet restart loses no readiness, and later kills have the right cause.

    The counts of the kubelet's Events start over with it.
    """
    play_story(rig.cluster, find_story("live-http"))
    await rig.until_restarts(1)
    seen = len(rig.findings)
    await rig.cluster.kubelet.restart()
    await rig.until_restarts(3)

    assert [1, 2, 3] == [item["restart_count"] for item in rig.restarts()]
    assert {("LivenessProbe", "Confirmed")} == {
        (item["cause"], item["confidence"]) for item in rig.restarts()
    }
    later = [item for item in rig.findings[seen:] if item["message"] == READINESS]
    assert {"ContainerRestart"} == {item["reason"] for item in later}


async def test_a_reboot_is_the_cause_of_its_restarts(rig: Rig) -> None:
    """Containers that were lost in a reboot have the cause NodeReboot."""
    deployments = rig.cluster.registry.types.builtin("deployments", "apps")
    rig.cluster.registry.create(deployments, make_deployment(""))
    pods = rig.cluster.registry.types.builtin("pods")
    async with asyncio.timeout(BOUND_SECONDS):
        while len([item for item in rig.findings if item.get("to") == "Ready"]) < 2:
            rig.heard.clear()
            await rig.heard.wait()
    await rig.cluster.kubelet.reboot()
    await rig.until_restarts(2)

    assert {"NodeReboot"} == {item["cause"] for item in rig.restarts()}
    assert 2 == len(rig.cluster.registry.items(pods))


async def test_no_sigkill_comes_sooner_than_a_kubelets(rig: Rig) -> None:
    """However fast the clock runs, SIGKILL comes two real seconds after the Event at least."""
    play_story(rig.cluster, find_story("live-sigkill"))
    await rig.until_restarts(1)

    types, registry = rig.cluster.registry.types, rig.cluster.registry
    (pod,) = (stored.object for stored in registry.items(types.builtin("pods")))
    end = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    events = (stored.object for stored in registry.items(types.builtin("events")))
    (killing,) = (event for event in events if event["reason"] == "Killing")
    assert 137 == end["exitCode"]
    told, ended = map(datetime.fromisoformat, (killing["firstTimestamp"], end["finishedAt"]))
    assert ended - told >= timedelta(seconds=SHORTEST_GRACE_SECONDS)
    assert ["Confirmed"] == [item["confidence"] for item in rig.restarts()]
