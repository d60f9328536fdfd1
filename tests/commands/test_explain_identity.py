"""`explain` tells of one pod only, and of each restart once."""

import json
from pathlib import Path

import pytest

from probewatch.commands.explain_json import render_json
from probewatch.commands.render_explain import render_text
from probewatch.errors import ApiError
from tests.commands.shop import (
    FULL,
    KILLED,
    KILLING,
    PODS,
    Json,
    cluster_with,
    incident,
    pod,
    read_story,
    record,
)

EVENTS = "/api/v1/namespaces/shop/events"


SAME_RESTART = {
    "as it is": {},
    "the runtime's time of its end": {"finishedAt": "2026-11-20T10:00:46Z"},
    "no time of its end": {"finishedAt": ""},
}
OTHER_RESTART = {
    "of a pod before": {"uid": "uid-before"},
    "of another container": {"container": "side"},
    "of another number": {"restartCount": 4},
    "that ended at another time": {"finishedAt": "2026-11-20T10:00:47Z"},
}


@pytest.mark.parametrize("changes", SAME_RESTART.values(), ids=SAME_RESTART.keys())
async def test_recorded_restart_is_not_judged_again(tmp_path: Path, changes: Json) -> None:
    """A restart is the recorded one if pod, container and number agree, and the end nearly does."""
    known = record(incidents=[incident(5, **changes)])

    story = await read_story(await cluster_with([pod(restarts=5)], [known]), tmp_path, "web-x")

    assert [] == story.judged
    assert "what is judged now" not in render_text(story)


@pytest.mark.parametrize("changes", OTHER_RESTART.values(), ids=OTHER_RESTART.keys())
async def test_restart_is_judged_if_another_is_recorded(tmp_path: Path, changes: Json) -> None:
    """A restart that differs from the recorded ones in one of these is judged from the pod."""
    known = record(incidents=[incident(5, **changes)])

    story = await read_story(await cluster_with([pod(restarts=5)], [known]), tmp_path, "web-x")

    assert [("app", 5)] == [(each.container, each.restart_count) for each in story.judged]


async def test_incidents_of_other_pods_are_left_out(tmp_path: Path) -> None:
    """Of a workload's records, only the restarts of this pod are shown."""
    others = incident(9, pod="web-y", uid="uid-web-y")
    known = record(incidents=[others, incident(5)])

    story = await read_story(await cluster_with([pod(restarts=5)], [known]), tmp_path, "web-x")

    assert [("web-x", 5)] == [(each.pod, each.restart_count) for each in story.incidents]


async def test_one_container_is_all_that_is_told(tmp_path: Path) -> None:
    """With -c, nothing in the output is about another container."""
    shown = pod(restarts=5)
    (app,) = shown["status"]["containerStatuses"]
    (spec,) = shown["spec"]["containers"]
    shown["status"]["containerStatuses"].append({**app, "name": "side"})
    shown["spec"]["containers"].append({**spec, "name": "side"})
    loop = FULL["status"]["loops"][0]
    known = record(
        incidents=[incident(5), incident(4, container="side")],
        loops=[loop, {**loop, "container": "side"}],
    )
    cluster = await cluster_with([shown], [known])
    failed = {**KILLING, "reason": "Unhealthy", "message": "Liveness probe failed: EOF"}
    for number, name in enumerate(("app", "side")):
        about = {**KILLING["involvedObject"], "fieldPath": f"spec.containers{{{name}}}"}
        meta = {"name": f"web-x.{number}", "namespace": "shop", "uid": f"e-{number}"}
        await cluster.put(EVENTS, {**failed, "metadata": meta, "involvedObject": about})

    told = json.loads(render_json(await read_story(cluster, tmp_path, "web-x", "-c", "side")))

    (status,) = told["containers"]
    assert "side" == status["name"]
    for part in ("probeFailures", "loops", "incidents", "judgedNow", "advice"):
        assert {"side"} == {each["container"] for each in told[part]}, part


async def test_container_that_has_not_begun_is_known(tmp_path: Path) -> None:
    """A container of the spec can be asked for before the kubelet reports its status."""
    shown = pod()
    shown["status"]["containerStatuses"] = []

    story = await read_story(await cluster_with([shown], []), tmp_path, "web-x", "-c", "app")

    assert () == tuple(story.statuses)


async def test_loop_without_a_uid_is_the_pod_s(tmp_path: Path) -> None:
    """A recorded loop without the uid of its pod is matched by the name of the pod."""
    loops = [{**FULL["status"]["loops"][0], "uid": ""}]
    known = record(incidents=[incident(5)], loops=loops)

    story = await read_story(await cluster_with([pod(restarts=5)], [known]), tmp_path, "web-x")

    assert ["app"] == [each.container for each in story.loops]


async def test_pod_that_cannot_be_read_is_not_taken_for_gone(tmp_path: Path) -> None:
    """If the pod cannot be read, the error is shown, even if there are records of it."""
    cluster = await cluster_with([pod(restarts=5)], [FULL])
    cluster.refuse = lambda request: 500 if request.path == f"{PODS}/web-x" else 0

    with pytest.raises(ApiError) as raised:
        await read_story(cluster, tmp_path, "web-x")

    assert 500 == raised.value.status


