"""(c): the bare cost: read the same bytes, decode the needed fields, keep nothing.

The types are repeated on purpose: a change of the operator's types must not change what they are
compared with.
"""

import asyncio
import sys
from typing import Any

import aiohttp
import msgspec

from tests.bench.gate import run, wait_for_start
from tests.bench.stopwatch import Stopwatch


class Struct(msgspec.Struct, rename="camel", gc=False):
    """Fields as in the API; everything else is skipped."""


class Owner(Struct):
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class Metadata(Struct):
    name: str = ""
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None
    continue_: str | None = msgspec.field(name="continue", default=None)


class HttpGet(Struct):
    path: str | None = None
    port: int | str | None = None


class Probe(Struct):
    http_get: HttpGet | None = None
    initial_delay_seconds: float | None = None
    period_seconds: float | None = None
    timeout_seconds: float | None = None
    failure_threshold: int | None = None
    success_threshold: int | None = None
    termination_grace_period_seconds: float | None = None


class Container(Struct):
    name: str = ""
    image: str | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    restart_policy: str | None = None


class Spec(Struct):
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    restart_policy: str | None = None
    termination_grace_period_seconds: float | None = None
    node_name: str | None = None


class Running(Struct):
    started_at: str | None = None


class Waiting(Struct):
    reason: str | None = None


class Terminated(Struct):
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    container_id: str | None = msgspec.field(name="containerID", default=None)


class State(Struct):
    running: Running | None = None
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct):
    name: str = ""
    restart_count: int | None = None
    ready: bool | None = None
    started: bool | None = None
    container_id: str | None = msgspec.field(name="containerID", default=None)
    state: State | None = None
    last_state: State | None = None


class Condition(Struct):
    type: str = ""
    status: str | None = None
    reason: str | None = None
    last_transition_time: str | None = None


class Status(Struct):
    phase: str | None = None
    reason: str | None = None
    pod_ip: str | None = msgspec.field(name="podIP", default=None)
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class Pod(Struct):
    metadata: Metadata
    spec: Spec | None = None
    status: Status | None = None


class Involved(Struct):
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    field_path: str | None = None


class Event(Struct):
    metadata: Metadata
    involved_object: Involved | None = None
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None


class PodLine(Struct):
    type: str
    object: Pod


class EventLine(Struct):
    type: str
    object: Event


class PodPage(Struct):
    metadata: Metadata
    items: list[Pod]


PAGE = 500


async def watch(
    session: aiohttp.ClientSession,
    path: str,
    version: str,
    decoder: msgspec.json.Decoder[Any],
    stopwatch: Stopwatch,
) -> None:
    """Read and decode lines, for ever."""
    params = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
    if not version:
        params |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    rest = b""
    async with session.get(path, params=params) as response:
        async for chunk in response.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                found = decoder.decode(line)
                if stopwatch.is_running:
                    stopwatch.note(found.object.metadata.uid)


async def list_pods(session: aiohttp.ClientSession) -> str:
    """Read all pages; returns the version."""
    decoder = msgspec.json.Decoder(PodPage)
    token = ""
    while True:
        params = {"limit": str(PAGE), **({"continue": token} if token else {})}
        async with session.get("/api/v1/pods", params=params) as response:
            page = decoder.decode(await response.read())
        token = page.metadata.continue_ or ""
        if not token:
            return page.metadata.resource_version or ""


async def main(server: str, *, streams: bool) -> None:
    """List and watch; with *streams* in a single request."""
    timeout = aiohttp.ClientTimeout(total=None)
    session = aiohttp.ClientSession(server, timeout=timeout, read_bufsize=2**18)
    async with session:
        version = "" if streams else await list_pods(session)
        stopwatch = Stopwatch()
        stopwatch.listen()
        pods = watch(session, "/api/v1/pods", version, msgspec.json.Decoder(PodLine), stopwatch)
        events = watch(
            session, "/api/v1/events", version, msgspec.json.Decoder(EventLine), stopwatch
        )
        await asyncio.gather(pods, events)


if __name__ == "__main__":
    run(main(wait_for_start(), streams="--stream" in sys.argv))
