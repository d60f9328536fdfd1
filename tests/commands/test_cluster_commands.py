"""The commands that ask a cluster, over HTTP: what is there, what is recorded, what is missing."""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from probewatch.commands import advise, explain, report
from probewatch.commands.probe_failures import MEANINGS
from probewatch.commands.render_explain import Story, render_json, render_text
from probewatch.commands.workload_names import is_called
from probewatch.core.evidence import FailureReason
from probewatch.errors import ApiError, InputError
from tests.fakes import FakeCluster, serving

Json = dict[str, Any]

PODS = "/api/v1/namespaces/shop/pods"
REPORTS = "/apis/probewatch.dev/v1alpha1/namespaces/shop/probereports"
STARTED, ASKED = "2026-11-20T10:00:00Z", "2026-11-20T10:00:39Z"
"""When the container was started, and when the kubelet began to end it."""
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
    """The cluster on loopback; gives the path of a kubeconfig for it."""
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
    module.add_parser(parser.add_subparsers())
    name = module.__name__.rpartition(".")[2]
    return parser.parse_args([name, *arguments])


async def read_report(cluster: FakeCluster, folder: Path, *arguments: str) -> report.View:
    async with standing(cluster, folder) as kubeconfig:
        return await report.read(parse(report, *arguments, "--kubeconfig", kubeconfig))


async def read_story(cluster: FakeCluster, folder: Path, *arguments: str) -> Story:
    async with standing(cluster, folder) as kubeconfig:
        return await explain.read(parse(explain, *arguments, "--kubeconfig", kubeconfig))


async def test_report_has_a_line_for_each_workload(tmp_path: Path) -> None:
    """Parts of a workload are one line; loops come first, corrections are taken in."""
    quiet = record("api", totals=[{"container": "a", "cause": "Error", "restarts": 90}])
    cluster = await cluster_with([], [quiet, FULL, record(part=1, totals=FULL["status"]["totals"])])

    view = await read_report(cluster, tmp_path)
    lines = report.render_tables(view).splitlines()

    assert ["Deployment/web", "Deployment/api"] == [line.split()[1] for line in lines[1:]]
    assert ["10", "LivenessProbe", "10"] == lines[1].split()[2:5]
    assert "1m15s" in lines[1]


async def test_report_about_one_workload_tells_all(tmp_path: Path) -> None:
    """With a name: totals, loops, readiness and the latest restarts."""
    view = await read_report(await cluster_with([], [FULL]), tmp_path, "deployment/web")
    text = report.render_tables(view)

    wanted = ("Restarts by cause", "Restart loops", "Readiness lost 3 times", "Latest restarts")
    assert [] == [words for words in wanted if words not in text]


def test_report_of_nothing_says_where_was_looked() -> None:
    """Where nothing is recorded that is said, with how to look elsewhere."""
    here = report.View(summaries=(), now=0.0, is_one=False, place="the namespace x")
    everywhere = replace(here, place="any namespace", is_everywhere=True)

    assert report.render_tables(here).startswith("Nothing is recorded in the namespace x: ")
    assert "-A looks in all namespaces" in report.render_tables(here)
    assert "-A" not in report.render_tables(everywhere)


@pytest.mark.parametrize("word", ["web", "deployment/web", "Deployments/web", "deploy/web"])
def test_workloads_are_called_as_with_kubectl(word: str) -> None:
    """A kind is known in any case, in the plural and in kubectl's short form."""
    assert is_called(word, kind="Deployment", name="web")
    assert not is_called(word, kind="Deployment", name="api")
    assert ("/" not in word) == is_called(word, kind="StatefulSet", name="web")


async def test_report_for_programs(tmp_path: Path) -> None:
    """JSON has the same, with all fields of the incidents."""
    view = await read_report(await cluster_with([], [FULL]), tmp_path)
    (found,) = json.loads(report.render_json(view))

    assert (5, "web", "Deployment") == (found["restarts"], found["name"], found["kind"])
    assert ["kubelet: failed liveness probe, kill 1"] == found["incidents"][0]["evidence"]


async def test_report_of_an_unknown_workload(tmp_path: Path) -> None:
    """What is not recorded is said, with where was looked."""
    with pytest.raises(InputError, match="nothing is recorded of other in the namespace shop"):
        await read_report(await cluster_with([], [FULL]), tmp_path, "other")


