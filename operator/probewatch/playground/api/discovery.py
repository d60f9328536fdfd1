"""Discovery: the groups, versions and resources that are served."""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from probewatch.playground.api.answers import Answer, answer_json
from probewatch.playground.api.projections import parse_accept
from probewatch.playground.api.requests import Request
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.types import ResourceType, Types

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.0-probewatch-playground",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "none",
}
KUBE_VERSION = re.compile(r"v([0-9]+)(?:(alpha|beta)([0-9]+))?")
STAGES = ("", "beta", "alpha")
WRITTEN = ("get", "patch", "update")
SUBRESOURCES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "binding": ("v1", "Binding", ("create",)),
    "eviction": ("policy/v1", "Eviction", ("create",)),
    "log": ("", "", ("get",)),
    "resize": ("", "", WRITTEN),
    "scale": ("autoscaling/v1", "Scale", WRITTEN),
    "status": ("", "", WRITTEN),
    "token": ("authentication.k8s.io/v1", "TokenRequest", ("create",)),
}
"""Version and kind of their objects (empty: the resource's own), and their verbs."""


def answer_discovery(types: Types, request: Request) -> Answer | None:
    """Answer a discovery request; None for any other request."""
    parts = [part for part in request.path.split("/") if part]
    match parts:
        case ["version"]:
            return answer_json(VERSION)
        case ["api" | "apis"] if _wants_aggregated(request):
            return _answer_aggregated(types, core=parts[0] == "api")
        case ["api"]:
            return answer_json({"kind": "APIVersions", "versions": ["v1"]})
        case ["apis"]:
            return answer_json(_group_list(types))
        case ["api", version]:
            return _answer_version(types, "", version)
        case ["apis", group]:
            return _answer_group(types, group)
        case ["apis", group, version]:
            return _answer_version(types, group, version)
        case _:
            return None


def _wants_aggregated(request: Request) -> bool:
    accepted = parse_accept(request.headers.get("Accept", ""))
    wanted = {"g": "apidiscovery.k8s.io", "v": "v2", "as": "APIGroupDiscoveryList"}
    return any(wanted.items() <= parameters.items() for _, parameters in accepted)


# --- one by one --------------------------------------------------------------------


def _group_list(types: Types) -> JsonObject:
    names = dict.fromkeys(item.group for item in types if item.group)
    groups = [_group(types, name) for name in names]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _group(types: Types, group: str) -> JsonObject:
    versions = [
        {"groupVersion": f"{group}/{version}", "version": version}
        for version in _versions(types, group)
    ]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _versions(types: Types, group: str) -> list[str]:
    """Return the group's versions, the preferred first."""
    found = dict.fromkeys(item.version for item in types if item.group == group)
    return sorted(found, key=_rank)


def _rank(version: str) -> tuple[int, int, int, str]:
    """Return the sort key: stable versions, then beta, then alpha; each the newest first.

    Versions with other names come last, by name.
    Source: apimachinery pkg/version/helpers.go (CompareKubeAwareVersionStrings).
    """
    found = KUBE_VERSION.fullmatch(version)
    if found is None:
        return len(STAGES), 0, 0, version
    major, stage, minor = found.groups(default="")
    return STAGES.index(stage), -int(major), -int(minor or 0), ""


def _answer_group(types: Types, group: str) -> Answer | None:
    if not any(item.group == group for item in types):
        raise no_such_path()
    return answer_json({"kind": "APIGroup", "apiVersion": "v1", **_group(types, group)})


def _answer_version(types: Types, group: str, version: str) -> Answer:
    found = [item for item in types if (item.group, item.version) == (group, version)]
    if not found:
        raise no_such_path()
    resources = [entry for item in found for entry in _entries(item)]
    name = f"{group}/{version}" if group else version
    body = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name}
    return answer_json({**body, "resources": resources})


def _entries(item: ResourceType) -> Iterable[JsonObject]:
    entry = {
        "name": item.plural,
        "singularName": item.singular,
        "namespaced": item.namespaced,
        "kind": item.kind,
        "verbs": list(item.verbs),
        "shortNames": list(item.short_names),
        "categories": list(item.categories),
    }
    yield {key: value for key, value in entry.items() if value or key == "namespaced"}
    for name in item.subresources:
        group_version, kind, verbs = SUBRESOURCES[name]
        group, _, version = group_version.rpartition("/")
        sub = {
            "name": f"{item.plural}/{name}",
            "singularName": "",
            "namespaced": item.namespaced,
            "group": group,
            "version": version,
            "kind": kind or item.kind,
            "verbs": list(verbs),
        }
        yield {
            key: value
            for key, value in sub.items()
            if value or key in {"namespaced", "singularName"}
        }


# --- all at once -------------------------------------------------------------------


def _answer_aggregated(types: Types, *, core: bool) -> Answer:
    found = sorted(
        (item for item in types if bool(item.group) != core),
        key=lambda item: (item.group, _rank(item.version)),
    )
    items = []
    for group, members in groupby(found, key=lambda item: item.group):
        versions = [
            {"version": version, "resources": [_aggregated(item) for item in part],
             "freshness": "Current"}
            for version, part in groupby(members, key=lambda item: item.version)
        ]  # fmt: skip
        meta: JsonObject = {"name": group} if group else {}
        meta["creationTimestamp"] = None
        items.append({"metadata": meta, "versions": versions})
    head = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}}
    answer = answer_json({**head, "items": items}, headers={"Vary": "Accept"})
    return Answer(body=answer.body, content_type=AGGREGATED, headers=answer.headers)


def _aggregated(item: ResourceType) -> JsonObject:
    entry: JsonObject = {
        "resource": item.plural,
        "responseKind": {"group": item.group, "version": item.version, "kind": item.kind},
        "scope": "Namespaced" if item.namespaced else "Cluster",
        "singularResource": item.singular,
        "verbs": list(item.verbs),
        "shortNames": list(item.short_names),
        "categories": list(item.categories),
        "subresources": [_aggregated_sub(item, name) for name in item.subresources],
    }
    return {key: value for key, value in entry.items() if value}


def _aggregated_sub(item: ResourceType, name: str) -> JsonObject:
    group_version, kind, verbs = SUBRESOURCES[name]
    group, _, version = (group_version or item.group_version).rpartition("/")
    shown = {"group": group, "version": version, "kind": kind or item.kind}
    return {"subresource": name, "responseKind": shown, "verbs": list(verbs)}


def no_such_path() -> StatusError:
    """Return the error for a path at which nothing is served."""
    return StatusError(404, "NotFound", "the server could not find the requested resource")
