"""The program as a process: one-line errors, signals and exit codes."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.support.fake_cluster import Asked, FakeCluster, Json, serving
from tests.system.tools import unnamed_user

pytestmark = pytest.mark.slow

BOUND_SECONDS = 30
"""The longest that any test here waits."""


USER_NAMES = frozenset({"LOGNAME", "USER", "LNAME", "USERNAME"})
"""The environment variables that name the user; a pod has none of them."""


async def start(folder: Path, *arguments: str, before: Sequence[str] = ()) -> Process:
    """Start the program; *folder* is its home and may contain a kubeconfig.

    *before* is the beginning of the command: a program that runs the rest of it.
    """
    mine = os.environ.items()
    environ = {
        **{name: value for name, value in mine if "KUBE" not in name and name not in USER_NAMES},
        "HOME": str(folder),
        "PYTHONPATH": str(REPOSITORY / "operator"),
        "PROBEWATCH_METRICS_ADDRESS": "127.0.0.1:0",
    }
    command = [*before, sys.executable, "-m", "probewatch", *arguments]
    return await asyncio.create_subprocess_exec(
        *command, env=environ, cwd=folder, stdout=PIPE, stderr=PIPE
    )


async def run(folder: Path, *arguments: str) -> tuple[int | None, str, str]:
    """Run the program to its end; return its exit code, output and errors."""
    async with asyncio.timeout(BOUND_SECONDS):
        process = await start(folder, *arguments)
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def write_kubeconfig(folder: Path, server: str, **user: str) -> str:
    content = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return str(path)


@asynccontextmanager
async def operator(
    folder: Path, cluster: FakeCluster, *, before: Sequence[str] = ()
) -> AsyncIterator[Process]:
    """Run the operator against a cluster, and kill it if it is left at the end."""
    async with serving(cluster) as server, asyncio.timeout(BOUND_SECONDS):
        kubeconfig = write_kubeconfig(folder, server)
        arguments = ("run", "--kubeconfig", kubeconfig, "--log-format", "json")
        process = await start(folder, *arguments, before=before)
        try:
            await cluster.heard(lambda asked: asked.query.get("watch") == "true")
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


WRONG = {
    "no cluster": (["run"], 1, "no cluster is configured"),
    "no such file": (["run", "--kubeconfig", "none"], 1, "kubeconfig none: no such file"),
    "bad setting": (
        ["run", "--kubeconfig", "kubeconfig", "--metrics-address", "here"],
        2,
        "has to be host:port",
    ),
    "record": (["record", "r.jsonl", "--kubeconfig", "none"], 1, "no such file"),
    "replay": (["replay", "none.jsonl"], 2, "none.jsonl: No such file or directory"),
    "advise": (["advise", "-f", "none.yaml"], 2, "none.yaml: No such file or directory"),
}


@pytest.mark.parametrize(("arguments", "status", "words"), WRONG.values(), ids=WRONG.keys())
async def test_what_is_wrong_is_one_line(
    tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    """An error that the user can fix is one line on standard error, with an exit code."""
    write_kubeconfig(tmp_path, "http://127.0.0.1:9")
    code, out, err = await run(tmp_path, *arguments)

    told = [line for line in err.splitlines() if not line.startswith("{")]
    assert (status, "", 1) == (code, out, len(told))
    assert words in told[0]
    assert told[0].startswith("probewatch: ")


@pytest.mark.parametrize("arguments", [["record", "r.jsonl"], ["advise"]])
async def test_server_that_is_away(tmp_path: Path, arguments: list[str]) -> None:
    """A command fails with one line when the API server cannot be reached."""
    kubeconfig = write_kubeconfig(tmp_path, "http://127.0.0.1:9")
    code, out, err = await run(tmp_path, *arguments, "--kubeconfig", kubeconfig)

    expected = "probewatch: the API server http://127.0.0.1:9 cannot be reached: connection refused"
    assert (1, "", [expected]) == (code, out, err.splitlines())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_ends_it_with_status_0(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end the operator with exit code 0."""
    async with operator(tmp_path, FakeCluster()) as process:
        process.send_signal(number)
        _, err = await process.communicate()

    messages = [json.loads(line)["message"] for line in err.decode().splitlines()]
    assert (0, "Ended") == (process.returncode, messages[-1])
    assert "probewatch starts" in messages


async def test_kopf_starts_for_a_user_without_a_name(tmp_path: Path) -> None:
    """The user of the image has no name, and kopf runs there, too."""
    cluster = FakeCluster()
    async with operator(tmp_path, cluster, before=unnamed_user()) as process:
        await cluster.heard(lambda asked: asked.path == "/api")  # only kopf requests that
        process.terminate()
        _, err = await process.communicate()

    assert "kopf ended" not in err.decode()


async def test_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A second signal ends the operator without an orderly shutdown."""
    async with operator(tmp_path, FakeCluster()) as process:
        assert process.stderr is not None
        process.terminate()
        async for line in process.stderr:
            if b"a second signal ends at once" in line:
                break
        process.terminate()
        await process.communicate()

    # It may have ended in order before the second one arrived.
    assert process.returncode in {0, -signal.SIGTERM}


async def test_operator_waits_for_a_server_that_is_away(tmp_path: Path) -> None:
    """The operator logs once that the API server cannot be reached, and keeps trying."""
    kubeconfig = write_kubeconfig(tmp_path, "http://127.0.0.1:9")
    async with asyncio.timeout(BOUND_SECONDS):
        process = await start(tmp_path, "run", "--kubeconfig", kubeconfig, "--log-format", "json")
        assert process.stderr is not None
        lines = []
        async for line in process.stderr:
            lines.append(json.loads(line))
            if "cannot be reached" in lines[-1]["message"]:
                break
        alive = process.returncode is None
        process.terminate()
        await process.communicate()

    assert alive
    assert ("http://127.0.0.1:9", "connection refused") == (lines[-1]["server"], lines[-1]["why"])


def follows_pods(asked: Asked) -> bool:
    """Whether this is a watch of pods after a list, and no streaming list."""
    is_list = "sendInitialEvents" in asked.query
    return asked.path == "/api/v1/pods" and asked.query.get("watch") == "true" and not is_list


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_recording_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, SIGTERM or a closed terminal ends a recording with 0, and everything is written."""
    cluster = FakeCluster()
    pod: Json = {
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u"},
        "spec": {},
    }
    await cluster.put("/api/v1/pods", pod)
    async with serving(cluster) as server, asyncio.timeout(BOUND_SECONDS):
        kubeconfig = write_kubeconfig(tmp_path, server)
        process = await start(tmp_path, "record", "r.jsonl", "--kubeconfig", kubeconfig)
        await cluster.heard(follows_pods)  # so that the list was read
        process.send_signal(number)
        _, err = await process.communicate()

    assert 0 == process.returncode
    assert err.decode().splitlines()[-1].startswith("Recorded ")
    assert "ADDED" == json.loads((tmp_path / "r.jsonl").read_text())["type"]
