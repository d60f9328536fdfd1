"""Access to /metrics, decided by an API server that enforces the RBAC that we ship."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import aiohttp
import pytest
import yaml

from probewatch.playground.api.users import service_account
from probewatch.playground.cluster import Cluster, ClusterOptions
from probewatch.playground.demo.operator import OperatorProcess
from tests.deploy.rendering import Object, render_chart
from tests.system.tools import run_tool

pytestmark = pytest.mark.slow

NAMESPACE, ACCOUNT = "probewatch", "probewatch"
MONITORING, SCRAPER, STRANGER = "monitoring", "prometheus", "somebody"

READER = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "prometheus-reads-probewatch"},
    "roleRef": {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "probewatch-metrics-reader",
    },
    "subjects": [{"kind": "ServiceAccount", "name": SCRAPER, "namespace": MONITORING}],
}


def account(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": MONITORING},
    }


def shipped() -> list[Object]:
    """The chart's objects with authorization of /metrics, without its pods."""
    values = {"metrics": {"authorization": {"enabled": True}}}
    return [each for each in render_chart(values) if each["kind"] not in {"Deployment", "Pod"}]


async def prepare(cluster: Cluster, own: Path) -> None:
    """Install everything but the operator's pod, and write its kubeconfig."""
    for name in (NAMESPACE, MONITORING):
        await run_tool("kubectl", "create", "namespace", name, kubeconfig=cluster.kubeconfig)
    text = yaml.safe_dump_all([*shipped(), *map(account, (SCRAPER, STRANGER)), READER])
    await run_tool("kubectl", "apply", "-f", "-", kubeconfig=cluster.kubeconfig, text=text)
    token = cluster.server.accounts.issue(NAMESPACE, ACCOUNT)
    cluster.server.write_kubeconfig(own, token=token, namespace=NAMESPACE)


async def read(operator: OperatorProcess, token: str | None) -> tuple[int, str]:
    """Read /metrics with a token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{operator.address}/metrics", headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def ask_around(own: Path) -> tuple[Mapping[str, tuple[int, str]], frozenset[str]]:
    """Return the response for each kind of reader, and what the operator was denied."""
    async with Cluster(ClusterOptions()) as cluster:
        await prepare(cluster, own)
        accounts = cluster.server.accounts
        tokens = {
            "nobody": None,
            "made up": "made-up",
            "stranger": accounts.issue(MONITORING, STRANGER),
            "scraper": accounts.issue(MONITORING, SCRAPER),
        }
        settings = {"PROBEWATCH_METRICS_AUTHORIZATION": "true"}
        operator = OperatorProcess(
            str(own), cluster.runtime.guard, tell=lambda _line: None, settings=settings
        )
        async with operator:
            answers = {who: await read(operator, token) for who, token in tokens.items()}
        user = service_account(NAMESPACE, ACCOUNT).name
        return answers, frozenset(map(str, cluster.server.audit.denials(user)))


def test_right_in_the_cluster_decides_who_reads(tmp_path: Path) -> None:
    """Only a reader with the right gets /metrics; the operator's roles suffice to check that."""
    answers, denied = asyncio.run(ask_around(tmp_path / "kubeconfig"))

    assert {
        "nobody": HTTPStatus.UNAUTHORIZED,
        "made up": HTTPStatus.UNAUTHORIZED,
        "stranger": HTTPStatus.FORBIDDEN,
        "scraper": HTTPStatus.OK,
    } == {who: status for who, (status, _) in answers.items()}
    assert "probewatch_build_info" in answers["scraper"][1]
    assert frozenset() == denied