async def test_report_without_the_resources(tmp_path: Path) -> None:
    """A cluster without our resources is told apart from one without restarts."""
    with pytest.raises(ApiError, match="custom resources of probewatch are not installed"):
        await read_report(await cluster_with([], None), tmp_path)


async def test_broken_report_costs_only_itself(tmp_path: Path) -> None:
    """A report that cannot be read does not hide the others."""
    broken = {"metadata": {"name": "b", "uid": "b", "namespace": "shop"}, "status": [1]}

    view = await read_report(await cluster_with([], [broken, FULL]), tmp_path)

    assert ["web"] == [each.name for each in view.summaries]


async def test_explain_tells_what_is_recorded(tmp_path: Path) -> None:
    """A pod's recorded restarts are told with their evidence, newest first."""
    cluster = await cluster_with([pod(restarts=5)], [FULL])

    text = render_text(await read_story(cluster, tmp_path, "web-x"), None)

    assert "Pod shop/web-x of Deployment/web on n1: Running, ready" in text
    assert "app, restart 5, " in text
    assert "told first as Unknown" in text
    assert "pods of the workload were killed at the same time (WorkloadWide)" in text
    assert "LivenessSingleFailure" in text
    assert "judged now" not in text


async def test_explain_judges_what_nobody_recorded(tmp_path: Path) -> None:
    """Without records the last restart is judged from the pod and the Events that are left."""
    cluster = await cluster_with([pod(restarts=2)], None)
    await cluster.put("/api/v1/namespaces/shop/events", KILLING)

    story = await read_story(cluster, tmp_path, "web-x")
    text = render_text(story, "app")
    told = json.loads(render_json(story, None))

    assert "app, restart 2, judged now: LivenessProbe (Confirmed)" in text
    assert "Note: this cluster has no ProbeReports" in text
    assert [("LivenessProbe", 2)] == [
        (each["cause"], each["restartCount"]) for each in told["judgedNow"]
    ]


def failure(name: str, message: str, count: int) -> Json:
    """An Event in which the kubelet repeats itself about a probe."""
    about = {"name": name, "namespace": "shop", "uid": f"e-{name}"}
    return {
        **KILLING,
        "metadata": about,
        "reason": "Unhealthy",
        "message": message,
        "count": count,
    }


async def test_explain_tells_how_probes_failed(tmp_path: Path) -> None:
    """Failures are counted by kind, with what that means, and never in the probe's own words."""
    cluster = await cluster_with([pod()], None)
    said = (
        ("a", "Liveness probe failed: HTTP probe failed with statuscode: 404", 7),
        ("b", "Liveness probe failed: HTTP probe failed with statuscode: 403", 2),
        ("c", "Readiness probe errored and resulted in unknown state: password=x", 3),
    )
    for each in said:
        await cluster.put("/api/v1/namespaces/shop/events", failure(*each))

    story = await read_story(cluster, tmp_path, "web-x")
    text, told = render_text(story, None), json.loads(render_json(story, None))

    assert "app Liveness: 9 × http_4xx, last " in text
    assert "(answered, and refused: is the path right?)" in text
    assert "app Readiness: 3 × errored, last " in text
    assert "password" not in text
    assert {("Liveness", "http_4xx", 9), ("Readiness", "errored", 3)} == {
        (each["probeType"], each["reason"], each["count"]) for each in told["probeFailures"]
    }
    assert "How its probes failed" not in render_text(story, "other")


def test_every_kind_of_failure_has_words() -> None:
    """No kind of failure is without a word on what it says, in the list's order."""
    assert list(FailureReason) == list(MEANINGS)


