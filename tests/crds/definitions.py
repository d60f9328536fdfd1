"""The custom resource definitions of `crds/`, and access to their schemas."""

from collections.abc import Iterator
from typing import Any

import yaml

from tests.conftest import REPOSITORY

Json = Any
Schema = dict[str, Any]

FILES = {
    "ProbePolicy": REPOSITORY / "crds" / "probepolicies.yaml",
    "ProbeReport": REPOSITORY / "crds" / "probereports.yaml",
}
WRITTEN_BY_THE_API = {"apiVersion", "kind", "metadata"}


def definition(kind: str) -> Schema:
    """Return the definition of a kind."""
    found: Schema = yaml.safe_load(FILES[kind].read_text(encoding="utf-8"))
    return found


def version(kind: str) -> Schema:
    """Return the only version of a kind."""
    (found,) = definition(kind)["spec"]["versions"]
    return dict(found)


def schema(kind: str, *path: str) -> Schema:
    """Return the schema of a kind, or of one of its fields."""
    found: Schema = version(kind)["schema"]["openAPIV3Schema"]
    for step in path:
        found = found["properties"][step]
    return found


def walk(node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield each node below this one with its path, without apiVersion, kind and metadata."""
    for name, child in node.get("properties", {}).items():
        if path or name not in WRITTEN_BY_THE_API:
            yield f"{path}.{name}", child
            yield from walk(child, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if key in node:
            yield f"{path}{mark}", node[key]
            yield from walk(node[key], f"{path}{mark}")


def nodes() -> list[tuple[str, Schema]]:
    """Return all nodes of both kinds."""
    return [(f"{kind}{path}", node) for kind in FILES for path, node in walk(schema(kind))]
