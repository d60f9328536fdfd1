"""Renders the chart and the manifests for tests."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY, require_program

CHART = REPOSITORY / "deploy" / "chart" / "probewatch"
MANIFESTS = REPOSITORY / "deploy" / "manifests"

RELEASE = "probewatch"
NAMESPACE = "probewatch"

HELMS = ["helm", "helm3"]

EVERYTHING: dict[str, Any] = {
    "replicas": 2,
    "metrics": {"tls": {"secretName": "tls"}, "authorization": {"enabled": True}},
    "priorityClass": {"create": True},
    "serviceMonitor": {"enabled": True},
    "podMonitor": {"enabled": True, "authorization": {"credentials": {"name": "t", "key": "t"}}},
    "prometheusRule": {"enabled": True},
    "dashboards": {"enabled": True},
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "policies": [{"name": "default", "spec": {}}],
    "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "further"}}],
}
"""Every option on."""

Object = dict[str, Any]
Values = Mapping[str, Any]


def run_helm(
    *arguments: str, values: Values | None = None, helm: str = "helm"
) -> "subprocess.CompletedProcess[str]":
    """Run Helm with *values* on its standard input."""
    command = [require_program(helm), *arguments, "--values", "-"]
    return subprocess.run(
        command, input=json.dumps(values or {}), capture_output=True, text=True, check=False
    )


def render_chart(
    values: Values | None = None,
    *,
    helm: str = "helm",
    release: str = RELEASE,
    namespace: str = NAMESPACE,
) -> list[Object]:
    """Return the objects that the chart renders with *values*."""
    ran = run_helm(
        "template", release, str(CHART), "--namespace", namespace, values=values, helm=helm
    )
    assert ran.returncode == 0, ran.stderr
    objects = load_objects(ran.stdout)
    assert objects
    return objects


def render_manifests(folder: Path = MANIFESTS) -> list[Object]:
    """Return the objects that `kubectl apply -k` would apply."""
    ran = subprocess.run(
        [require_program("kubectl"), "kustomize", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return load_objects(ran.stdout)


def load_objects(text: str) -> list[Object]:
    """Return the documents of a YAML stream; a key that occurs twice is an error."""
    return [each for each in yaml.load_all(text, _StrictLoader) if each]


class _StrictLoader(yaml.CSafeLoader):
    """Rejects a key that occurs twice in a map, as the API server would; fast by libyaml."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # PyYAML's signature
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice: {keys}"
        return super().construct_mapping(node, deep)


def of_kind(objects: Iterable[Object], kind: str) -> list[Object]:
    """Return the objects of a kind."""
    return [each for each in objects if each["kind"] == kind]


def the_only(objects: Iterable[Object], kind: str) -> Object:
    """Return the only object of a kind."""
    (found,) = of_kind(objects, kind)
    return found


def names_of(objects: Iterable[Object]) -> set[str]:
    """Return `Kind/name` of each object."""
    return {f"{each['kind']}/{each['metadata']['name']}" for each in objects}


def operator_container(objects: Iterable[Object]) -> Object:
    """Return the operator's container."""
    pod = the_only(objects, "Deployment")["spec"]["template"]["spec"]
    container: Object
    (container,) = pod["containers"]
    return container


def environment(objects: Iterable[Object]) -> dict[str, str]:
    """Return the operator's environment variables that have a plain value."""
    variables = operator_container(objects)["env"]
    return {each["name"]: each["value"] for each in variables if "value" in each}


MONITORED: dict[str, Any] = {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}


SECURED: dict[str, Any] = {
    "metrics": {"tls": {"secretName": "certificate"}, "authorization": {"enabled": True}}
}
