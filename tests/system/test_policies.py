"""ProbePolicies and a real operator as a process.

The test acts as the kubelet of the pods, so that restarts happen when it wants them.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from probewatch.playground.api.server import ApiServer
from tests.conftest import REPOSITORY
from tests.contract.client import Client, Place
from tests.support.probe_policies import policy_object

pytestmark = pytest.mark.slow

BOUND_SECONDS = 30
"""The longest that any test here waits."""

Json = dict[str, Any]

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POLICIES = "/apis/probewatch.dev/v1alpha1/namespaces/default/probepolicies"
PODS = "/api/v1/namespaces/default/pods"
AT = "2026-11-20T10:{minute:02}:00Z"
CONTAINER = {
    "name": "app",
    "image": "app:1",
    "livenessProbe": {"httpGet": {"path": "/healthz", "port": 80}},
}


@dataclass
class Scene:
    """An API server, and the log of the operator that watches it."""

    api: Client
    server: ApiServer
    lines: list[Json] = field(default_factory=list)

    async def apply(self, name: str, spec: Json) -> None:
        """Create a policy, or change its spec."""
        if (await self.api.call("GET", f"{POLICIES}/{name}")).status == 200:
            await self.api.patch(f"{POLICIES}/{name}", {"spec": spec})
            return
        body = policy_object(name, spec, namespace="default")
        await self.api.create(POLICIES, {**body, "metadata": {"name": name}})

    async def accepted(self, name: str, reason: str) -> Json:
        """Wait until the condition of a policy has this reason; return its status."""

        async def is_so() -> bool:
            return _reason(await self.api.get(f"{POLICIES}/{name}")) == reason

        await self.until(is_so)
        status: Json = (await self.api.get(f"{POLICIES}/{name}"))["status"]
        return status

    async def run_pod(self, name: str, **labels: str) -> None:
        """Create a pod that runs and is ready."""
        meta = {"name": name, "labels": {"app": name, **labels}}
        await self.api.create(PODS, {"metadata": meta, "spec": {"containers": [CONTAINER]}})
        await self.restart(name, 0)

    async def restart(self, name: str, count: int) -> None:
        """Set the restart count of the pod's container."""
        ended = {"exitCode": 3, "reason": "Error", "containerID": f"c://{count - 1}"}
        times = {"startedAt": AT.format(minute=count), "finishedAt": AT.format(minute=count + 1)}
        status = {
            "name": "app",
            "image": "app:1",
            "imageID": "",
            "restartCount": count,
            "ready": True,
            "started": True,
            "containerID": f"c://{count}",
            "state": {"running": {"startedAt": AT.format(minute=count + 1)}},
            "lastState": {"terminated": {**ended, **times}} if count else {},
        }
        conditions = [
            {"type": each, "status": "True", "lastTransitionTime": AT.format(minute=0)}
            for each in ("Ready", "ContainersReady")
        ]
        patch = {
            "status": {
                "phase": "Running", "conditions": conditions, "containerStatuses": [status]
            }
        }  # fmt: skip
        await self.api.patch(f"{PODS}/{name}/status", patch)

    def told(self, message: str, pod: str = "") -> list[Json]:
        return [
            line
            for line in self.lines
            if line["message"] == message and pod in {"", line.get("pod")}
        ]

    async def heard(self, message: str, pod: str = "", times: int = 1) -> None:
        async def is_so() -> bool:
            return len(self.told(message, pod)) >= times

        await self.until(is_so)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        while not await condition():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.02)

    async def events(self, reason: str) -> list[str]:
        """Return the pods that have an Event with this reason."""
        found = await self.api.get("/api/v1/namespaces/default/events")
        return [
            each["involvedObject"]["name"] for each in found["items"] if each["reason"] == reason
        ]


def _reason(policy: Json) -> str:
    conditions = policy.get("status", {}).get("conditions", [])
    observed = policy.get("status", {}).get("observedGeneration")
    if observed != policy["metadata"]["generation"] or not conditions:
        return ""
    return str(conditions[0]["reason"])


