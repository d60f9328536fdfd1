"""`explain` against a fake cluster: the story of one pod, and what is unknown about it."""

import json
from pathlib import Path

import pytest

from probewatch.commands.explain_json import render_json
from probewatch.commands.probe_failures import MEANINGS
from probewatch.commands.render_explain import render_text
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import FailureReason
from probewatch.errors import ApiError, InputError
from tests.commands.shop import (
    BACK,
    FULL,
    KILLED,
    KILLING,
    STARTED,
    Json,
    cluster_with,
    incident,
    pod,
    read_story,
    record,
)


async def test_explain_tells_what_is_recorded(tmp_path: Path) -> None:
    """Recorded restarts are shown with their evidence, newest first."""
    cluster = await cluster_with([pod(restarts=5)], [FULL])

    text = render_text(await read_story(cluster, tmp_path, "web-x"))

    assert "Pod shop/web-x of Deployment/web on n1: Running, ready" in text
    assert "app, restart 5, " in text
    assert "first published as Unknown" in text
    assert "pods of the workload were killed at the same time (WorkloadWide)" in text
    assert "LivenessSingleFailure" in text
    assert "judged now" not in text


async def test_explain_judges_what_nobody_recorded(tmp_path: Path) -> None:
    """Without records the last restart is judged from the pod and its remaining Events."""
    cluster = await cluster_with([pod(restarts=2)], None)
    await cluster.put("/api/v1/namespaces/shop/events", KILLING)

    story = await read_story(cluster, tmp_path, "web-x")
    text = render_text(story.about("app"))
    told = json.loads(render_json(story))

    assert "app, restart 2, judged now: LivenessProbe (Confirmed)" in text
    assert "Note: this cluster has no ProbeReports" in text
    assert [("LivenessProbe", 2)] == [
        (each["cause"], each["restartCount"]) for each in told["judgedNow"]
    ]


def failure(name: str, message: str, count: int) -> Json:
    """A repeated Event about a probe."""
    about = {"name": name, "namespace": "shop", "uid": f"e-{name}"}
    return {
        **KILLING,
        "metadata": about,
        "reason": "Unhealthy",
        "message": message,
        "count": count,
    }


async def test_explain_tells_how_probes_failed(tmp_path: Path) -> None:
    """Probe failures are counted by reason, with a hint, and never in the probe's own words."""
    cluster = await cluster_with([pod()], None)
    said = (
        ("a", "Liveness probe failed: HTTP probe failed with statuscode: 404", 7),
        ("b", "Liveness probe failed: HTTP probe failed with statuscode: 403", 2),
        ("c", "Readiness probe errored and resulted in unknown state: password=x", 3),
    )
    for each in said:
        await cluster.put("/api/v1/namespaces/shop/events", failure(*each))

    story = await read_story(cluster, tmp_path, "web-x")
    text, told = render_text(story), json.loads(render_json(story))

    assert "app Liveness: 9 × http_4xx, last " in text
    assert "(the server rejected the request: is the path right?)" in text
    assert "app Readiness: 3 × errored, last " in text
    assert "password" not in text
    assert {("Liveness", "http_4xx", 9), ("Readiness", "errored", 3)} == {
        (each["probeType"], each["reason"], each["count"]) for each in told["probeFailures"]
    }
    assert "How its probes failed" not in render_text(story.about("other"))


def test_every_kind_of_failure_has_words() -> None:
    """Each failure reason has a meaning, in the list's order."""
    assert list(FailureReason) == list(MEANINGS)


