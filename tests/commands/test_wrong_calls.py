"""What was called by the wrong name, or is not what it should be, is told with what to do."""

import errno
import os
from pathlib import Path

import pytest

from probewatch import cli
from probewatch.commands import explain, report
from probewatch.commands.manifests import read_manifests
from probewatch.commands.stream import read_stream
from probewatch.commands.workload_names import find_pod_name, is_called
from probewatch.errors import ApiError, InputError, SettingsError, UsageError
from probewatch.playground import command
from probewatch.settings import Settings
from tests.commands.shop import FULL, cluster_with, parse, pod, standing


@pytest.mark.parametrize("word", ["deployment.apps/web", "deployments.v1.apps/web"])
def test_workloads_are_called_as_kubectl_names_them(word: str) -> None:
    """`kubectl get -o name` writes the group of the API behind the kind."""
    assert is_called(word, kind="Deployment", name="web")
    assert not is_called(word, kind="StatefulSet", name="web")


@pytest.mark.parametrize("word", ["web-x", "pod/web-x", "pods/web-x", "po/web-x", "Pod/web-x"])
def test_pods_are_called_as_with_kubectl(word: str) -> None:
    """A pod goes by its name, or with its kind before it, as kubectl writes it."""
    assert "web-x" == find_pod_name(word)


async def test_explain_of_a_workload_names_the_other_command(tmp_path: Path) -> None:
    """A workload is no pod: what tells of it is named, and nothing is asked of the cluster."""
    with pytest.raises(UsageError, match=r"not a pod.*probewatch report deployment/web$"):
        await explain.read(parse(explain, "deployment/web", "--kubeconfig", str(tmp_path)))


async def test_pod_that_is_not_there_may_be_elsewhere(tmp_path: Path) -> None:
    """Who forgot the namespace is told of it; who named one is not."""
    async with standing(await cluster_with([pod()], []), tmp_path) as kubeconfig:
        asked = ("other", "--kubeconfig", kubeconfig)
        with pytest.raises(ApiError) as forgotten:
            await explain.read(parse(explain, *asked))
        with pytest.raises(ApiError) as named:
            await explain.read(parse(explain, *asked, "-n", "shop"))

    assert str(forgotten.value) == f"{named.value}; -n looks in another namespace"


async def test_workload_that_is_not_recorded_may_be_elsewhere(tmp_path: Path) -> None:
    """Of a workload of which nothing is recorded it is said how to look in other namespaces."""
    async with standing(await cluster_with([], [FULL]), tmp_path) as kubeconfig:
        with pytest.raises(InputError, match="in the namespace shop; -A searches all namespaces"):
            await report.read(parse(report, "other", "--kubeconfig", kubeconfig))


def test_what_kubectl_wrote_is_no_recording(tmp_path: Path) -> None:
    """A file without a record from its first line is told with what writes such files."""
    path = tmp_path / "pods.json"
    path.write_text('{\n  "kind": "List"\n}\n')

    with pytest.raises(InputError, match=r":1: not a record: .*; `probewatch record` writes"):
        list(read_stream(str(path)))


def test_containers_that_are_no_list_are_refused(tmp_path: Path) -> None:
    """A workload of Kubernetes whose containers cannot be read is not passed over as judged."""
    path = tmp_path / "pod.yaml"
    path.write_text("{kind: Pod, metadata: {name: web}, spec: {containers: {name: app}}}")

    with pytest.raises(InputError, match=r"Pod/web: `spec\.containers` is not a list"):
        list(read_manifests([str(path)]))


@pytest.mark.parametrize(
    "text",
    [
        "{kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}",
        "{kind: Sandwich, spec: {containers: {bread: 2}}}",
        "{kind: {odd: 1}, spec: {containers: 3}}",
    ],
)
def test_patches_and_other_kinds_are_passed_over(tmp_path: Path, text: str) -> None:
    """A patch says nothing of containers, and other kinds may mean something else by the word."""
    path = tmp_path / "other.yaml"
    path.write_text(text)

    assert [] == list(read_manifests([str(path)]))


@pytest.mark.parametrize("name", ["playground", "demo"])
def test_kubeconfig_that_cannot_be_written_is_named(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the system refuses is told with the file, and without the system's numbers."""
    path = tmp_path / "missing" / "kubeconfig"

    assert 1 == cli.main([name, "--kubeconfig", str(path)])
    assert capfd.readouterr().err.endswith(f": {path}: No such file or directory\n")


def test_port_that_is_taken_is_named() -> None:
    """A port that somebody else has is told with the flag that takes another one."""
    taken = OSError(errno.EADDRINUSE, f"{os.strerror(errno.EADDRINUSE)} while binding")

    assert "port 6443 is in use already" in command.explain(taken, 6443)
    assert "--port" in command.explain(taken, 6443)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        (
            "PROBEWATCH_METRICS_SERIES_LIMIT",
            "100000000",
            "is 100000000; it has to be 1000 to 10000000",
        ),
        ("PROBEWATCH_LOOP_WINDOW_SECONDS", "2592000", "is 2592000 and PROBEWATCH_SLOW_LOOP_"),
        ("PROBEWATCH_SETTLE_SECONDS", "-0.5", "is -0.5; it has to be 0 or more"),
    ],
)
def test_numbers_are_told_as_they_were_given(variable: str, value: str, words: str) -> None:
    """A large number is not rounded, and not written with an exponent."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({variable: value}, {})

    assert f"{variable} {words}" in str(refused.value)
