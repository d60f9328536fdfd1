"""The environment of a container, and the `$(NAME)` references to it in its command."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from probewatch.playground.kubelet.specs import ContainerSpec, PodSpec

REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_][\w.-]*)\))")
FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "status.hostIP",
    "status.podIP",
)
"""The field paths that `valueFrom: fieldRef` may name."""


def make_env(
    pod: PodSpec, container: ContainerSpec, *, address: str, node: tuple[str, str]
) -> dict[str, str]:
    """Return the variables of a container; *node* is the node's name and address.

    `HOST` and `POD_IP` say where to listen: pods share this machine's network, and each has an
    address of its own.
    """
    fields = dict(zip(FIELDS, (pod.name, pod.namespace, pod.uid, *node, address), strict=True))
    own: dict[str, str] = {"HOST": address, "POD_IP": address, "HOSTNAME": pod.name}
    for name, value in container.env:
        own[name] = expand(value, own)
    return own | {name: fields[path] for name, path in container.env_fields}


def expand(text: str, env: Mapping[str, str]) -> str:
    """Return *text* with `$(NAME)` expanded; an unknown name stays as it is, `$$` becomes `$`."""

    def replace(found: re.Match[str]) -> str:
        return "$" if found[1] == "$" else env.get(found[2], found[0])

    return REFERENCE.sub(replace, text)


def find_unsupported(pod: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each thing in a pod that the playground does not support."""
    spec = pod["spec"]
    every = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return [
        f"container {container['name']}: the playground has {what}"
        for container in every
        for what in _find_missing(container)
    ]


def _find_missing(container: Mapping[str, Any]) -> Iterator[str]:
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if (container.get(key) or {}).get("grpc"):
            yield f"no gRPC probes ({key})"
    for item in container.get("env") or ():
        if "valueFrom" in item and not _is_field(item["valueFrom"]):
            yield f"no such source for the variable {item['name']}"
    if container.get("envFrom"):
        yield "no envFrom"


def _is_field(source: Mapping[str, Any]) -> bool:
    return (source.get("fieldRef") or {}).get("fieldPath") in FIELDS
