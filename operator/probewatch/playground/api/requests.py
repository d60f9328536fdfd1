"""Requests, parsed as an API server does: verb, resource and options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import msgspec
from multidict import MultiMapping

from probewatch.kube.objects import BROKEN
from probewatch.playground.api import protobuf
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.status import StatusError, bad_request

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get"}
TRUE = {"true", "1", "True", "TRUE", "t", "T"}
PROTOBUF = "application/vnd.kubernetes.protobuf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, independent of the network."""

    method: str
    path: str
    verb: str
    """The verb of RBAC; the method in lower case for a path without a resource."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    group: str = ""
    version: str = ""
    resource: str = ""
    """The plural name; empty for a path without a resource."""
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    def header_values(self, name: str) -> Sequence[str]:
        """Return all values of a header that can occur several times."""
        if isinstance(self.headers, MultiMapping):
            return self.headers.getall(name, [])
        return [self.headers[name]] if name in self.headers else []

    def flag(self, name: str) -> bool:
        """Whether a boolean option is set."""
        return self.query.get(name, "") in TRUE

    def number(self, name: str) -> int | None:
        """Return an integer option, None without it; raises StatusError 400."""
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f"{name}: Invalid value: {text!r}: must be a whole number") from None

    def part(self, name: str) -> JsonObject:
        """Return an object in the body, empty if it is missing; raises StatusError 400 or 415."""
        found = self.json().get(name) or {}
        if not isinstance(found, dict):
            raise bad_request(f"json: cannot unmarshal into Go struct field .{name}")
        return found

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json(self) -> JsonObject:
        """Return the object in the body, JSON or protobuf; raises StatusError 400 or 415."""
        if self.content_type == PROTOBUF:
            return self._protobuf()
        try:
            found = msgspec.json.decode(self.body)
        except BROKEN as error:
            raise bad_request(f"the object provided is unrecognized: {error}") from error
        if not isinstance(found, dict):
            raise bad_request("the object provided is unrecognized: it must be a JSON object")
        return found

    def _protobuf(self) -> JsonObject:
        try:
            return protobuf.decode(self.body)
        except ValueError as error:
            why = f"no protobuf that the playground knows ({error})"
            raise unsupported_media_type("application/json", why=why) from error


def unsupported_media_type(*supported: str, why: str = "in an unknown format") -> StatusError:
    """Return the error for a body of a media type that is not supported."""
    listed = ", ".join(supported)
    text = f"the body of the request was {why} - accepted media types include: {listed}"
    return StatusError(415, "UnsupportedMediaType", text)


def parse_request(
    method: str,
    raw_path: str,
    query: Mapping[str, str],
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
) -> Request:
    """Return the request for a method, a path and a query."""
    path = unquote(raw_path)
    place = _parse_place([unquote(part) for part in raw_path.split("/") if part])
    verb = VERBS.get(method, method.lower()) if "resource" in place else method.lower()
    if "resource" in place:
        verb = _refine(verb, place, query)
    return Request(
        method=method, path=path, verb=verb, query=query, headers=headers, body=body, **place
    )


def _parse_place(parts: list[str]) -> dict[str, str]:
    """Return group, version, resource, namespace, name and subresource, as far as in the path."""
    match parts:
        case ["api", version, *rest]:
            place = {"group": "", "version": version}
        case ["apis", group, version, *rest]:
            place = {"group": group, "version": version}
        case _:
            return {}
    match rest:
        case ["namespaces", namespace, resource, *more] if (
            resource not in {"status", "finalize"} or place["group"]
        ):
            place |= {"namespace": namespace, "resource": resource}
        case [resource, *more]:
            place |= {"resource": resource}
        case _:
            return place
    for key, value in zip(("name", "subresource"), more, strict=False):
        place[key] = value
    if place["resource"] == "namespaces" and "name" in place and not place["group"]:
        place["namespace"] = place["name"]
    return place


def _refine(verb: str, place: Mapping[str, str], query: Mapping[str, str]) -> str:
    """Return the exact verb: watch, and list or deletecollection without a name."""
    if verb == "get" and query.get("watch", "") in TRUE:
        return "watch"
    if "name" in place:
        return verb
    return {"get": "list", "delete": "deletecollection"}.get(verb, verb)