async def test_explain_judges_the_death_that_is_shown(tmp_path: Path) -> None:
    """Of a container in back-off the restart that it waits for is judged."""
    waiting = pod(restarts=2)
    (status,) = waiting["status"]["containerStatuses"]
    status["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    status["containerID"] = "containerd://2"
    status["lastState"]["terminated"]["containerID"] = "containerd://2"
    cluster = await cluster_with([waiting], None)
    await cluster.put("/api/v1/namespaces/shop/events", KILLING)

    text = render_text(await read_story(cluster, tmp_path, "web-x"), None)

    assert "app: waiting (CrashLoopBackOff), 2 restarts" in text
    assert "app, restart 3 (due), judged now: LivenessProbe (Confirmed)" in text


async def test_explain_knows_pods_that_are_gone(tmp_path: Path) -> None:
    """A pod that is gone is told from the records."""
    text = render_text(
        await read_story(await cluster_with([], [FULL]), tmp_path, "pod/web-x"), None
    )

    assert "Pod shop/web-x of Deployment/web is gone" in text
    assert "kubelet: failed liveness probe, kill 1" in text


async def test_explain_an_unknown_pod(tmp_path: Path) -> None:
    """A pod that neither exists nor is recorded is an error that says where was looked."""
    with pytest.raises(ApiError, match="no pod nobody in the namespace shop, and nothing rec"):
        await read_story(await cluster_with([], [FULL]), tmp_path, "nobody")


async def test_explain_one_container_only(tmp_path: Path) -> None:
    """A container that is named is the only one that is told of."""
    cluster = await cluster_with([pod(restarts=5)], [FULL])

    text = render_text(await read_story(cluster, tmp_path, "web-x"), "other")

    assert "app" not in text


async def test_advise_on_what_runs(tmp_path: Path) -> None:
    """Pods of one make are judged once, as the workload that they belong to."""
    cluster = await cluster_with([pod("a"), pod("b")], None)
    async with standing(cluster, tmp_path) as kubeconfig:
        templates = await advise.read_cluster(parse(advise, "--kubeconfig", kubeconfig))

    assert [("Pod", "a"), ("Pod", "b")] == [(each.kind, each.name) for each in templates]
    assert {templates[0].spec} == {each.spec for each in templates}


MANIFEST = """
apiVersion: v1
kind: List
items:
- kind: CronJob
  metadata: {name: tidy}
  spec: {jobTemplate: {spec: {template: {spec: {containers: [
    {name: app, livenessProbe: {exec: {command: ["true"]}, failureThreshold: 1}}]}}}}}
- kind: Rollout
  metadata: {name: web, namespace: shop}
  spec: {template: {spec: {containers: [{name: app}]}}}
- kind: ConfigMap
  data: {a: b}
---
kind: Pod
metadata: {name: bare}
spec: {containers: [{name: app, startupProbe: {tcpSocket: {port: 1}, failureThreshold: 1}}]}
"""


def run_advise(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = advise.main(parse(advise, *arguments))
    return status, capsys.readouterr().out


def test_advise_on_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever holds a pod's spec is judged: lists, CronJobs, custom kinds, bare Pods."""
    (tmp_path / "all.yaml").write_text(MANIFEST)

    status, text = run_advise(capsys, "-f", str(tmp_path), "--strict")
    _, listed = run_advise(capsys, "-f", str(tmp_path), "-o", "json")

    assert 1 == status
    assert "CronJob/tidy" in text
    assert {("Pod", "bare"), ("CronJob", "tidy")} == {
        (each["kind"], each["name"]) for each in json.loads(listed)
    }


def test_advise_on_an_unknown_workload(tmp_path: Path) -> None:
    """A workload that is not there is said, with where was looked."""
    (tmp_path / "all.yaml").write_text(MANIFEST)

    with pytest.raises(InputError, match=r"there is no nope with probes in .*all\.yaml"):
        advise.main(parse(advise, "-f", str(tmp_path / "all.yaml"), "nope"))


def test_advise_without_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is wrong that is said, with what was judged; --strict is content."""
    (tmp_path / "all.yaml").write_text(MANIFEST)

    status, text = run_advise(capsys, "-f", str(tmp_path / "all.yaml"), "--strict", "rollout/web")

    assert (0, "No advice: 1 pod template with 0 probes judged.\n") == (status, text)


REFUSED = {
    "a template": ("a: {{ .Values.x", "a template has to be rendered first"),
    "a wrong type": (
        "kind: Pod\nspec: {containers: [{name: a, livenessProbe: {periodSeconds: often}}]}",
        "Pod/?: Expected `float | null`, got `str`",
    ),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_broken_manifest_is_named(tmp_path: Path, text: str, words: str) -> None:
    """A manifest that cannot be read is refused with its name and the place."""
    path = tmp_path / "x.yaml"
    path.write_text(text)

    with pytest.raises(InputError) as raised:
        advise.main(parse(advise, "-f", str(path)))

    assert str(path) in str(raised.value)
    assert words in str(raised.value)
