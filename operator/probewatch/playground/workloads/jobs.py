"""The Job controller: runs pods to completion, up to a limit of failures."""

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.workloads.workloads import ControllerClient, is_active

COMPONENT = "job-controller"
CONTROLLER_LABEL = "batch.kubernetes.io/controller-uid"


def reconcile_job(client: ControllerClient, job: JsonObject) -> None:
    """Create pods until enough have succeeded or too many have failed."""
    status = job.get("status") or {}
    if any(item["status"] == "True" for item in status.get("conditions") or ()):
        return
    pods = client.type_of("pods")
    every = client.owned(pods, job)
    spec = job["spec"]
    if not spec.get("selector"):
        _set_selector(client, job)
        return
    succeeded, failed = (_count(every, phase) for phase in ("Succeeded", "Failed"))
    active = [pod for pod in every if is_active(pod)]
    completions = spec.get("completions", 1)
    if failed > spec.get("backoffLimit", 6):
        _finish(client, job, every, kind="Failed")
        return
    if succeeded >= completions:
        _finish(client, job, every, kind="Complete")
        return
    missing = min(spec.get("parallelism", 1), completions - succeeded) - len(active)
    for _ in range(missing):
        made = client.create(pods, job, _make_pod(job))
        client.record_event(
            job, COMPONENT, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}"
        )
    every = client.owned(pods, job)
    client.set_status(client.type_of("jobs", "batch"), job, _status(client, job, every))


def _set_selector(client: ControllerClient, job: JsonObject) -> None:
    """Set the selector of the job's pods, which `kubectl logs job/…` uses."""
    selector = {"matchLabels": {CONTROLLER_LABEL: job["metadata"]["uid"]}}
    jobs = client.type_of("jobs", "batch")
    client.change(jobs, job, lambda old: {**old, "spec": {**old["spec"], "selector": selector}})


def _count(pods: list[JsonObject], phase: str) -> int:
    return sum((pod.get("status") or {}).get("phase") == phase for pod in pods)


def _make_pod(job: JsonObject) -> JsonObject:
    meta, template = job["metadata"], job["spec"]["template"]
    own = {
        CONTROLLER_LABEL: meta["uid"],
        "batch.kubernetes.io/job-name": meta["name"],
    }
    labels = {**((template.get("metadata") or {}).get("labels") or {}), **own}
    return {
        "metadata": {"generateName": f"{meta['name']}-", "labels": labels},
        "spec": template["spec"],
    }


def _status(client: ControllerClient, job: JsonObject, pods: list[JsonObject]) -> JsonObject:
    counts = {
        "active": sum(map(is_active, pods)),
        "succeeded": _count(pods, "Succeeded"),
        "failed": _count(pods, "Failed"),
    }
    start = (job.get("status") or {}).get("startTime")
    return {
        "startTime": start or render_time(client.registry.clock.now()),
        **{key: count for key, count in counts.items() if count},
    }


def _finish(
    client: ControllerClient, job: JsonObject, pods: list[JsonObject], *, kind: str
) -> None:
    at = render_time(client.registry.clock.now())
    reason, message = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
    status = _status(client, job, pods)
    if kind == "Complete":
        reason, message = "CompletionsReached", "Reached expected number of succeeded pods"
        status["completionTime"] = at
    status["conditions"] = [
        {
            "type": kind,
            "status": "True",
            "lastProbeTime": at,
            "lastTransitionTime": at,
            "reason": reason,
            "message": message,
        }
    ]
    client.set_status(client.type_of("jobs", "batch"), job, status)
    event = ("Completed", "Job completed") if kind == "Complete" else (reason, message)
    client.record_event(job, COMPONENT, *event)
