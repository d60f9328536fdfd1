"""The CustomResourceDefinition of widgets, and the wait until it is served."""

import pytest

from tests.contract.client import Client, JsonObject

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
TRIES = 500
"""Requests until a definition is served: a real server takes a moment."""

SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 8},
                "size": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
                "mode": {"type": "string", "enum": ["slow", "fast"]},
                "steps": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                "ratio": {"type": "number"},
                "limit": {"x-kubernetes-int-or-string": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
        "status": {
            "type": "object",
            "properties": {"count": {"type": "integer"}, "note": {"type": "string"}},
        },
    },
}
COLUMNS = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    {"name": "Count", "type": "integer", "jsonPath": ".status.count"},
    {"name": "Note", "type": "string", "jsonPath": ".status.note", "priority": 1},
]


def definition(group: str) -> JsonObject:
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SCHEMA},
        "subresources": {"status": {}},
        "additionalPrinterColumns": COLUMNS,
    }
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["parts"]}
    return {
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


async def served(api: Client, path: str) -> None:
    """Wait until *path* is served."""
    for _ in range(TRIES):
        if (await api.call("GET", path)).status == 200:
            return
    pytest.fail(f"{path} is not served")
