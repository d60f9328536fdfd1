"""What `advise` reads of manifests and of running workloads, and how it is shown."""

import asyncio
import json
from pathlib import Path

import pytest

from probewatch.commands import advise
from probewatch.commands.manifests import read_manifests
from probewatch.errors import InputError
from tests.commands.shop import PODS, Json, parse, pod, standing
from tests.support.fake_cluster import FakeCluster

CONTAINERS: Json = {"containers": [{"name": "app", "livenessProbe": {"tcpSocket": {"port": 1}}}]}

HOLDERS: dict[str, Json] = {
    "Pod": {"spec": CONTAINERS},
    "PodTemplate": {"template": {"spec": CONTAINERS}},
    "Deployment": {"spec": {"template": {"spec": CONTAINERS}}},
    "CronJob": {"spec": {"jobTemplate": {"spec": {"template": {"spec": CONTAINERS}}}}},
}


def write(path: Path, *documents: Json) -> str:
    """Write documents as JSON, which is YAML too; return the path."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n---\n".join(map(json.dumps, documents)))
    return str(path)


@pytest.mark.parametrize("kind", HOLDERS)
def test_pod_specs_are_found_where_kinds_have_them(tmp_path: Path, kind: str) -> None:
    """Each kind's pod spec is found at its place, with the object's namespace and name."""
    meta = {"name": "web", "namespace": "shop"}
    path = write(tmp_path / "a.yaml", {"kind": kind, "metadata": meta, **HOLDERS[kind]})

    (found,) = read_manifests([path])

    assert (path, "shop", kind, "web") == (found.source, found.namespace, found.kind, found.name)
    assert found.spec.has_probes


@pytest.mark.parametrize("kind", ["List", "PodList", "DeploymentList"])
def test_lists_of_any_kind_are_opened(tmp_path: Path, kind: str) -> None:
    """The items of a list are read, whichever kind of list it is."""
    items = [{"kind": "Pod", "metadata": {"name": name}, "spec": CONTAINERS} for name in "ab"]
    path = write(tmp_path / "a.json", {"kind": kind, "items": items})

    assert ["a", "b"] == [each.name for each in read_manifests([path])]


def test_folders_are_read_with_all_that_is_in_them(tmp_path: Path) -> None:
    """A folder is read with its subfolders, every suffix of a manifest, in the order of names."""
    for name in ("c.yaml", "b/d.yml", "a.json", "e.txt"):
        item = {"kind": "Pod", "metadata": {"name": name}, "spec": CONTAINERS}
        write(tmp_path / name, item)

    assert ["a.json", "b/d.yml", "c.yaml"] == [
        each.name for each in read_manifests([str(tmp_path)])
    ]


def test_every_path_has_to_hold_an_object(tmp_path: Path) -> None:
    """A file without objects is refused even if another file has some."""
    full = write(tmp_path / "a.yaml", {"kind": "Pod", "spec": CONTAINERS})
    empty = write(tmp_path / "b.yaml", {})

    with pytest.raises(InputError, match=r"b\.yaml: no Kubernetes object in it"):
        list(read_manifests([full, empty]))


def test_name_that_is_still_to_be_generated(tmp_path: Path) -> None:
    """An object without a name is called by its generateName."""
    meta = {"generateName": "job-"}
    path = write(tmp_path / "a.yaml", {"kind": "Pod", "metadata": meta, "spec": CONTAINERS})

    assert ["job-"] == [each.name for each in read_manifests([path])]


def test_fault_in_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    """The error names the line as an editor counts it."""
    path = tmp_path / "a.yaml"
    path.write_text("kind: Pod\nspec:\n  - [\n")

    with pytest.raises(InputError, match=r"a\.yaml:4: not YAML"):
        list(read_manifests([str(path)]))


def test_every_kind_of_probe_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without advice the output counts the liveness, readiness and startup probes."""
    names = ("livenessProbe", "readinessProbe", "startupProbe")
    probes = {
        name: {"tcpSocket": {"port": port}, "failureThreshold": 3, "timeoutSeconds": 5}
        for port, name in enumerate(names, start=80)
    }
    container = {"name": "app", **probes}
    path = write(tmp_path / "a.yaml", {"kind": "Pod", "spec": {"containers": [container]}})

    advise.main(parse(advise, "-f", path))

    assert "1 pod template with 3 probes judged" in capsys.readouterr().out


def owned(name: str, template: str, *, period: int = 10) -> Json:
    """A pod of a ReplicaSet that no longer exists."""
    made = pod(name)
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": template, "uid": template}
    made["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
    made["spec"]["containers"][0]["livenessProbe"]["periodSeconds"] = period
    return made


async def read(folder: Path, *pods: Json) -> list[tuple[str, str, str]]:
    """The namespaces, kinds and names of the templates in a cluster with these pods."""
    cluster = FakeCluster()
    for each in pods:
        place = PODS.replace("shop", each["metadata"]["namespace"])
        await cluster.put(place, each)
        await cluster.put("/api/v1/pods", each)
    async with standing(cluster, folder) as kubeconfig:
        found = await advise.read_cluster(parse(advise, "-A", "--kubeconfig", kubeconfig))
    return [(each.namespace, each.kind, each.name) for each in found]


@pytest.mark.parametrize(
    ("flags", "place"),
    [
        ((), "in this namespace"),
        (("-n", "cart"), "in the namespace cart"),
        (("-A",), "in any namespace"),
    ],
    ids=["the context's", "a named one", "all"],
)
async def test_missing_workload_is_missed_where_it_was_looked_for(
    tmp_path: Path, flags: tuple[str, ...], place: str
) -> None:
    """The error about a workload that does not run names the place that was searched."""
    async with standing(FakeCluster(), tmp_path) as kubeconfig:
        args = parse(advise, "web", *flags, "--kubeconfig", kubeconfig)
        with pytest.raises(InputError, match=f"there is no web with probes {place}$"):
            await asyncio.to_thread(advise.main, args)


async def test_workload_is_judged_once_unless_its_pods_differ(tmp_path: Path) -> None:
    """Equal pods of a workload are one template; during a rollout there may be two."""
    web = ("shop", "ReplicaSet", "web")
    pods = (owned("web-a", "web"), owned("web-b", "web"), owned("web-c", "web", period=5))

    assert [web, web] == await read(tmp_path, *pods)


async def test_pods_without_probes_are_left_out(tmp_path: Path) -> None:
    """There is nothing to judge about a pod without probes."""
    bare = pod("bare")
    del bare["spec"]["containers"][0]["livenessProbe"]

    assert [("shop", "Pod", "web")] == await read(tmp_path, bare, pod("web"))


async def test_workloads_are_sorted_by_namespace(tmp_path: Path) -> None:
    """Workloads are sorted by namespace, then by kind and name."""
    cart = pod("z")
    cart["metadata"]["namespace"] = "cart"
    found = await read(tmp_path, pod("b"), owned("c", "a"), pod("a"), cart)

    assert sorted(found) == found
    assert 4 == len(found)
