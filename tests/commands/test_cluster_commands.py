"""`report` and `advise` against a fake cluster: output, empty results and errors."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from probewatch.commands import advise, report
from probewatch.commands.workload_names import is_called
from probewatch.errors import ApiError, InputError
from tests.commands.shop import FULL, REPORTS, cluster_with, incident, parse, pod, record, standing
from tests.support.fake_cluster import FakeCluster


async def read_report(cluster: FakeCluster, folder: Path, *arguments: str) -> report.View:
    async with standing(cluster, folder) as kubeconfig:
        return await report.read(parse(report, *arguments, "--kubeconfig", kubeconfig))


async def test_report_has_a_line_for_each_workload(tmp_path: Path) -> None:
    """A workload's reports are one line; loops come first, corrections are included."""
    quiet = record("api", totals=[{"container": "a", "cause": "Error", "restarts": 90}])
    cluster = await cluster_with([], [quiet, FULL, record(part=1, totals=FULL["status"]["totals"])])

    view = await read_report(cluster, tmp_path)
    lines = report.render_tables(view).splitlines()

    assert ["Deployment/web", "Deployment/api"] == [line.split()[1] for line in lines[1:]]
    assert ["10", "LivenessProbe", "10"] == lines[1].split()[2:5]
    assert "1m15s" in lines[1]


async def test_report_leaves_out_workloads_with_nothing_to_report(tmp_path: Path) -> None:
    """A record that only keeps the counts of earlier restarts is in the JSON, not in the table."""
    both = await read_report(await cluster_with([], [record("old"), FULL]), tmp_path)
    one = await read_report(await cluster_with([], [record("old")]), tmp_path)

    assert "Deployment/web" in report.render_tables(both)
    assert "Deployment/old" not in report.render_tables(both)
    assert ["web", "old"] == [each["name"] for each in json.loads(report.render_json(both))]
    assert report.render_tables(one).startswith("Nothing is recorded in the namespace shop")


async def test_report_about_one_workload_tells_all(tmp_path: Path) -> None:
    """With a name: totals, loops, readiness and the latest restarts."""
    view = await read_report(await cluster_with([], [FULL]), tmp_path, "deployment/web")
    text = report.render_tables(view)

    wanted = ("Restarts by cause", "Restart loops", "Readiness lost 3 times", "Latest restarts")
    assert [] == [words for words in wanted if words not in text]


def test_report_of_nothing_says_where_was_looked() -> None:
    """An empty report names the place, and how to search elsewhere."""
    here = report.View(summaries=(), now=0.0, is_one=False, place="the namespace x")
    everywhere = replace(here, place="any namespace", is_everywhere=True)

    assert report.render_tables(here).startswith("Nothing is recorded in the namespace x; ")
    assert "-A searches all namespaces" in report.render_tables(here)
    assert "-A searches" not in report.render_tables(everywhere)


async def test_report_of_nothing_does_not_say_that_somebody_watched(tmp_path: Path) -> None:
    """An empty report does not claim that an operator runs."""
    cluster = FakeCluster()
    await cluster.put(REPORTS, record())
    await cluster.remove(REPORTS, record())

    text = report.render_tables(await read_report(cluster, tmp_path))

    assert "If no operator runs, this says nothing" in text
    assert "kubectl get pods -A -l app.kubernetes.io/name=probewatch" in text


@pytest.mark.parametrize("word", ["web", "deployment/web", "Deployments/web", "deploy/web"])
def test_workloads_are_called_as_with_kubectl(word: str) -> None:
    """A kind is accepted in any case, in the plural and in kubectl's short form."""
    assert is_called(word, kind="Deployment", name="web")
    assert not is_called(word, kind="Deployment", name="api")
    assert ("/" not in word) == is_called(word, kind="StatefulSet", name="web")


