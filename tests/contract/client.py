"""A plain HTTP client for any API server, without retries or interpretation."""

import asyncio
import contextlib
import io
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

JsonObject = dict[str, Any]

BOUND_SECONDS = 20
"""The longest that any request or event is waited for."""
JSON = "application/json"
AGGREGATED = f"{JSON};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The address of an API server, and the credentials for it."""

    url: str
    token: str = ""
    tls: ssl.SSLContext | None = None
    minor: int = 36
    """The minor version of the server: 36 for 1.36."""
    is_playground: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response."""

    status: int
    body: JsonObject
    headers: Mapping[str, str]
    text: str = ""


class Stream:
    """The events of a watch."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, JsonObject]:
        """The type and object of the next event; fails if there is none in time."""
        async with asyncio.timeout(BOUND_SECONDS):
            line = await self._response.content.readline()
        assert line, "the watch ended"
        event = json.loads(line)
        return event["type"], event["object"]

    async def named(self) -> tuple[str, str]:
        """The type and name of the next event."""
        kind, obj = await self.next()
        return kind, obj["metadata"]["name"]

    async def rest(self) -> list[tuple[str, JsonObject]]:
        """All events until the server ends the watch."""
        async with asyncio.timeout(BOUND_SECONDS):
            body = await self._response.read()
        events = [json.loads(line) for line in body.splitlines()]
        return [(event["type"], event["object"]) for event in events]


class Client:
    """Sends requests, as the administrator unless another token is given."""

    def __init__(self, place: Place, session: aiohttp.ClientSession) -> None:
        self.place = place
        self._session = session
        self._tls: ssl.SSLContext | bool = place.tls or True

    def _headers(
        self, token: str | None, content_type: str, accept: str, body: object
    ) -> dict[str, str]:
        headers = {"Accept": accept, "User-Agent": "contract/1.0"}
        if body is not None:
            headers["Content-Type"] = content_type
        token = self.place.token if token is None else token
        return headers | ({"Authorization": f"Bearer {token}"} if token else {})

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Reply:
        """Send a request and return the response."""
        headers = {**self._headers(token, content_type, accept, body), **headers}
        data = body if isinstance(body, bytes) else None
        sent = None if body is None else data or json.dumps(body).encode()
        async with (
            asyncio.timeout(BOUND_SECONDS),
            self._session.request(
                method,
                self.place.url + path,
                data=None if sent is None else io.BytesIO(sent),
                headers=headers,
                ssl=self._tls,
            ) as response,
        ):
            text = await response.text()
            is_json = response.content_type == JSON
            found = json.loads(text) if is_json and text else {}
            return Reply(
                status=response.status, body=found, headers=dict(response.headers), text=text
            )

    async def get(self, path: str, **options: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
        """Get an object or a list."""
        return await self._expect(200, "GET", path, **options)

    async def create(self, path: str, body: JsonObject) -> JsonObject:
        """Create an object and return it."""
        return await self._expect(201, "POST", path, body)

    async def patch(
        self, path: str, body: object, *, content_type: str = "application/merge-patch+json"
    ) -> JsonObject:
        """Patch an object and return it."""
        return await self._expect(200, "PATCH", path, body, content_type=content_type)

    async def delete(self, path: str) -> JsonObject:
        """Delete an object."""
        return await self._expect(200, "DELETE", path)

    async def _expect(
        self,
        status: int,
        method: str,
        path: str,
        body: object = None,
        **options: Any,  # noqa: ANN401  # any JSON value
    ) -> JsonObject:
        reply = await self.call(method, path, body, **options)
        assert status == reply.status, reply.text
        return reply.body

    @contextlib.asynccontextmanager
    async def watch(
        self, path: str, query: str = "", *, token: str | None = None, accept: str = JSON
    ) -> AsyncIterator[Stream]:
        """Watch; the server ends it after some seconds, unless *query* has a timeout."""
        seconds = "" if "timeoutSeconds" in query else f"&timeoutSeconds={BOUND_SECONDS}"
        url = f"{self.place.url}{path}?watch=true{seconds}" + (f"&{query}" if query else "")
        headers = self._headers(token, JSON, accept, None)
        async with self._session.get(url, headers=headers, ssl=self._tls) as response:
            assert response.status == 200, await response.text()
            yield Stream(response)


def unique(prefix: str) -> str:
    """A unique name."""
    return f"{prefix}-{secrets.token_hex(4)}"


def pod(name: str, **fields: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    """A pod that every admission accepts, and no scheduler assigns to a node."""
    meta = {"name": name, **fields.pop("metadata", {})}
    container = {"name": "app", "image": "busybox:1", "command": ["sleep", "600"]}
    spec = {"containers": [container], "schedulerName": "contract", **fields}
    return {"metadata": meta, "spec": spec}


def config(name: str, **fields: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    """A ConfigMap, the simplest kind of object."""
    return {"metadata": {"name": name, **fields.pop("metadata", {})}, **fields}
