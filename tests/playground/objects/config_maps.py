"""ConfigMaps with owners, for tests of the registry."""

from typing import Any

from probewatch.playground.objects.registry import Deletion, Registry
from tests.contract.client import config

JsonObject = dict[str, Any]


def make(registry: Registry, name: str, owner: JsonObject | None = None, **meta: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    """Create a ConfigMap, with an owner if given, and return it."""
    type_ = registry.types.builtin("configmaps")
    if owner:
        own = owner["metadata"]
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": own["name"],
            "uid": own["uid"],
        }
        meta["ownerReferences"] = [reference, *meta.pop("others", [])]
    return registry.create(type_, config(name, metadata=meta)).object


def left(registry: Registry) -> list[str]:
    return [item.key.name for item in registry.items(registry.types.builtin("configmaps"))]


def delete(registry: Registry, name: str, propagation: str = "Background") -> None:
    type_ = registry.types.builtin("configmaps")
    registry.delete(type_, "default", name, Deletion(propagation=propagation))
