"""Wrong names and arguments: each error says what to do instead."""

import errno
import os
from pathlib import Path
from types import ModuleType

import pytest

from probewatch import cli
from probewatch.commands import advise, explain, playground, report
from probewatch.commands.manifests import read_manifests
from probewatch.commands.stream import read_stream
from probewatch.commands.workload_names import find_pod_name, is_called
from probewatch.errors import ApiError, InputError, SettingsError, UsageError
from probewatch.settings import Settings
from tests.commands.shop import FULL, cluster_with, parse, pod, standing


@pytest.mark.parametrize("word", ["deployment.apps/web", "deployments.v1.apps/web"])
def test_workloads_are_called_as_kubectl_names_them(word: str) -> None:
    """A kind may have its API group, as in `kubectl get -o name`."""
    assert is_called(word, kind="Deployment", name="web")
    assert not is_called(word, kind="StatefulSet", name="web")


@pytest.mark.parametrize("word", ["web-x", "pod/web-x", "pods/web-x", "po/web-x", "Pod/web-x"])
def test_pods_are_called_as_with_kubectl(word: str) -> None:
    """A pod is named with or without its kind, as with kubectl."""
    assert "web-x" == find_pod_name(word)


async def test_explain_of_a_workload_names_the_other_command(tmp_path: Path) -> None:
    """`explain` of a workload names `report`, without a request."""
    with pytest.raises(UsageError, match=r"not a pod.*probewatch report deployment/web$"):
        await explain.read(parse(explain, "deployment/web", "--kubeconfig", str(tmp_path)))


async def test_pod_that_is_not_there_may_be_elsewhere(tmp_path: Path) -> None:
    """The error suggests -n unless a namespace was given."""
    async with standing(await cluster_with([pod()], []), tmp_path) as kubeconfig:
        asked = ("other", "--kubeconfig", kubeconfig)
        with pytest.raises(ApiError) as forgotten:
            await explain.read(parse(explain, *asked))
        with pytest.raises(ApiError) as named:
            await explain.read(parse(explain, *asked, "-n", "shop"))

    assert str(forgotten.value) == f"{named.value}; -n looks in another namespace"


async def test_workload_that_is_not_recorded_may_be_elsewhere(tmp_path: Path) -> None:
    """The error suggests -A for other namespaces."""
    async with standing(await cluster_with([], [FULL]), tmp_path) as kubeconfig:
        with pytest.raises(InputError, match="in the namespace shop; -A searches all namespaces"):
            await report.read(parse(report, "other", "--kubeconfig", kubeconfig))


@pytest.mark.parametrize("flags", [("-n", "shop"), ("-A",), ("-l", "app=web")], ids=" ".join)
def test_manifests_are_not_selected_like_workloads(flags: tuple[str, ...], tmp_path: Path) -> None:
    """`advise -f` refuses the flags that select running workloads, instead of ignoring them."""
    (tmp_path / "pod.yaml").write_text("{kind: Pod, spec: {containers: []}}")

    with pytest.raises(UsageError, match=rf"^{flags[0]} selects running workloads, but with -f"):
        advise.main(parse(advise, "-f", str(tmp_path), *flags))


@pytest.mark.parametrize("command", [advise, explain, report])
async def test_namespace_that_cannot_be_is_refused(command: ModuleType) -> None:
    """A namespace with a wrong name is an error, not a namespace in which there is nothing."""
    name = ("web",) if command is explain else ()
    args = parse(command, *name, "-n", "Bad NS", "--kubeconfig", "/nowhere")
    read = advise.read_cluster if command is advise else command.read

    with pytest.raises(SettingsError, match="'Bad NS' is not a valid name of a namespace"):
        await read(args)


async def test_selector_that_cannot_be_is_refused() -> None:
    """A wrong selector is wrong usage, and needs no cluster to be seen."""
    with pytest.raises(SettingsError, match="is not a label selector"):
        await advise.read_cluster(parse(advise, "-l", "app=("))


@pytest.mark.parametrize("name", ["", "pod/"])
async def test_pod_without_a_name_is_refused(name: str) -> None:
    """An empty name, of a variable that is not set, is not taken for all pods."""
    with pytest.raises(UsageError, match="name of the pod is empty"):
        await explain.read(parse(explain, name))


def test_manifest_without_a_name_is_refused() -> None:
    """An empty path, of a variable that is not set, is not taken for the current folder."""
    with pytest.raises(InputError, match="name of a manifest is empty"):
        list(read_manifests([""]))


def test_what_kubectl_wrote_is_no_recording(tmp_path: Path) -> None:
    """A file that is no recording is refused with the command that makes one."""
    path = tmp_path / "pods.json"
    path.write_text('{\n  "kind": "List"\n}\n')

    with pytest.raises(InputError, match=r":1: not a record: .*; `probewatch record` writes"):
        list(read_stream(str(path)))


def test_containers_that_are_no_list_are_refused(tmp_path: Path) -> None:
    """A built-in kind with unreadable containers is an error, not skipped."""
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
    """Patches and unknown kinds are skipped."""
    path = tmp_path / "other.yaml"
    path.write_text(text)

    assert [] == list(read_manifests([str(path)]))


@pytest.mark.parametrize("name", ["playground", "demo"])
def test_kubeconfig_that_cannot_be_written_is_named(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A kubeconfig that cannot be written is named in the error."""
    path = tmp_path / "missing" / "kubeconfig"

    assert 1 == cli.main([name, "--kubeconfig", str(path)])
    assert capfd.readouterr().err.endswith(f": {path}: No such file or directory\n")


def test_port_that_is_taken_is_named() -> None:
    """The error for a port in use names the flag for another port."""
    taken = OSError(errno.EADDRINUSE, f"{os.strerror(errno.EADDRINUSE)} while binding")

    assert "port 6443 is in use already" in playground.explain(taken, 6443)
    assert "--port" in playground.explain(taken, 6443)


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
    """Numbers in errors are not rounded, and have no exponent."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({variable: value}, {})

    assert f"{variable} {words}" in str(refused.value)