async def test_report_for_programs(tmp_path: Path) -> None:
    """The JSON output has the same contents, with all fields of the incidents."""
    view = await read_report(await cluster_with([], [FULL]), tmp_path)
    (found,) = json.loads(report.render_json(view))

    assert (5, "web", "Deployment") == (found["restarts"], found["name"], found["kind"])
    assert ["kubelet: failed liveness probe, kill 1"] == found["incidents"][0]["evidence"]


async def test_report_of_an_unknown_workload(tmp_path: Path) -> None:
    """A workload without records is an error that names the place."""
    with pytest.raises(InputError, match="nothing is recorded about other in the namespace shop"):
        await read_report(await cluster_with([], [FULL]), tmp_path, "other")


async def test_report_without_the_resources(tmp_path: Path) -> None:
    """A cluster without the custom resources is an error, not an empty report."""
    with pytest.raises(
        ApiError,
        match=r"custom resources of probewatch are not installed \(kubectl apply -f crds\)",
    ):
        await read_report(await cluster_with([], None), tmp_path)


async def test_report_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """An error of the API server is shown as it is, and not as missing custom resources."""
    cluster = await cluster_with([], [FULL])
    cluster.refuse = lambda request: 500 if request.path == REPORTS else 0

    with pytest.raises(ApiError) as raised:
        await read_report(cluster, tmp_path)

    assert 500 == raised.value.status
    assert "custom resources" not in str(raised.value)


async def test_report_shows_the_latest_restarts(tmp_path: Path) -> None:
    """The twenty latest restarts of all parts are listed, newest first, and the others counted."""
    parts = [
        record(
            part=part,
            totals=[{"container": "app", "cause": "Error", "restarts": 0, "corrected": 0}],
            incidents=[
                incident(number, time=f"2026-11-20T10:{number:02}:00Z")
                for number in range(part, 24, 2)
            ],
        )
        for part in range(2)
    ]
    view = await read_report(await cluster_with([], parts), tmp_path, "web")
    text = report.render_tables(view)
    table = text.partition("Latest restarts\n")[2].splitlines()

    assert [str(number) for number in range(23, 3, -1)] == [
        line.split("app")[1].split()[0] for line in table[1:-1]
    ]
    assert "… and 4 older ones" == table[-1]
    assert "Restarts by cause" not in text


def test_age_of_what_has_no_time_is_unknown() -> None:
    """A time that cannot be read has no age; one in the future is now."""
    assert ("?", "0s", "1m30s") == tuple(
        report.render_age(time, 190.0)
        for time in ("", "1970-01-01T00:05:00Z", "1970-01-01T00:01:40Z")
    )


async def test_broken_report_costs_only_itself(tmp_path: Path) -> None:
    """A report that cannot be read does not hide the others."""
    broken = {"metadata": {"name": "b", "uid": "b", "namespace": "shop"}, "status": [1]}

    view = await read_report(await cluster_with([], [broken, FULL]), tmp_path)

    assert ["web"] == [each.name for each in view.summaries]


async def test_advise_on_what_runs(tmp_path: Path) -> None:
    """Pods of a cluster are read with their workloads; equal specs are one value."""
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
    """Lists, CronJobs, custom kinds and bare Pods are judged."""
    (tmp_path / "all.yaml").write_text(MANIFEST)

    status, text = run_advise(capsys, "-f", str(tmp_path), "--strict")
    _, listed = run_advise(capsys, "-f", str(tmp_path), "-o", "json")

    assert 1 == status
    assert "CronJob/tidy" in text
    assert {("Pod", "bare"), ("CronJob", "tidy")} == {
        (each["kind"], each["name"]) for each in json.loads(listed)
    }


def test_advise_on_an_unknown_workload(tmp_path: Path) -> None:
    """A missing workload is an error that names the place."""
    (tmp_path / "all.yaml").write_text(MANIFEST)

    with pytest.raises(InputError, match=r"there is no nope with probes in .*all\.yaml"):
        advise.main(parse(advise, "-f", str(tmp_path / "all.yaml"), "nope"))


