"""`explain` on the state of a pod, and on pods that are not watched."""

import json
from pathlib import Path

import pytest

from probewatch.commands import explain
from probewatch.commands.explain_json import render_json
from probewatch.commands.render_explain import render_text
from probewatch.commands.story import Story
from tests.commands.shop import Json, cluster_with, parse, pod, standing


async def read_story(folder: Path, item: Json) -> Story:
    async with standing(await cluster_with([item], []), folder) as kubeconfig:
        return await explain.read(parse(explain, "web-x", "--kubeconfig", kubeconfig))


def unprobed() -> Json:
    item = pod(restarts=3)
    del item["spec"]["containers"][0]["livenessProbe"]
    return item


def opted_out() -> Json:
    item = pod(restarts=3)
    item["metadata"]["annotations"] = {"probewatch.dev/ignore": "true"}
    return item


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (unprobed(), "none of its containers has a probe"),
        (opted_out(), 'by its annotation probewatch.dev/ignore: "true"'),
    ],
)
async def test_pod_that_nobody_watches_is_told_so(tmp_path: Path, item: Json, why: str) -> None:
    """For a pod that is not watched the output says why nothing is recorded."""
    text = render_text(await read_story(tmp_path, item))

    assert "3 restarts" in text
    assert "Note: the pod is not watched" in text
    assert why in text
    assert "no restart of this pod is recorded" not in text


async def test_reason_of_the_phase_is_told(tmp_path: Path) -> None:
    """The reason of the phase, such as Evicted, is shown."""
    item = pod()
    item["status"] |= {"phase": "Failed", "reason": "Evicted"}
    story = await read_story(tmp_path, item)

    assert ": Failed (Evicted), ready" in render_text(story)
    assert ("Failed", "Evicted") == tuple(
        json.loads(render_json(story))[key] for key in ("phase", "reason")
    )


async def test_hook_that_the_container_waits_for_is_the_cause(tmp_path: Path) -> None:
    """A container that waits because its postStart hook failed is due to restart for that."""
    item = pod(restarts=1)
    item["spec"]["containers"][0]["lifecycle"] = {"postStart": {"exec": {"command": ["x"]}}}
    status = item["status"]["containerStatuses"][0]
    status |= {"state": {"waiting": {"reason": "PostStartHookError"}}, "containerID": "c://2"}
    status["lastState"]["terminated"] |= {"containerID": "c://2", "exitCode": 143}
    text = render_text(await read_story(tmp_path, item))

    assert "app, restart 2 (due), judged now: PostStartHook (Confirmed)" in text


@pytest.mark.parametrize(
    ("conditions", "waits"),
    [
        ({"Ready": "False", "ContainersReady": "True"}, True),
        ({"Ready": "False", "ContainersReady": "False"}, False),
        ({"Ready": "True", "ContainersReady": "True"}, False),
    ],
    ids=["waits", "containers are not ready", "ready"],
)
async def test_readiness_gates_are_named_where_they_are_waited_for(
    tmp_path: Path, conditions: dict[str, str], *, waits: bool
) -> None:
    """Readiness gates are named if the pod only waits for them."""
    item = pod()
    item["spec"]["readinessGates"] = [{"conditionType": "example.com/lb"}]
    item["status"]["conditions"] = [
        {"type": name, "status": status} for name, status in conditions.items()
    ]

    text = render_text(await read_story(tmp_path, item))

    assert waits == ("waits for its readiness gates: example.com/lb" in text)
