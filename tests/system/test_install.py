"""The ways to install, against the API of the playground: Helm 3, Helm 4, kubectl alone."""

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

KEPT = ("CustomResourceDefinition/", "ProbePolicy/")
"""What an uninstall leaves: definitions, and what is of their kinds."""

EVERYTHING: dict[str, Any] = {
    "replicas": 2,
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "dashboards": {"enabled": True},
    "priorityClass": {"create": True},
    "policies": [{"name": "default", "spec": {"loop": {"restarts": 4}}}],
}
"""Every toggle whose kinds come with Kubernetes itself."""


def play(story: Callable[[Cluster], Awaitable[None]]) -> None:
    """Run *story* in a cluster of its own."""

    async def run() -> None:
        async with Cluster() as cluster:
            await story(cluster)

    asyncio.run(run())


async def find_ours(cluster: Cluster) -> set[str]:
    """`Kind/name` of every object that carries the release's label, replicas and pods apart."""
    kinds = (
        "serviceaccounts,services,configmaps,deployments,roles,rolebindings,clusterroles,"
        "clusterrolebindings,poddisruptionbudgets,networkpolicies,priorityclasses,"
        "customresourcedefinitions,probepolicies"
    )
    label = ("--selector", "app.kubernetes.io/instance=probewatch", "--output", "yaml")
    text = await run_tool("kubectl", "get", kinds, "-A", *label, kubeconfig=cluster.kubeconfig)
    return names_of(yaml.safe_load(text)["items"])


def made_by_chart(values: dict[str, Any]) -> set[str]:
    """What the chart makes and leaves in the cluster: all but its test."""
    return names_of(each for each in render_chart(values) if each["kind"] != "Pod")


@pytest.mark.parametrize("helm", ["helm", "helm3"])
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_helm_installs_upgrades_and_uninstalls(helm: str, values: dict[str, Any]) -> None:
    """Everything is made, changed by an upgrade, and gone but for definitions and policies."""

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


def test_kubectl_installs_and_finds_nothing_to_change() -> None:
    """One command installs everything; the same command again changes nothing."""

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
