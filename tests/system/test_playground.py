"""The playground as people use it: a process, with kubectl."""

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from probewatch.playground.program import find_program
from tests.conftest import REPOSITORY
from tests.system.tools import BOUND_SECONDS, run_tool

SPEED = "10"
JsonObject = dict[str, Any]
CONTAINER = {
    "name": "app",
    "image": "probewatch/story:1",
    "args": ["-unready", "0-3"],
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 3000}, "periodSeconds": 1},
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [CONTAINER]},
        },
    },
}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "once"},
    "spec": {
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "j", "image": "busybox:1", "command": ["echo", "done"]}],
            }
        }
    },
}

pytestmark = pytest.mark.slow


class Kubectl:
    """kubectl, for one playground."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = str(kubeconfig)

    async def __call__(
        self, *arguments: str, given: JsonObject | None = None, fails: bool = False
    ) -> str:
        text = json.dumps(given) if given else ""
        return await run_tool(
            "kubectl", *arguments, kubeconfig=self._kubeconfig, text=text, fails=fails
        )


async def start(kubeconfig: Path) -> Process:
    command = (sys.executable, "-m", "probewatch", "playground", "--speed", SPEED)
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--kubeconfig", str(kubeconfig)),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "operator")},
        stdin=DEVNULL,
        stdout=PIPE,
    )
    assert process.stdout
    for words in (
        "A cluster with one node",
        f"export KUBECONFIG={kubeconfig}",
        "kubectl apply -f crds -f deploy/demo/hc-probe.yaml",
        f"{find_program()} run",
    ):
        line = await asyncio.wait_for(process.stdout.readline(), BOUND_SECONDS)
        assert words in line.decode()
    return process


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


@pytest.fixture(name="kubectl")
async def _kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    kubeconfig = tmp_path / "kubeconfig"
    process = await start(kubeconfig)
    yield Kubectl(kubeconfig)
    process.send_signal(signal.SIGINT)
    assert 0 == await asyncio.wait_for(process.wait(), BOUND_SECONDS)


async def test_the_tutorials_pod(kubectl: Kubectl) -> None:
    """The tutorial's pod is applied, becomes ready, is killed by its probe, and is deleted."""
    await kubectl("apply", "-f", str(REPOSITORY / "deploy" / "demo" / "hc-probe.yaml"))
    await kubectl("wait", "--for=condition=Ready", "pod/webapl", "--timeout=30s")
    restarted = "--for=jsonpath={.status.containerStatuses[0].restartCount}=1"
    await kubectl("wait", restarted, "pod/webapl", "--timeout=30s")

    row = (await kubectl("get", "pods", "--no-headers")).split()
    assert ["webapl", "0/1", "Running", "1"] == row[:4]
    told = await kubectl("describe", "pod", "webapl")
    assert re.search(r"Last State: +Terminated\n +Reason: +Error\n +Exit Code: +143\n", told)
    assert re.search(r"Killing .* Container webapl failed liveness probe, will be restarted", told)
    log = await kubectl("logs", "webapl", "--previous", "--tail", "9")
    assert "GET /healthz 500\n" in log
    assert "GET /ready 200\n" in log
    await kubectl("delete", "pod", "webapl", "--timeout=30s")
    assert "" == await kubectl("get", "pods", "--no-headers")


async def test_workloads_roll_out(kubectl: Kubectl) -> None:
    """A Deployment rolls out, gets another image, and rolls back, as kubectl shows it."""
    await kubectl("apply", "-f", "-", given=DEPLOYMENT)
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    await kubectl("set", "image", "deployment/web", "app=probewatch/story:2")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    sets = "jsonpath={range .items[*]}{.spec.replicas} {end}"
    assert ["0", "2"] == sorted((await kubectl("get", "rs", "-o", sets)).split())

    await kubectl("rollout", "undo", "deployment/web")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    image = "jsonpath={.items[*].spec.containers[0].image}"
    images = await kubectl("get", "pods", "--field-selector=status.phase=Running", "-o", image)
    assert {"probewatch/story:1"} <= set(images.split())
    assert ["0", "2"] == sorted((await kubectl("get", "rs", "-o", sets)).split())


async def test_jobs_come_to_their_end(kubectl: Kubectl) -> None:
    """A Job completes, and kubectl shows its log."""
    await kubectl("apply", "-f", "-", given=JOB)
    await kubectl("wait", "--for=condition=complete", "job/once", "--timeout=30s")

    assert "done\n" == await kubectl("logs", "job/once")


async def test_a_missing_log_is_reported(kubectl: Kubectl) -> None:
    """When a container has no log, or no previous one, kubectl says so."""
    await kubectl("run", "late", "--image=nobody/knows:1")
    await kubectl("run", "once", "--image=busybox:1", "--command", "--", "sleep", "60")
    await kubectl("wait", "--for=condition=Ready", "pod/once", "--timeout=30s")

    waiting = await kubectl("logs", "late", fails=True)
    assert 'container "late" in pod "late" is waiting to start' in waiting
    before = await kubectl("logs", "once", "--previous", fails=True)
    assert 'previous terminated container "once" in pod "once" not found' in before


async def test_an_unknown_kind_is_reported(kubectl: Kubectl) -> None:
    """An unknown kind, such as ServiceMonitor, is refused with kubectl's usual message."""
    monitor: JsonObject = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": "m"},
    }

    refused = await kubectl("apply", "-f", "-", given=monitor, fails=True)

    assert 'no matches for kind "ServiceMonitor" in version "monitoring.coreos.com/v1"' in refused
    assert "ensure CRDs are installed first" in refused


async def test_workloads_are_made_from_flags(kubectl: Kubectl) -> None:
    """`kubectl create` works with flags alone; what is not supported is refused with a reason."""
    await kubectl("create", "deployment", "web", "--image=probewatch/story:1")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    await kubectl(
        "create", "cronjob", "later", "--image=busybox:1", "--schedule=0 0 1 1 *", "--", "date"
    )
    await kubectl("create", "job", "now", "--from=cronjob/later")
    await kubectl("wait", "--for=condition=complete", "job/now", "--timeout=30s")

    refused = await kubectl("create", "service", "clusterip", "web", "--tcp=80", fails=True)
    assert "no protobuf that the playground knows (the kind 'Service' is not known)" in refused


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
async def test_it_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and a closed terminal remove the kubeconfig with its token.

    It says that it ends, because containers have their grace period and nobody should press twice.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "probewatch", "playground"),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "operator"), "TMPDIR": str(tmp_path)},
        stdin=DEVNULL,
        stdout=PIPE,
    )
    assert process.stdout
    for _ in range(2):
        await asyncio.wait_for(process.stdout.readline(), BOUND_SECONDS)
    before = names_in(tmp_path)
    process.send_signal(number)
    told, _ = await asyncio.wait_for(process.communicate(), BOUND_SECONDS)

    assert 0 == process.returncode
    assert told.decode().endswith("Stopping its containers.\n")
    assert (True, []) == (bool(before), names_in(tmp_path))


async def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    """A port that is in use is reported in one line, with exit code 1."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        command = (sys.executable, "-m", "probewatch", "playground", "--port", str(port))
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "operator")},
            cwd=tmp_path,
            stderr=PIPE,
        )
        _, errors = await asyncio.wait_for(process.communicate(), BOUND_SECONDS)

    assert 1 == process.returncode
    assert errors.startswith(b"probewatch playground: ")
    assert 1 == errors.count(b"\n")
