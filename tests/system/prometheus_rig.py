"""Deployments to scrape with a real Prometheus, and the dashboards' queries."""

from typing import Any

import yaml

from probewatch.playground.cluster import Cluster
from tests.conftest import REPOSITORY
from tests.system.tools import run_tool

CRDS = REPOSITORY / "crds"
Json = dict[str, Any]


def deployment(name: str, script: str, **probes: Json) -> Json:
    """A Deployment with one pod, whose app runs *script* and has these probes."""
    container = {"name": "app", "image": "probewatch/story:1", "args": script.split(), **probes}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 3, "containers": [container]},
            },
        },
    }


def http(path: str, **fields: int) -> Json:
    return {"httpGet": {"path": path, "port": 3000}, "periodSeconds": 5, **fields}


WAITING = deployment("waiting", "-unready 0-", readinessProbe=http("/ready"))
"""Never becomes ready, and is never restarted."""


async def apply(cluster: Cluster, *things: Json) -> None:
    text = yaml.safe_dump_all(things)
    await run_tool("kubectl", "apply", "-f", "-", kubeconfig=cluster.kubeconfig, text=text)


def fill_in(expression: str, *, workload: str = "web", window: str = "30s") -> str:
    """Return a panel's expression with its variables replaced."""
    values = {
        "$__rate_interval": window,
        "$__range": "5m",
        "$cluster": ".*",
        "$namespace": ".*",
        "$workload": workload,
    }
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression
