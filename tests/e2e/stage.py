"""Runs the pods on the cluster of the current kubeconfig, and collects the results."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from probewatch.clock import Clock
from probewatch.commands.report_read import Summary, read_summaries
from probewatch.errors import ApiError
from probewatch.kube.answers import ask, refusal
from probewatch.kube.client import ApiClient
from probewatch.kube.credentials import find_credentials
from probewatch.kube.login import Login
from tests.e2e.pods import Json, Story, manifest, stories

LONGEST_SECONDS = float(os.environ.get("E2E_TIMEOUT", "240"))
"""The time for pulling images and for every pod to show its behaviour."""

SETTLE_SECONDS = 8.0
"""The time for writing Events and reports after the last finding."""

STOP_SECONDS = 30.0

Line = dict[str, object]


@dataclass(kw_only=True)
class Outcome:
    """The results of the run."""

    namespace: str
    stories: tuple[Story, ...]
    lines: list[Line] = field(default_factory=list)
    """The operator's log."""
    events: list[Json] = field(default_factory=list)
    metrics: str = ""
    reports: tuple[Summary, ...] | None = None
    """None if the custom resources are not installed."""
    counts_before: dict[str, int] = field(default_factory=dict)
    """`restartCount` by pod, as it was before the metrics were read."""
    counts_after: dict[str, int] = field(default_factory=dict)
    exit_status: int | None = None

    def said(self, message: str, pod: str) -> list[Line]:
        """Return the log records of a kind about a pod."""
        return [line for line in self.lines if (line["message"], line.get("pod")) == (message, pod)]

    def is_complete(self) -> bool:
        """Whether each pod has shown its behaviour."""
        return all(self._has_shown(story) for story in self.stories)

    def _has_shown(self, story: Story) -> bool:
        if story.cause:
            return bool(self.said("Container restarted", story.name))
        changes = self.said("Readiness changed", story.name)
        return any(line["to"] == "NotReady" for line in changes)


async def play() -> Outcome:
    """Create a namespace, run operator and pods in it, collect the results, and remove it."""
    async with connected() as client, own_namespace(client) as namespace:
        outcome = Outcome(namespace=namespace, stories=stories(namespace))
        async with operator(outcome) as port:
            await wait_for_service_account(client, namespace)
            for story in outcome.stories:
                await create(client, f"/api/v1/namespaces/{namespace}/pods", manifest(story))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_SECONDS):
                    while not outcome.is_complete():  # noqa: ASYNC110  # bounded above
                        await asyncio.sleep(0.5)
            await asyncio.sleep(SETTLE_SECONDS)
            await gather(client, outcome, port)
    return outcome


@asynccontextmanager
async def connected() -> AsyncIterator[ApiClient]:
    clock = Clock()
    credentials = find_credentials(
        kubeconfig="",
        context=os.environ.get("E2E_CONTEXT", ""),
        environ=os.environ,
        home=Path.home(),
    )
    login = Login(credentials, clock=clock)
    await login.read()
    async with ApiClient(login, timeout_seconds=30, clock=clock) as client:
        yield client


@asynccontextmanager
async def own_namespace(client: ApiClient) -> AsyncIterator[str]:
    name = f"probewatch-e2e-{secrets.token_hex(3)}"
    body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await create(client, "/api/v1/namespaces", body)
    try:
        yield name
    finally:
        await client.request("DELETE", f"/api/v1/namespaces/{name}")


async def create(client: ApiClient, path: str, body: Json) -> None:
    status, answer = await client.request("POST", path, body=body)
    if status not in {200, 201}:
        raise refusal(status, answer)


async def wait_for_service_account(client: ApiClient, namespace: str) -> None:
    """Wait for the account that pods need: it is created a moment after its namespace.

    Some servers create none.
    """
    end = time.monotonic() + 10
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    while time.monotonic() < end:
        status, _ = await client.request("GET", path)
        if status == 200:
            return
        await asyncio.sleep(0.5)


@asynccontextmanager
async def operator(outcome: Outcome) -> AsyncIterator[int]:
    """Run the operator as a process; yields the port of its metrics."""
    command = [
        *(sys.executable, "-m", "probewatch", "run", "--log-format", "json"),
        *("--namespace", outcome.namespace, "--metrics-address", "127.0.0.1:0"),
        *("--context", os.environ.get("E2E_CONTEXT", "")),
    ]
    # Its own Lease, so that another operator of this cluster does not keep it from writing.
    environ = {**os.environ, "PROBEWATCH_LEASE_NAMESPACE": outcome.namespace}
    process = await asyncio.create_subprocess_exec(*command, stderr=PIPE, env=environ)
    reading = asyncio.create_task(read_log(process, outcome))
    try:
        async with asyncio.timeout(STOP_SECONDS):
            while not (port := find_port(outcome.lines)) and process.returncode is None:  # noqa: ASYNC110  # likewise
                await asyncio.sleep(0.1)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            outcome.exit_status = await process.wait()
            await reading


async def read_log(process: Process, outcome: Outcome) -> None:
    assert process.stderr is not None
    async for raw in process.stderr:
        text = raw.decode(errors="replace")
        try:
            outcome.lines.append(json.loads(text))
        except json.JSONDecodeError:
            outcome.lines.append({"level": "error", "message": text.strip()})


def find_port(lines: list[Line]) -> int:
    ports = [line["port"] for line in lines if line["message"] == "Metrics and health are served"]
    return int(str(ports[0])) if ports else 0


async def gather(client: ApiClient, outcome: Outcome, port: int) -> None:
    outcome.counts_before = await restart_counts(client, outcome.namespace)
    url = f"http://127.0.0.1:{port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        outcome.metrics = await response.text()
    outcome.counts_after = await restart_counts(client, outcome.namespace)
    with contextlib.suppress(ApiError):
        outcome.reports = await read_summaries(client, outcome.namespace)
    events = await ask(client, f"/api/v1/namespaces/{outcome.namespace}/events")
    outcome.events = json.loads(events)["items"]


async def restart_counts(client: ApiClient, namespace: str) -> dict[str, int]:
    pods = json.loads(await ask(client, f"/api/v1/namespaces/{namespace}/pods"))["items"]
    return {
        pod["metadata"]["name"]: sum(
            each["restartCount"] for each in pod["status"].get("containerStatuses", ())
        )
        for pod in pods
    }
