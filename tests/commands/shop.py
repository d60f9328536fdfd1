"""A fake cluster with the namespace `shop`, its pods and reports, for the tests of commands."""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from probewatch.commands import explain
from probewatch.commands.story import Story
from tests.support.fake_cluster import FakeCluster, serving

Json = dict[str, Any]

PODS = "/api/v1/namespaces/shop/pods"
REPORTS = "/apis/probewatch.dev/v1alpha1/namespaces/shop/probereports"
STARTED, ASKED = "2026-11-20T10:00:00Z", "2026-11-20T10:00:39Z"
"""Start of the container, and the time at which the kubelet asked it to stop."""
KILLED, BACK = "2026-11-20T10:00:41Z", "2026-11-20T10:00:43Z"


def pod(name: str = "web-x", restarts: int = 0) -> Json:
    status = {
        "name": "app",
        "restartCount": restarts,
        "ready": True,
        "state": {"running": {"startedAt": BACK}},
    }
    if restarts:
        terminated = {"exitCode": 137, "reason": "Error", "startedAt": STARTED}
        status["lastState"] = {"terminated": {**terminated, "finishedAt": KILLED}}
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}"},
        "spec": {
            "nodeName": "n1",
            "containers": [
                {
                    "name": "app",
                    "livenessProbe": {"httpGet": {"path": "/", "port": 80}, "failureThreshold": 1},
                }
            ],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": BACK}],
            "containerStatuses": [status],
        },
    }


KILLING: Json = {
    "metadata": {"name": "web-x.1", "namespace": "shop", "uid": "e-1"},
    "involvedObject": {
        "kind": "Pod",
        "namespace": "shop",
        "name": "web-x",
        "uid": "uid-web-x",
        "fieldPath": "spec.containers{app}",
    },
    "reason": "Killing",
    "message": "Container app failed liveness probe, will be restarted",
    "source": {"component": "kubelet", "host": "n1"},
    "count": 1,
    "firstTimestamp": ASKED,
    "lastTimestamp": ASKED,
}


def incident(number: int = 1, **more: object) -> Json:
    return {
        "time": BACK,
        "pod": "web-x",
        "uid": "uid-web-x",
        "container": "app",
        "restartCount": number,
        "cause": "LivenessProbe",
        "confidence": "Confirmed",
        "rule": "kill-event-probe",
        "exitCode": 137,
        "startedAt": STARTED,
        "finishedAt": KILLED,
        "evidence": ["kubelet: failed liveness probe, kill 1"],
        **more,
    }


def record(name: str = "web", part: int = 0, **status: object) -> Json:
    workload = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": "d-1"}
    return {
        "metadata": {"name": f"{name}-{part}", "namespace": "shop", "uid": f"r-{name}-{part}"},
        "status": {"workload": workload, "part": part, **status},
    }


FULL = record(
    totals=[
        {"container": "app", "cause": "LivenessProbe", "restarts": 4, "corrected": 1},
        {"container": "app", "cause": "Unknown", "restarts": 1, "corrected": -1},
    ],
    readiness={
        "losses": 3,
        "notReadySeconds": 75.5,
        "reasons": [{"reason": "ContainerRestart", "count": 3}],
    },
    loops=[
        {
            "pod": "web-x",
            "uid": "uid-web-x",
            "container": "app",
            "cause": "LivenessProbe",
            "since": BACK,
            "restartCount": 3,
        }
    ],
    incidents=[incident(5, firstCause="Unknown", pattern="WorkloadWide"), incident(4)],
)


@asynccontextmanager
async def standing(cluster: FakeCluster, folder: Path) -> AsyncIterator[str]:
    """Serve the cluster on loopback; yields the path of a kubeconfig for it."""
    async with serving(cluster) as server:
        path = folder / "kubeconfig"
        content = {
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "namespace": "shop"}}],
        }
        path.write_text(json.dumps(content))
        yield str(path)


async def cluster_with(pods: list[Json], reports: list[Json] | None) -> FakeCluster:
    cluster = FakeCluster()
    for each in pods:
        await cluster.put(PODS, each)
    for each in reports or ():
        await cluster.put(REPORTS, each)
    return cluster


def parse(module: Any, *arguments: str) -> argparse.Namespace:  # noqa: ANN401  # a command's module
    parser = argparse.ArgumentParser()
    module.add_flags(parser)
    return parser.parse_args(arguments)


async def read_story(cluster: FakeCluster, folder: Path, *arguments: str) -> Story:
    """Return what `explain` tells, called with these arguments."""
    async with standing(cluster, folder) as kubeconfig:
        return await explain.read(parse(explain, *arguments, "--kubeconfig", kubeconfig))
