"""A fake Kubernetes API over HTTP, as far as the operator uses it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Json = dict[str, object]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

METADATA_ONLY = "as=PartialObjectMetadata"

DISCOVERY: Mapping[str, Json] = {
    "/version": {"gitVersion": "v1.36.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": "namespaces", "singularName": "namespace", "namespaced": False}
            | {"kind": "Namespace", "verbs": ["get", "list", "watch"]},
            {"name": "events", "singularName": "event", "namespaced": True}
            | {"kind": "Event", "verbs": ["create", "get", "list", "watch"]},
            {"name": "pods", "singularName": "pod", "namespaced": True}
            | {"kind": "Pod", "verbs": ["get", "list", "watch"]},
        ],
    },
}
"""The discovery requests that kopf makes first."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str
    accept: str
    body: bytes


def status_answer(
    code: int, message: str = "", headers: dict[str, str] | None = None
) -> web.Response:
    """A Status as an API server answers it."""
    body = {"kind": "Status", "apiVersion": "v1", "code": code, "message": message}
    return web.json_response(body, status=code, headers=headers)


@dataclass
class FakeCluster:
    """Stores objects by path, lists and watches them, accepts new ones, and records requests.

    Much smaller than the playground: no rules, selectors, defaults or streaming lists. A status
    returned by `refuse` replaces the answer.
    """

    asked: list[Asked] = field(default_factory=list)
    refuse: Callable[[web.Request], int] = lambda _request: 0
    allows: bool = True
    """What a review of our own rights says."""
    instead: Answer | None = None
    """Replaces all answers, for servers that misbehave."""
    _objects: dict[str, dict[str, Json]] = field(default_factory=dict)
    _history: list[tuple[str, str, Json]] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def put(self, collection: str, item: Json) -> None:
        """Add an object to a collection such as `/api/v1/pods`, or replace it."""
        known = self._objects.setdefault(collection, {})
        uid = _meta(item)["uid"]
        await self._tell(collection, "MODIFIED" if uid in known else "ADDED", item)
        known[str(uid)] = item

    async def remove(self, collection: str, item: Json) -> None:
        """Delete an object."""
        self._objects[collection].pop(str(_meta(item)["uid"]), None)
        await self._tell(collection, "DELETED", item)

    def written(self) -> list[Asked]:
        """The write requests, without access reviews."""
        return [
            asked
            for asked in self.asked
            if asked.method != "GET" and not asked.path.endswith("reviews")
        ]

    async def heard(self, condition: Callable[[Asked], bool]) -> Asked:
        """Wait for a matching request; the caller limits the time."""
        async with self._changed:
            await self._changed.wait_for(lambda: any(map(condition, self.asked)))
        return next(filter(condition, self.asked))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        await self._note(request)
        if self.instead is not None:
            return await self.instead(request)
        if code := self.refuse(request):
            return status_answer(code, "refused by the test")
        if request.method == "POST":
            return await self._take(request)
        if request.path in DISCOVERY:
            return web.json_response(DISCOVERY[request.path])
        if "sendInitialEvents" in request.query:
            return status_answer(422, "sendInitialEvents: Forbidden")
        if request.query.get("watch") == "true":
            return await self._watch(request)
        if request.path in self._objects or request.path.endswith(("/pods", "/events")):
            return self._list(request)
        return self._get(request)

    async def _note(self, request: web.Request) -> None:
        asked = Asked(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            authorization=request.headers.get("Authorization", ""),
            accept=request.headers.get("Accept", ""),
            body=await request.read(),
        )
        async with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.json()
        if request.path.endswith("selfsubjectaccessreviews"):
            body["status"] = {"allowed": self.allows}
        return web.json_response(body, status=201)

    def _list(self, request: web.Request) -> web.Response:
        items = list(self._objects.get(request.path, {}).values())
        meta = {"resourceVersion": str(len(self._history) + 1)}
        return web.json_response({"metadata": meta, "items": items})

    def _get(self, request: web.Request) -> web.Response:
        collection, _, name = request.path.rpartition("/")
        for item in self._objects.get(collection, {}).values():
            if _meta(item)["name"] == name:
                only = METADATA_ONLY in request.headers.get("Accept", "")
                return web.json_response({"metadata": item["metadata"]} if only else item)
        return status_answer(404, f"{request.path} is not there")

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        place = int(request.query.get("resourceVersion", "1")) - 1
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: len(self._history) > place)  # noqa: B023  # read at once
            for collection, kind, item in self._history[place:]:
                if collection == request.path:
                    await response.write(
                        json.dumps({"type": kind, "object": item}).encode() + b"\n"
                    )
            place = len(self._history)

    async def _tell(self, collection: str, kind: str, item: Json) -> None:
        async with self._changed:
            _meta(item)["resourceVersion"] = str(len(self._history) + 2)
            self._history.append((collection, kind, json.loads(json.dumps(item))))
            self._changed.notify_all()


@asynccontextmanager
async def serving(cluster: FakeCluster) -> AsyncIterator[str]:
    """Serve the cluster on loopback; yields its URL."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", cluster.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def _meta(item: Json) -> Json:
    metadata = item["metadata"]
    assert isinstance(metadata, dict)
    return metadata