@asynccontextmanager
async def operator(folder: Path, server: ApiServer, *arguments: str) -> AsyncIterator[Process]:
    """Run the operator as a process, and end it with the block."""
    kubeconfig = folder / "kubeconfig"
    server.write_kubeconfig(kubeconfig)
    environ = {
        **{name: value for name, value in os.environ.items() if "KUBE" not in name},
        "PYTHONPATH": str(REPOSITORY / "operator"),
        "PROBEWATCH_METRICS_ADDRESS": "127.0.0.1:0",
        "PROBEWATCH_SETTLE_SECONDS": "0",
    }
    command = [sys.executable, "-m", "probewatch", "run", "--kubeconfig", str(kubeconfig)]
    process = await asyncio.create_subprocess_exec(
        *command, "--log-format", "json", *arguments, env=environ, stdout=DEVNULL, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def playing(folder: Path) -> AsyncIterator[Scene]:
    """Run the operator, with our definitions installed; the time is bounded."""
    server = ApiServer()
    await server.start()
    try:
        async with asyncio.timeout(BOUND_SECONDS), aiohttp.ClientSession() as session:
            place = Place(url=server.url, token=server.tokens.admin)
            scene = Scene(Client(place, session), server)
            for file in sorted((REPOSITORY / "crds").glob("*.yaml")):
                definition = yaml.safe_load(file.read_text(encoding="utf-8"))
                await scene.api.create(DEFINITIONS, definition)
            async with operator(folder, server) as process:
                listening = asyncio.create_task(_listen(process, scene.lines))
                await scene.heard("All pods are listed")
                yield scene
            await listening
    finally:
        await server.stop()


async def _listen(process: Process, lines: list[Json]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        lines += [json.loads(line)]


LOOP = "Restart loop detected"
RESTARTED = "Container restarted"


async def test_a_policy_holds_without_a_restart(tmp_path: Path) -> None:
    """A policy that is created, changed or deleted applies to a running operator at once."""
    async with playing(tmp_path) as scene:
        for name in ("before", "after"):
            await scene.run_pod(name)
        await scene.apply("quick", {"priority": 1, "loop": {"restarts": 2}})
        await scene.apply("plain", {})
        status = await scene.accepted("quick", "InEffect")
        await scene.accepted("plain", "Overridden")

        for count in (1, 2):
            await scene.restart("before", count)
        await scene.heard(LOOP, "before")
        await scene.apply("quick", {"priority": 1, "loop": {"restarts": 9}})
        await scene.accepted("quick", "InEffect")
        for count in (1, 2):
            await scene.restart("after", count)
        await scene.heard(RESTARTED, "after", 2)
        nine = scene.told(LOOP, "after")
        await scene.api.delete(f"{POLICIES}/quick")
        await scene.accepted("plain", "InEffect")  # so that the deletion of the other one is known
        await scene.restart("after", 3)
        await scene.heard(LOOP, "after")

        assert (2, 2) <= (status["matchedPods"], status["appliedPods"])
        assert [2] == [each["restarts"] for each in scene.told(LOOP, "before")]
        assert [] == nine
        assert [3] == [each["restarts"] for each in scene.told(LOOP, "after")]
        assert 1 == len(scene.told("probewatch starts"))


async def test_an_invalid_policy_says_why_and_changes_nothing(tmp_path: Path) -> None:
    """An invalid policy is not accepted, its status says why, and it applies to no pod."""
    async with playing(tmp_path) as scene:
        wrong = {"selector": {"matchLabels": {"a b": "c"}}, "loop": {"restarts": 2}}
        await scene.run_pod("web")
        await scene.apply("wrong", wrong)
        await scene.apply("windows", {"loop": {"windowSeconds": 604800}, "priority": 9})
        await scene.apply("all", {})
        selector = await scene.accepted("wrong", "InvalidSelector")
        windows = await scene.accepted("windows", "InvalidWindows")
        await scene.accepted("all", "InEffect")
        for count in (1, 2):
            await scene.restart("web", count)
        await scene.heard(RESTARTED, "web", 2)
        none = scene.told(LOOP)
        await scene.apply("wrong", {"selector": {"matchLabels": {"a b": None}}, "priority": 10})
        mended = await scene.accepted("wrong", "InEffect")

        assert "'a b' cannot be the key of a label" in selector["conditions"][0]["message"]
        assert "by the operator's settings" in windows["conditions"][0]["message"]
        assert ["False", "False", "True"] == [
            each["conditions"][0]["status"] for each in (selector, windows, mended)
        ]
        assert [] == none


async def test_events_are_off_where_a_policy_says_so(tmp_path: Path) -> None:
    """A pod whose policy disables Events gets none, and its restarts are still counted."""
    async with playing(tmp_path) as scene:
        quiet = {"selector": {"matchLabels": {"quiet": "yes"}}, "events": False}
        for name in ("loud", "hushed"):
            await scene.run_pod(name)
        await scene.apply("quiet", {**quiet, "priority": 1})
        await scene.apply("rest", {})
        await scene.accepted("rest", "InEffect")
        labels = {"metadata": {"labels": {"quiet": "yes"}}}
        await scene.api.patch(f"{PODS}/hushed", labels)

        for name in ("hushed", "loud"):
            await scene.restart(name, 1)
            await scene.heard(RESTARTED, name)

        async def is_told() -> bool:
            return "loud" in await scene.events("LivenessProbeRestart")

        await scene.until(is_told)
        assert ["loud"] == await scene.events("LivenessProbeRestart")


async def test_the_annotation_takes_a_pod_out_at_once(tmp_path: Path) -> None:
    """A pod that opts out is not reported; once it opts in again, later restarts are."""
    async with playing(tmp_path) as scene:
        for name in ("one", "two"):
            await scene.run_pod(name)
        await scene.apply("all", {})
        await scene.accepted("all", "InEffect")

        def annotated(value: str | None) -> Json:
            return {"metadata": {"annotations": {"probewatch.dev/ignore": value}}}

        await scene.api.patch(f"{PODS}/one", annotated("true"))
        for name in ("one", "two"):
            await scene.restart(name, 1)
        await scene.heard(RESTARTED, "two")
        ignored = scene.told(RESTARTED, "one")
        await scene.api.patch(f"{PODS}/one", annotated(None))
        await scene.restart("one", 2)
        await scene.restart("two", 2)
        await scene.heard(RESTARTED, "two", 2)
        await scene.restart("one", 3)
        await scene.heard(RESTARTED, "one")

        assert [] == ignored
        assert 2 <= scene.told(RESTARTED, "one")[0]["restart_count"]


async def test_of_a_policy_nothing_is_written_but_its_status(tmp_path: Path) -> None:
    """Neither kopf nor the operator adds finalizers or annotations to policies."""
    async with playing(tmp_path) as scene:
        await scene.apply("one", {})
        await scene.accepted("one", "NoPods")
        written = await scene.api.get(f"{POLICIES}/one")

        assert not {"annotations", "finalizers"} & written["metadata"].keys()
        assert {("create", ""), ("patch", "status")} == {
            (each.action.verb, each.action.subresource)
            for each in scene.server.audit
            if each.action.resource == "probepolicies"
            and each.action.verb not in {"get", "list", "watch"}
        }