async def test_pod_that_is_not_there_is_missed_where_it_was_looked_for(tmp_path: Path) -> None:
    """The error names the namespace of -n."""
    with pytest.raises(ApiError, match="there is no pod web-x in the namespace cart,"):
        await read_story(await cluster_with([pod()], []), tmp_path, "web-x", "-n", "cart")


async def test_events_of_a_static_pod_are_found_by_its_mirror_s_hash(tmp_path: Path) -> None:
    """The kubelet's Events about a static pod carry the hash of its manifest as uid."""
    mirrored = pod(restarts=2)
    mirrored["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "hash"}
    cluster = await cluster_with([mirrored], [])
    about = {**KILLING["involvedObject"], "uid": "hash"}
    await cluster.put(EVENTS, {**KILLING, "involvedObject": about})

    (judged,) = (await read_story(cluster, tmp_path, "web-x")).judged

    assert ("LivenessProbe", "Confirmed") == (judged.cause, judged.confidence)


async def test_events_about_the_pod_before_are_no_evidence(tmp_path: Path) -> None:
    """Events about an earlier pod of the same name do not explain this pod's restart."""
    cluster = await cluster_with([pod(restarts=2)], [])
    about = {**KILLING["involvedObject"], "uid": "uid-before"}
    await cluster.put(EVENTS, {**KILLING, "involvedObject": about})

    (judged,) = (await read_story(cluster, tmp_path, "web-x")).judged

    assert "LivenessProbe" != judged.cause


async def test_first_restart_is_judged(tmp_path: Path) -> None:
    """The first restart of a container is judged with its end, though nothing was seen before."""
    story = await read_story(await cluster_with([pod(restarts=1)], []), tmp_path, "web-x")

    (judged,) = json.loads(render_json(story))["judgedNow"]
    assert (1, 137, KILLED) == tuple(
        judged[key] for key in ("restartCount", "exitCode", "finishedAt")
    )


async def test_latest_failures_come_first(tmp_path: Path) -> None:
    """Probe failures are sorted by time, the latest first, whatever the order of the Events."""
    cluster = await cluster_with([pod()], [])
    for number, minute in enumerate((5, 9, 7)):
        at = f"2026-11-20T10:0{minute}:00Z"
        said = f"Liveness probe failed: HTTP probe failed with statuscode: {number + 3}00"
        meta = {"name": f"web-x.{number}", "namespace": "shop", "uid": f"e-{number}"}
        times = {"firstTimestamp": at, "lastTimestamp": at, "reason": "Unhealthy"}
        await cluster.put(EVENTS, {**KILLING, **times, "message": said, "metadata": meta})

    story = await read_story(cluster, tmp_path, "web-x")

    assert ["http_4xx", "http_5xx", "http_3xx"] == [each.reason for each in story.failures]
    assert story.live is not None
    assert sorted(each.at for each in story.live.evidence) == [
        each.at for each in story.live.evidence
    ]


async def test_failure_that_the_probe_cannot_have_is_not_told(tmp_path: Path) -> None:
    """What the command of an exec probe printed is not taken for a failure of the network."""
    shown = pod()
    shown["spec"]["containers"][0]["livenessProbe"] = {"exec": {"command": ["check"]}}
    cluster = await cluster_with([shown], [])
    said = "Liveness probe failed: dial tcp 10.0.0.9:5432: connect: connection refused"
    await cluster.put(EVENTS, {**KILLING, "reason": "Unhealthy", "message": said})

    (failure,) = (await read_story(cluster, tmp_path, "web-x")).failures

    assert "exec_exit" == failure.reason


async def test_restart_without_an_end_has_its_place(tmp_path: Path) -> None:
    """A restart whose end is unknown is sorted by the time at which it was seen."""
    known = record(incidents=[incident(5, finishedAt=""), incident(4, time=KILLED)])

    text = render_text(
        await read_story(await cluster_with([pod(restarts=5)], [known]), tmp_path, "web-x")
    )

    assert -1 < text.find("app, restart 5") < text.find("app, restart 4")


async def test_pod_that_is_its_own_workload_is_named_once(tmp_path: Path) -> None:
    """A pod without an owner is recorded as its own workload, which the first line leaves out."""
    known = record(incidents=[incident(5)])
    known["status"]["workload"] |= {"kind": "Pod", "name": "web-x"}

    story = await read_story(await cluster_with([pod(restarts=5)], [known]), tmp_path, "web-x")

    assert render_text(story).startswith("Pod shop/web-x on n1: Running, ready for ")


async def test_no_restart_is_due_after_an_end_of_another_instance(tmp_path: Path) -> None:
    """A waiting container whose last state is of an earlier instance gets no restart ahead."""
    waiting = pod(restarts=2)
    (status,) = waiting["status"]["containerStatuses"]
    status |= {"state": {"waiting": {"reason": "ImagePullBackOff"}}, "containerID": "c://2"}
    status["lastState"]["terminated"]["containerID"] = "c://1"

    story = await read_story(await cluster_with([waiting], []), tmp_path, "web-x")

    assert [2] == [each.restart_count for each in story.judged]
