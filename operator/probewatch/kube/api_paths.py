"""Paths of the API: of an object or a list, and back to the verb and resource of a request.

Requests are counted by verb and resource, as in the API server's own audit log and metrics,
because they have few values.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

VERBS: Mapping[str, str] = {
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}

OTHER = "other"
"""Stands for paths that are no resource, such as `/version` and `/healthz`."""


class Subject(NamedTuple):
    """A request's verb and resource (`pods`, `events`, `probereports/status`)."""

    verb: str
    resource: str


def find_path(api_version: str, resource: str, namespace: str | None, name: str = "") -> str:
    """Return the path of an object, or of a list; *namespace* None is for all namespaces."""
    root = "apis" if "/" in api_version else "api"
    place = "" if namespace is None else f"/namespaces/{quote(namespace, safe='')}"
    end = f"/{quote(name, safe='')}" if name else ""
    return f"/{root}/{api_version}{place}/{resource}{end}"


def find_subject(method: str, path: str, params: Mapping[str, str] | None = None) -> Subject:
    """Return verb and resource of a request, without names of objects and namespaces."""
    parts = path.partition("?")[0].strip("/").split("/")
    rest = _after_version(parts)
    if len(rest) > 2 and rest[0] == "namespaces":  # noqa: PLR2004  # namespaces/NAME/RESOURCE
        rest = rest[2:]
    if not rest:
        return Subject(VERBS.get(method, "get"), OTHER)
    resource, name, subresource = (*rest, "", "")[:3]
    verb = VERBS.get(method) or _reading(bool(name), params or {})
    return Subject(verb, f"{resource}/{subresource}" if subresource else resource)


def _after_version(parts: list[str]) -> list[str]:
    if parts[0] == "api":
        return parts[2:]
    return parts[3:] if parts[0] == "apis" else []


def _reading(named: bool, params: Mapping[str, str]) -> str:  # noqa: FBT001  # one caller
    if params.get("watch") == "true":
        return "watch"
    return "get" if named else "list"
