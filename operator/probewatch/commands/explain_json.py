"""Renders all that is known about one pod as one JSON object, for programs.

States of containers have the shape that they have in a pod's status.
"""

import json
from collections.abc import Mapping

import msgspec

from probewatch.commands.outcome import render_time, render_verdict
from probewatch.commands.probe_failures import FailureCount
from probewatch.commands.story import Story
from probewatch.core.advice import AdviceItem
from probewatch.core.model import ContainerStatus, Termination

Json = Mapping[str, object]


def render_json(story: Story) -> str:
    """Return the story as one JSON object."""
    return json.dumps(
        {
            "namespace": story.namespace,
            "pod": story.name,
            "workload": story.workload,
            "exists": story.live is not None,
            **_render_pod(story),
            "containers": [_render_container(each) for each in story.statuses],
            "probeFailures": [_render_failure(each) for each in story.failures],
            "loops": msgspec.to_builtins(story.loops),
            "incidents": msgspec.to_builtins(story.incidents),
            "judgedNow": [render_verdict(each) for each in story.judged],
            "advice": [_render_advice(each) for each in story.advice],
            "note": "; ".join(story.notes),
        },
        indent=1,
    )


def _render_pod(story: Story) -> Json:
    """Return the state of the pod; nulls once it is gone."""
    pod = story.live.pod if story.live else None
    ready = pod.conditions.get("Ready") if pod else None
    return {
        "phase": pod.phase if pod else None,
        "reason": pod.reason if pod else None,
        "node": pod.node if pod else None,
        "ready": ready.status if ready else None,
        "readinessSince": render_time(ready.last_transition) if ready else None,
    }


def _render_container(status: ContainerStatus) -> Json:
    return {
        "name": status.name,
        "restartCount": status.restart_count,
        "ready": status.ready,
        "state": _render_state(status),
        "lastState": _render_termination(status.last) if status.last else {},
    }


def _render_state(status: ContainerStatus) -> Json:
    if status.running_since is not None:
        return {"running": {"startedAt": render_time(status.running_since)}}
    if status.waiting_reason:
        return {"waiting": {"reason": status.waiting_reason}}
    return _render_termination(status.terminated) if status.terminated else {}


def _render_termination(end: Termination) -> Json:
    fields = {
        "exitCode": end.exit_code,
        "reason": end.reason,
        "startedAt": render_time(end.started_at),
        "finishedAt": render_time(end.finished_at),
    }
    return {"terminated": fields}


def _render_failure(failure: FailureCount) -> Json:
    return {
        "container": failure.container,
        "probeType": failure.probe_type,
        "reason": failure.reason,
        "count": failure.count,
        "last": render_time(failure.last),
    }


def _render_advice(item: AdviceItem) -> Json:
    return {
        "container": item.container,
        "probeType": item.probe_type,
        "finding": item.finding,
        "message": item.message,
    }