def test_advise_without_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without advice the output says what was judged, and --strict succeeds."""
    (tmp_path / "all.yaml").write_text(MANIFEST)

    status, text = run_advise(capsys, "-f", str(tmp_path / "all.yaml"), "--strict", "rollout/web")

    assert (0, "No advice: 1 pod template with 0 probes judged.\n") == (status, text)


DEEP = 100_000
"""Nesting that no Python reads: 3.11 gives up after 1,000 levels, 3.13 after some 10,000."""

REFUSED = {
    "a template": ("a: {{ .Values.x", "a template has to be rendered first"),
    "a wrong type": (
        "kind: Pod\nspec: {containers: [{name: a, livenessProbe: {periodSeconds: often}}]}",
        "Pod/?: Expected `float | null`, got `str`",
    ),
    "no such day": ("kind: Pod\nspec: {containers: [], day: 2024-02-31}", "not YAML: day is out"),
    "no number": ("a: !!int x", "not YAML: invalid literal for int()"),
    "deep YAML": ("a: " + "[" * 5000, "nested too deeply"),
    "deep JSON": ('{"a":' * DEEP + "1" + "}" * DEEP, "nested too deeply"),
    "no hash": ("? {a: {b: c}}\n: d", "not YAML: found unhashable key"),
    "a control character": ("a: \x07", "not YAML"),
    "a spec of many": (
        "kind: Pod\nspec: &a {containers: [], deep: *a}",
        "nested too deeply",
    ),
    "no base64": ("a: !!binary é", "not YAML"),
    "no text": ('kind: Pod\nspec: {containers: [{name: "\\ud800"}]}', "surrogates not allowed"),
    "no truth": ("a: !!bool maybe", "not YAML: 'maybe'"),
    "no time": ("a: !!timestamp x", "not YAML: "),
    "an empty number": ('a: !!int ""', "not YAML: "),
    "a list of itself": ("kind: List\nitems: &a [{kind: List, items: *a}]", "nested too deeply"),
    "not ours": ("a: !Ref b", "could not determine a constructor"),
    "empty": ("", "no Kubernetes object in it"),
    "a comment": ("# nothing is rendered\n---\n", "no Kubernetes object in it"),
    "some text": ("hello", "no Kubernetes object in it"),
    "values of a chart": ("replicas: 2\nimage: {tag: x}", "no Kubernetes object in it"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_broken_manifest_is_named(tmp_path: Path, text: str, words: str) -> None:
    """An unreadable manifest is an error with file name and position."""
    path = tmp_path / "x.yaml"
    path.write_text(text)

    with pytest.raises(InputError) as raised:
        advise.main(parse(advise, "-f", str(path)))

    assert str(path) in str(raised.value)
    assert words in str(raised.value)


def test_folder_without_manifests_is_refused(tmp_path: Path) -> None:
    """A folder without manifests is an error that lists the file patterns."""
    (tmp_path / "pod.txt").write_text(MANIFEST)

    with pytest.raises(
        InputError, match=r"no Kubernetes object in it \(\*\.json, \*\.yaml, \*\.yml\)"
    ):
        advise.main(parse(advise, "-f", str(tmp_path), "--strict"))


def test_folder_may_hold_other_files_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chart values and objects without pods in a folder are skipped."""
    (tmp_path / "all.yaml").write_text("kind: ConfigMap")
    (tmp_path / "values.yaml").write_text("replicas: 2")

    assert (0, "No advice: 0 pod templates with 0 probes judged.\n") == run_advise(
        capsys, "-f", str(tmp_path)
    )


def test_json_of_a_cluster_is_read_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output of `kubectl get -o json` is parsed as JSON: YAML would refuse tabs."""
    path = tmp_path / "pods.json"
    path.write_text(json.dumps({"kind": "List", "items": [pod()]}, indent="\t"))

    assert "Pod/web-x" in run_advise(capsys, "-f", str(path))[1]
