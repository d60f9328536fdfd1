"""The shipped manifests on a real API server: the operator works under its own account.

RBAC is the server's own. The test plays the kubelet: it writes the status of a pod whose container
is killed by its liveness probe, and the Event for that.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from probewatch.playground.demo.operator import OperatorProcess
from probewatch.playground.processes.guard import Guard
from tests.contract.client import Client, Place, unique
from tests.contract.servers import KUBECONFIG, wanted
from tests.deploy.rendering import MANIFESTS, render_manifests, the_only
from tests.system.tools import run_tool

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

BOUND_SECONDS = 40
OPERATOR, ACCOUNT = "probewatch", "probewatch"
SETTINGS = {"PROBEWATCH_SETTLE_SECONDS": "1", "PROBEWATCH_LEASE_NAMESPACE": OPERATOR}
BEGUN, KILLED, BACK = "2026-11-20T10:00:00Z", "2026-11-20T10:00:41Z", "2026-11-20T10:00:43Z"

Json = dict[str, Any]


@pytest.fixture(name="real")
def _real(place: Place) -> Place:
    """A server that was started for the tests, as the operator is installed cluster-wide."""
    if place.is_playground:
        pytest.skip("the playground has tests/system/test_rights.py")
    if wanted() == KUBECONFIG:
        pytest.skip("it installs for the whole cluster, which may be somebody's")
    return place


def write_kubeconfig(path: Path, place: Place, token: str) -> str:
    """Write a kubeconfig, without TLS verification: the certificate is not for loopback."""
    cluster = {"server": place.url, "insecure-skip-tls-verify": True}
    context = {"cluster": "it", "user": "it", "namespace": "default"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": {"token": token}}],
        "contexts": [{"name": "it", "context": context}],
        "current-context": "it",
    }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return str(path)


def container_status(restarts: int) -> Json:
    ended = {"exitCode": 143, "reason": "Error", "startedAt": BEGUN, "finishedAt": KILLED}
    return {
        "name": "app",
        "image": "i",
        "imageID": "i",
        "ready": True,
        "started": True,
        "restartCount": restarts,
        "containerID": f"containerd://{restarts}",
        "state": {"running": {"startedAt": BACK if restarts else BEGUN}},
        "lastState": {"terminated": {**ended, "containerID": "containerd://0"}} if restarts else {},
    }


def status(restarts: int) -> Json:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": BEGUN}
    statuses = [container_status(restarts)]
    return {"phase": "Running", "conditions": [ready], "containerStatuses": statuses}


async def make_pod(api: Client, base: str) -> Json:
    """Create a running pod with a liveness probe."""
    probe = {"httpGet": {"path": "/healthz", "port": 80}}
    spec = {"nodeName": "n1", "containers": [{"name": "app", "image": "i", "livenessProbe": probe}]}
    made = await api.create(f"{base}/pods", {"metadata": {"name": "web"}, "spec": spec})
    await write_status(api, base, 0)
    return made


async def write_status(api: Client, base: str, restarts: int) -> None:
    await api.patch(f"{base}/pods/web/status", {"status": status(restarts)})


async def tell_killing(api: Client, base: str, pod: Json) -> None:
    """Write the kubelet's Killing Event."""
    meta = pod["metadata"]
    about = {key: meta[key] for key in ("name", "namespace", "uid")}
    event = {
        "metadata": {"name": "web.1", "namespace": meta["namespace"]},
        "involvedObject": {"kind": "Pod", **about, "fieldPath": "spec.containers{app}"},
        "reason": "Killing",
        "message": "Container app failed liveness probe, will be restarted",
        "type": "Normal",
        "source": {"component": "kubelet", "host": "n1"},
        "count": 1,
        "firstTimestamp": KILLED,
        "lastTimestamp": KILLED,
    }
    await api.create(f"{base}/events", event)


@asynccontextmanager
async def running_operator(kubeconfig: str, heard: list[str]) -> AsyncIterator[OperatorProcess]:
    guard = await Guard.begin()
    try:
        async with OperatorProcess(
            kubeconfig, guard, tell=heard.append, settings=SETTINGS
        ) as operator:
            yield operator
    finally:
        await guard.close()


async def until_counted(operator: OperatorProcess, namespace: str) -> str:
    """Wait for the restart on /metrics; returns the metrics."""
    labels = f'namespace="{namespace}",workload="web"[^}}]*cause="LivenessProbe"'
    text = ""
    for _ in range(int(BOUND_SECONDS / 0.2)):
        text = await operator.scrape()
        if re.search(rf"^probewatch_container_restarts_total{{{labels}}} 1", text, re.MULTILINE):
            return text
        await asyncio.sleep(0.2)
    pytest.fail(f"the restart was not counted:\n{text}")


async def test_the_operator_works_under_its_own_account(
    real: Place, api: Client, namespace: str, base: str, tmp_path: Path
) -> None:
    """Installed with kubectl, it reports a restart in metrics and a record; nothing is denied."""
    admin = write_kubeconfig(tmp_path / "admin", real, real.token)
    await run_tool(
        # Old servers lack schemas for some fields of the definitions.
        *("kubectl", "apply", "--validate=false", "-k", str(MANIFESTS)),
        kubeconfig=admin,
    )
    accounts = f"/api/v1/namespaces/{OPERATOR}/serviceaccounts/{ACCOUNT}"
    issued = await api.create(f"{accounts}/token", {"spec": {"expirationSeconds": 3600}})
    own = write_kubeconfig(tmp_path / "own", real, issued["status"]["token"])
    heard: list[str] = []
    async with running_operator(own, heard) as operator:
        pod = await make_pod(api, base)
        await tell_killing(api, base, pod)
        await write_status(api, base, 1)
        text = await until_counted(operator, namespace)
    reports = f"/apis/probewatch.dev/v1alpha1/namespaces/{namespace}/probereports"
    (report,) = (await api.get(reports))["items"]

    assert re.findall(r'^probewatch_api_requests_total{code="403".*', text, re.MULTILINE) == []
    assert [line for line in heard if "forbidden" in line.lower()] == []
    assert [each["cause"] for each in report["status"]["incidents"]] == ["LivenessProbe"]


STRICT = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
"""Labels of a namespace with the Pod Security level `restricted`."""


@pytest.mark.usefixtures("real")
async def test_its_pod_is_admitted_where_security_is_strict(
    api: Client, needs_minor: Callable[[int], None]
) -> None:
    """The operator's pod is admitted at the Pod Security level `restricted`, without a warning."""
    needs_minor(25)
    template = the_only(render_manifests(), "Deployment")["spec"]["template"]
    # Its service account is part of the installation and does not exist here.
    spec = {key: value for key, value in template["spec"].items() if "serviceAccount" not in key}
    bare = {"containers": [{"name": "app", "image": "i"}]}
    strict = unique("strict")
    await api.create("/api/v1/namespaces", {"metadata": {"name": strict, "labels": STRICT}})
    try:
        asked = [await admit(api, strict, each) for each in (spec, bare)]
    finally:
        await api.delete(f"/api/v1/namespaces/{strict}")

    assert [(201, ""), 403] == [asked[0], asked[1][0]]


async def admit(api: Client, namespace: str, spec: Json) -> tuple[int, str]:
    """Ask whether a pod would be admitted; returns the status and any warning."""
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    answer = await api.call("POST", path, {"metadata": {"name": "try"}, "spec": spec})
    return answer.status, answer.headers.get("Warning", "")
