"""Jobs: pods that run to their end, so many times, with so many failures borne."""

from typing import Any

from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.workloads.workloads import Workbench, is_active

JsonObject = dict[str, Any]
COMPONENT = "job-controller"
CONTROLLER_LABEL = "batch.kubernetes.io/controller-uid"


def reconcile_job(bench: Workbench, job: JsonObject) -> None:
    """Make pods until enough have succeeded or too many have failed."""
    status = job.get("status") or {}
    if any(item["status"] == "True" for item in status.get("conditions") or ()):
        return
    pods = bench.type_of("pods")
    every = bench.owned(pods, job)
    spec = job["spec"]
    if not spec.get("selector"):
        _set_selector(bench, job)
        return
    succeeded, failed = (_count(every, phase) for phase in ("Succeeded", "Failed"))
    active = [pod for pod in every if is_active(pod)]
    completions = spec.get("completions", 1)
    if failed > spec.get("backoffLimit", 6):
        _finish(bench, job, every, kind="Failed")
        return
    if succeeded >= completions:
        _finish(bench, job, every, kind="Complete")
        return
    missing = min(spec.get("parallelism", 1), completions - succeeded) - len(active)
    for _ in range(missing):
        made = bench.create(pods, job, _make_pod(job))
        bench.say(job, COMPONENT, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
    every = bench.owned(pods, job)
    bench.set_status(bench.type_of("jobs", "batch"), job, _status(bench, job, every))


def _set_selector(bench: Workbench, job: JsonObject) -> None:
    """Let the job select its own pods; `kubectl logs job/…` goes by that."""
    selector = {"matchLabels": {CONTROLLER_LABEL: job["metadata"]["uid"]}}
    jobs = bench.type_of("jobs", "batch")
    bench.change(jobs, job, lambda old: {**old, "spec": {**old["spec"], "selector": selector}})


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


def _status(bench: Workbench, job: JsonObject, pods: list[JsonObject]) -> JsonObject:
    counts = {
        "active": sum(map(is_active, pods)),
        "succeeded": _count(pods, "Succeeded"),
        "failed": _count(pods, "Failed"),
    }
    start = (job.get("status") or {}).get("startTime")
    return {
        "startTime": start or render_time(bench.registry.clock.now()),
        **{key: count for key, count in counts.items() if count},
    }


def _finish(bench: Workbench, job: JsonObject, pods: list[JsonObject], *, kind: str) -> None:
    at = render_time(bench.registry.clock.now())
    reason, message = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
    status = _status(bench, job, pods)
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
    bench.set_status(bench.type_of("jobs", "batch"), job, status)
    said = ("Completed", "Job completed") if kind == "Complete" else (reason, message)
    bench.say(job, COMPONENT, *said)
