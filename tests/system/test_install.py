"""Installation with Helm 3, Helm 4 and kubectl, in the playground."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import yaml

from probewatch.playground.cluster import Cluster
from tests.deploy.rendering import CHART, MANIFESTS, names_of, render_chart
from tests.system.tools import run_tool

pytestmark = pytest.mark.slow

NAMESPACE = "probewatch"
WHERE = ("--namespace", NAMESPACE)

KEPT = "CustomResourceDefinition/"
"""An uninstall keeps the definitions, and so the objects of their kinds."""

EVERYTHING: dict[str, Any] = {
    "replicas": 2,
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "dashboards": {"enabled": True},
    "priorityClass": {"create": True},
    "policies": [{"name": "default", "spec": {"loop": {"restarts": 4}}}],
}
"""Every option whose objects are of built-in kinds."""


BY_HAND: dict[str, Any] = {
    "apiVersion": "probewatch.dev/v1alpha1",
    "kind": "ProbePolicy",
    "metadata": {"name": "by-hand"},
    "spec": {},
}


def play(story: Callable[[Cluster], Awaitable[None]]) -> None:
    """Run *story* in a cluster of its own."""

    async def run() -> None:
        async with Cluster() as cluster:
            await story(cluster)

    asyncio.run(run())


async def find_ours(cluster: Cluster) -> set[str]:
    """Return `Kind/name` of every object with the release's label, except ReplicaSets and pods."""
    kinds = (
        "serviceaccounts,services,configmaps,deployments,roles,rolebindings,clusterroles,"
        "clusterrolebindings,poddisruptionbudgets,networkpolicies,priorityclasses,"
        "customresourcedefinitions,probepolicies"
    )
    label = ("--selector", "app.kubernetes.io/instance=probewatch", "--output", "yaml")
    text = await run_tool("kubectl", "get", kinds, "-A", *label, kubeconfig=cluster.kubeconfig)
    return names_of(yaml.safe_load(text)["items"])


def made_by_chart(values: dict[str, Any]) -> set[str]:
    """Return `Kind/name` of what the chart installs, without its test pod."""
    return names_of(each for each in render_chart(values) if each["kind"] != "Pod")


@pytest.mark.parametrize("helm", ["helm", "helm3"])
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_helm_installs_upgrades_and_uninstalls(helm: str, values: dict[str, Any]) -> None:
    """All objects are created, changed by an upgrade, and removed, except the definitions."""

    async def story(cluster: Cluster) -> None:
        async def run(*arguments: str, given: dict[str, Any] | None = None) -> str:
            text = yaml.safe_dump(given or {})
            return await run_tool(helm, *arguments, kubeconfig=cluster.kubeconfig, text=text)

        with_values = ("--values", "-")
        said = await run(
            *("install", "probewatch", str(CHART), *WHERE, "--create-namespace", *with_values),
            given=values,
        )
        assert "kubectl rollout status" in said
        assert made_by_chart(values) == await find_ours(cluster)

        changed = {**values, "settings": {"loopRestarts": 4}, "dashboards": {"enabled": False}}
        await run("upgrade", "probewatch", str(CHART), *WHERE, *with_values, given=changed)
        assert made_by_chart(changed) == await find_ours(cluster)

        await run("uninstall", "probewatch", *WHERE)
        kept = {each for each in made_by_chart(values) if each.startswith(KEPT)}
        assert kept == await find_ours(cluster)
        assert len(kept) >= 2

    play(story)


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_policies_live_as_long_as_their_values(helm: str) -> None:
    """Policies follow the values: changed in place and removed with them; others' stay."""

    async def story(cluster: Cluster) -> None:
        async def run(*arguments: str, policies: dict[str, Any]) -> dict[str, Any]:
            given = [{"name": name, "spec": spec} for name, spec in policies.items()]
            flags = (*arguments, *WHERE, "--values", "-")
            text = yaml.safe_dump({"policies": given})
            await run_tool(helm, *flags, kubeconfig=cluster.kubeconfig, text=text)
            return await find_policies(cluster)

        both = {"one": {"events": False, "historyLimit": 5}, "two": {}}
        install = ("install", "probewatch", str(CHART), "--create-namespace")
        upgrade = ("upgrade", "probewatch", str(CHART))

        hooks = await run(*install, policies=both)
        await run_tool(
            *("kubectl", "create", "--namespace", "default", "--filename", "-"),
            kubeconfig=cluster.kubeconfig,
            text=yaml.safe_dump(BY_HAND),
        )
        fewer = await run(*upgrade, policies={"one": {"events": False}})
        same = await run(*upgrade, policies={"one": {"events": False}})
        other = await run(*upgrade, policies={"one": {"historyLimit": 7}, "three": {}})
        none = await run(*upgrade, policies={})

        assert both.keys() == hooks.keys()
        assert {"one": {"events": False}, "by-hand": {}} == {
            name: spec for name, (_, spec) in fewer.items()
        }
        assert fewer == same
        assert (same["one"][0], {"historyLimit": 7}) == other["one"]
        assert {"one", "three", "by-hand"} == other.keys()
        assert {"by-hand"} == none.keys()

    play(story)


async def find_policies(cluster: Cluster) -> dict[str, tuple[str, dict[str, Any]]]:
    """The uid of each policy and what it sets, by name."""
    asked = ("get", "probepolicies", "-A", "--output", "yaml")
    text = await run_tool("kubectl", *asked, kubeconfig=cluster.kubeconfig)
    return {
        each["metadata"]["name"]: (
            each["metadata"]["uid"],
            {key: value for key, value in each["spec"].items() if key != "priority"},
        )
        for each in yaml.safe_load(text)["items"]
    }


def test_kubectl_installs_and_finds_nothing_to_change() -> None:
    """`kubectl apply -k` creates everything; a second one changes nothing."""

    async def story(cluster: Cluster) -> None:
        async def apply() -> list[str]:
            said = await run_tool(
                "kubectl", "apply", "-k", str(MANIFESTS), kubeconfig=cluster.kubeconfig
            )
            return said.splitlines()

        assert {line.rsplit(" ", 1)[1] for line in await apply()} == {"created"}
        assert made_by_chart({}) == await find_ours(cluster)
        assert {line.rsplit(" ", 1)[1] for line in await apply()} == {"unchanged"}

    play(story)