async def test_explain_judges_the_death_that_is_shown(tmp_path: Path) -> None:
    """For a container in back-off the restart that is due is judged."""
    waiting = pod(restarts=2)
    (status,) = waiting["status"]["containerStatuses"]
    status["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    status["containerID"] = "containerd://2"
    status["lastState"]["terminated"]["containerID"] = "containerd://2"
    cluster = await cluster_with([waiting], None)
    await cluster.put("/api/v1/namespaces/shop/events", KILLING)

    text = render_text(await read_story(cluster, tmp_path, "web-x"))

    assert "app: waiting (CrashLoopBackOff), 2 restarts" in text
    assert "app, restart 3 (due), judged now: LivenessProbe (Confirmed)" in text


@pytest.mark.parametrize(
    ("code", "policy", "due"),
    [(3, "Always", True), (0, "Always", True), (3, "OnFailure", True), (0, "OnFailure", False)],
)
async def test_explain_judges_an_end_whose_restart_is_due(
    tmp_path: Path, code: int, policy: str, *, due: bool
) -> None:
    """A container shown as terminated is judged as if it ran again, if the kubelet starts it."""
    ended = pod(restarts=0)
    ended["spec"]["restartPolicy"] = policy
    (status,) = ended["status"]["containerStatuses"]
    terminated = {"exitCode": code, "reason": "Error", "startedAt": STARTED, "finishedAt": KILLED}
    status["state"] = {"terminated": terminated | {"containerID": "containerd://1"}}
    status["containerID"] = "containerd://1"
    cluster = await cluster_with([ended], None)

    text = render_text(await read_story(cluster, tmp_path, "web-x"))

    cause = "Completed" if code == 0 else "Error"
    assert due is (f"app, restart 1 (due), judged now: {cause} (Medium)" in text)
    assert due is ("it was shown as terminated before the kubelet acted" in text)


async def test_explain_judges_no_restart_of_a_pod_that_is_over(tmp_path: Path) -> None:
    """Nothing is started again in a pod that has failed."""
    over = pod(restarts=0)
    over["status"]["phase"] = "Failed"
    (status,) = over["status"]["containerStatuses"]
    terminated = {"exitCode": 3, "reason": "Error", "startedAt": STARTED, "finishedAt": KILLED}
    status["state"] = {"terminated": terminated | {"containerID": "containerd://1"}}
    cluster = await cluster_with([over], None)

    assert "judged now" not in render_text(await read_story(cluster, tmp_path, "web-x"))


async def test_explain_knows_pods_that_are_gone(tmp_path: Path) -> None:
    """A deleted pod is explained from the records."""
    text = render_text(await read_story(await cluster_with([], [FULL]), tmp_path, "pod/web-x"))

    assert "Pod shop/web-x of Deployment/web is gone" in text
    assert "kubelet: failed liveness probe, kill 1" in text


async def test_explain_an_unknown_pod(tmp_path: Path) -> None:
    """A pod that neither exists nor is recorded is an error that names the place."""
    with pytest.raises(ApiError, match="no pod nobody in the namespace shop, and nothing rec"):
        await read_story(await cluster_with([], [FULL]), tmp_path, "nobody")


async def test_explain_one_container_only(tmp_path: Path) -> None:
    """With a container name only that container is shown."""
    cluster = await cluster_with([pod(restarts=5)], [FULL])

    text = render_text((await read_story(cluster, tmp_path, "web-x")).about("other"))

    assert "app" not in text


def died(number: int, finished: str) -> Json:
    """The pod after so many restarts, the last one after this end."""
    item = pod(restarts=number)
    (status,) = item["status"]["containerStatuses"]
    status["lastState"]["terminated"]["finishedAt"] = finished
    status["state"] = {"running": {"startedAt": "2026-11-20T13:00:00Z"}}
    return item


async def test_explain_tells_the_death_that_is_not_recorded_yet(tmp_path: Path) -> None:
    """A newer restart that is not recorded yet is shown first."""
    cluster = await cluster_with([died(6, "2026-11-20T12:00:00Z")], [FULL])

    story = await read_story(cluster, tmp_path, "web-x")
    text = render_text(story)

    places = [text.find(words) for words in ("restart 6, judged now", "restart 5,", "restart 4,")]
    assert -1 not in places
    assert sorted(places) == places


async def test_explain_compares_a_new_death_with_the_recorded_ones(tmp_path: Path) -> None:
    """A loop whose Events are dropped goes on for the cause that it had, not for an unknown one."""
    new = died(6, "2026-11-20T12:00:41Z")
    (status,) = new["status"]["containerStatuses"]
    status["lastState"]["terminated"]["startedAt"] = "2026-11-20T12:00:00Z"
    status["state"]["running"]["startedAt"] = "2026-11-20T12:00:43Z"
    recorded = [record(incidents=[incident(5), incident(4)])]
    others = [record(incidents=[incident(5, uid="uid-of-an-earlier-web-x"), incident(6)])]

    found = []
    for known in (recorded, others, None):
        (restart,) = (await read_story(await cluster_with([new], known), tmp_path, "web-x")).judged
        found.append((restart.cause, restart.confidence))

    assert [
        (Cause.LIVENESS_PROBE, Confidence.MEDIUM),
        (Cause.UNKNOWN, Confidence.LOW),
        (Cause.UNKNOWN, Confidence.LOW),
    ] == found


async def test_explain_takes_no_old_restart_for_a_new_one(tmp_path: Path) -> None:
    """After a reset of the count, a restart with a recorded number is another one."""
    cluster = await cluster_with([died(4, "2026-11-20T12:00:00Z")], [FULL])

    text = render_text(await read_story(cluster, tmp_path, "web-x"))

    assert "app, restart 4, judged now" in text


async def test_explain_is_in_the_order_of_deaths(tmp_path: Path) -> None:
    """Recorded and newly judged restarts are sorted by their time."""
    old = died(1, "2026-11-20T09:00:00Z")
    (status,) = old["status"]["containerStatuses"]
    status["lastState"]["terminated"]["startedAt"] = "2026-11-20T08:00:00Z"
    old["status"]["containerStatuses"] = [{**status, "name": "early"}]

    text = render_text(await read_story(await cluster_with([old], [FULL]), tmp_path, "web-x"))

    assert -1 < text.find("app, restart 4") < text.find("early, restart 1, judged now")


@pytest.mark.parametrize(("status", "why"), [(403, "a right is missing"), (500, "answers 500")])
async def test_explain_without_events_says_so(tmp_path: Path, status: int, why: str) -> None:
    """If Events cannot be read, the output says so and no cause rests on their absence."""
    crashed = pod(restarts=1)
    crashed["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] = 1
    cluster = await cluster_with([crashed], None)
    cluster.refuse = lambda request: status if request.path.endswith("/events") else 0

    story = await read_story(cluster, tmp_path, "web-x")
    text, told = render_text(story), json.loads(render_json(story))

    assert "app, restart 1, judged now: Error (Low)" in text
    assert "no probe failure was reported" not in text
    assert "Note: the kubelet's Events cannot be read: " in text
    assert why in text
    assert "\nNote: this cluster has no ProbeReports" in text
    assert "the kubelet's Events cannot be read" in told["note"]


async def test_explain_without_reports_says_which_right_is_missing(tmp_path: Path) -> None:
    """If ProbeReports cannot be read, a note says so, beside what the pod itself tells."""
    cluster = await cluster_with([pod(restarts=1)], [FULL])
    cluster.refuse = lambda request: 403 if request.path.endswith("/probereports") else 0

    text = render_text(await read_story(cluster, tmp_path, "web-x"))

    assert "app, restart 1, judged now: " in text
    assert "\nNote: the ProbeReports cannot be read: a right is missing: " in text


async def test_explain_without_events_keeps_what_the_pod_itself_tells(tmp_path: Path) -> None:
    """A cause that the termination alone tells needs no Events."""
    killed = pod(restarts=1)
    killed["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] = "OOMKilled"
    cluster = await cluster_with([killed], None)
    cluster.refuse = lambda request: 403 if request.path.endswith("/events") else 0

    text = render_text(await read_story(cluster, tmp_path, "web-x"))

    assert "app, restart 1, judged now: OOMKilled (" in text


async def test_explain_of_a_container_that_is_not_there(tmp_path: Path) -> None:
    """An unknown container is an error that lists the existing ones."""
    cluster = await cluster_with([pod(restarts=5)], [FULL])

    with pytest.raises(InputError, match=r"pod web-x has no container nosuch; it has: app$"):
        await read_story(cluster, tmp_path, "web-x", "-c", "nosuch")


async def test_explain_of_a_container_that_is_only_recorded(tmp_path: Path) -> None:
    """Of a deleted pod the recorded containers are known."""
    cluster = await cluster_with([], [FULL])

    assert "app" in render_text(
        (await read_story(cluster, tmp_path, "web-x", "-c", "app")).about("app")
    )
    with pytest.raises(InputError, match="nothing is recorded about a container nosuch of pod"):
        await read_story(cluster, tmp_path, "web-x", "-c", "nosuch")


async def test_explain_says_how_many_restarts_it_leaves_out(tmp_path: Path) -> None:
    """The text has the ten latest restarts and the number of others; JSON has all."""
    many = [incident(number) for number in range(13, 0, -1)]
    cluster = await cluster_with([pod(restarts=13)], [record(incidents=many)])

    story = await read_story(cluster, tmp_path, "web-x")
    text, told = render_text(story.about("app")), json.loads(render_json(story))

    assert 10 == text.count("app, restart ")
    assert "\n\n… and 3 older ones\n\n" in text
    fits = await cluster_with([pod(restarts=13)], [record(incidents=many[3:])])
    assert "older ones" not in render_text(await read_story(fits, tmp_path, "web-x"))
    assert list(range(13, 0, -1)) == [each["restartCount"] for each in told["incidents"]]


async def test_explain_tells_programs_how_the_pod_is(tmp_path: Path) -> None:
    """JSON has the pod's state, in the shape of a pod's status."""
    item = pod(restarts=2)
    others = (
        {"name": "waits", "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
        {"name": "ended", "state": {"terminated": {"exitCode": 3, "finishedAt": KILLED}}},
        {"name": "new", "state": {}},
    )
    item["status"]["containerStatuses"].extend({"restartCount": 0, **each} for each in others)
    item["spec"]["containers"].extend({"name": each["name"]} for each in others)

    story = await read_story(await cluster_with([item], None), tmp_path, "web-x")
    told, one = json.loads(render_json(story)), json.loads(render_json(story.about("waits")))

    assert ("Running", "n1", True, BACK) == tuple(
        told[key] for key in ("phase", "node", "ready", "readinessSince")
    )
    (app, waits, ended, new) = told["containers"]
    assert ("app", 2, True) == (app["name"], app["restartCount"], app["ready"])
    assert {"running": {"startedAt": BACK}} == app["state"]
    assert KILLED == app["lastState"]["terminated"]["finishedAt"]
    assert {"waiting": {"reason": "CrashLoopBackOff"}} == waits["state"]
    assert (3, KILLED) == tuple(
        ended["state"]["terminated"][key] for key in ("exitCode", "finishedAt")
    )
    assert {} == new["state"] == new["lastState"]
    assert [waits] == one["containers"]


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (3, "exit code 3"),
        (-1073741510, "exit code -1073741510 (0xC000013A)"),
        (None, "unknown exit code"),
    ],
)
async def test_explain_tells_how_a_container_ended(
    tmp_path: Path, exit_code: object, words: str
) -> None:
    """A Windows exit code is also shown in hexadecimal; an unknown one is called unknown."""
    item = pod()
    ended = {"terminated": {"exitCode": exit_code}}
    item["status"]["containerStatuses"][0]["state"] = ended

    story = await read_story(await cluster_with([item], None), tmp_path, "web-x")

    assert f"ended with {words}" in render_text(story)


async def test_explain_tells_programs_that_the_pod_is_gone(tmp_path: Path) -> None:
    """For a deleted pod JSON has only what is recorded."""
    told = json.loads(
        render_json(await read_story(await cluster_with([], [FULL]), tmp_path, "web-x"))
    )

    assert not told["exists"]
    assert [None, None, [], 2] == [
        told["phase"],
        told["ready"],
        told["containers"],
        len(told["incidents"]),
    ]


async def test_explain_says_what_is_in_a_loop(tmp_path: Path) -> None:
    """The first lines say that a container is in a restart loop, since when, and why."""
    story = await read_story(await cluster_with([pod(restarts=5)], [FULL]), tmp_path, "web-x")
    head, *_ = render_text(story).split("\n\n")
    told = json.loads(render_json(story))

    assert "5 restarts, in a restart loop for " in head
    assert head.endswith(" (LivenessProbe)")
    assert [("app", BACK)] == [(each["container"], each["since"]) for each in told["loops"]]


@pytest.mark.parametrize("other", [{"uid": "uid-before"}, {"pod": "web-y"}])
async def test_explain_tells_no_loop_of_others(tmp_path: Path, other: Json) -> None:
    """A loop of another pod, or of a previous pod of this name, is not shown."""
    loops = [{**FULL["status"]["loops"][0], **other}]
    cluster = await cluster_with([pod(restarts=5)], [record(incidents=[incident(5)], loops=loops)])

    story = await read_story(cluster, tmp_path, "web-x")

    assert "in a restart loop" not in render_text(story)


async def test_explain_knows_a_loop_whose_incidents_gave_way(tmp_path: Path) -> None:
    """A loop is shown even if its incidents are no longer recorded."""
    cluster = await cluster_with(
        [pod(restarts=5)], [record(incidents=[], loops=FULL["status"]["loops"])]
    )

    text = render_text(await read_story(cluster, tmp_path, "web-x"))

    assert "Pod shop/web-x of Deployment/web" in text
    assert "in a restart loop" in text


async def test_explain_sums_up_what_is_recorded(tmp_path: Path) -> None:
    """Several restarts get a summary by cause; a single one does not."""
    many = [incident(3, cause="Error"), incident(2), incident(1)]
    cluster = await cluster_with([pod(restarts=3)], [record(incidents=many)])
    one = await cluster_with([pod(restarts=1)], [record(incidents=[incident(1)])])

    text = render_text(await read_story(cluster, tmp_path, "web-x"))

    assert "\n\n3 recorded restarts: LivenessProbe 2, Error 1\n\n" in text
    assert "recorded restarts" not in render_text(await read_story(one, tmp_path, "web-x"))


async def test_explain_says_that_the_operator_will_know_more(tmp_path: Path) -> None:
    """Beside records, a note says that new verdicts rest on less than the operator's."""
    new = died(6, "2026-11-20T12:00:00Z")
    recorded = await read_story(await cluster_with([new], [FULL]), tmp_path, "web-x")
    alone = await read_story(await cluster_with([new], None), tmp_path, "web-x")

    assert "Note: what is judged now rests on the pod, its Events and" in render_text(recorded)
    assert "what is judged now" not in render_text(alone)


async def test_explain_advises_by_how_probes_failed(tmp_path: Path) -> None:
    """Advice from observed failures comes before advice from the spec."""
    cluster = await cluster_with([pod()], None)
    said = "Liveness probe errored and resulted in unknown state: no such file"
    await cluster.put("/api/v1/namespaces/shop/events", failure("a", said, 9))

    story = await read_story(cluster, tmp_path, "web-x")
    text, told = render_text(story), json.loads(render_json(story))

    advice = text.partition("Advice on its probes:\n")[2]
    assert advice.startswith("  app Liveness: ProbeNeverKills\n    ")
    assert "ProbeNeverKills" == told["advice"][0]["finding"]


async def test_explain_of_a_life_that_seems_to_end_before_it_began(tmp_path: Path) -> None:
    """A negative lifetime, after the node's clock was set back, is not shown."""
    odd = incident(1, startedAt="2026-11-21T00:00:00Z")

    story = await read_story(
        await cluster_with([pod(restarts=1)], [record(incidents=[odd])]), tmp_path, "web-x"
    )

    assert f"  ended at {KILLED}, exit code 137 (SIGKILL)\n" in render_text(story)
