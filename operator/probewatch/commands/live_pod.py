"""Reads one pod and the kubelet's Events about it, and judges its last restarts from these.

Only what is left can be judged: the last restart of each container, with the Events that have not
expired, and what is recorded of earlier restarts. That is less than the operator knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from probewatch.core.evidence import Evidence, occurrence
from probewatch.core.findings import Advice, Finding, Restart
from probewatch.core.model import ContainerStatus, Pod, PodUid, Termination
from probewatch.core.observe import EvidenceObserved, PodObserved, TimePassed, observe
from probewatch.core.policy import Policy
from probewatch.core.recollection import recall_past
from probewatch.core.remembered import Remembered, RememberedContainer
from probewatch.core.restart_policy import OVER, will_restart
from probewatch.core.state import PodState
from probewatch.core.values import replace
from probewatch.core.watermarks import HOOK_FAILED
from probewatch.errors import ApiError
from probewatch.kube import event_objects, objects
from probewatch.kube.answers import ask_for
from probewatch.kube.api_paths import find_path
from probewatch.kube.client import ApiClient
from probewatch.kube.pods.snapshot import parse_pod
from probewatch.kube.reports.objects import Incident
from probewatch.kube.reports.parsing import parse_incident
from probewatch.kube.testimony import parse_evidence

EVENTS_LIMIT = 500

_PODS = msgspec.json.Decoder(objects.Pod)


class _Events(msgspec.Struct):
    items: list[event_objects.Event]


_EVENTS = msgspec.json.Decoder(_Events)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePod:
    """A pod, and the kubelet's Events about it that have not expired."""

    pod: Pod
    evidence: tuple[Evidence, ...]
    events_error: ApiError | None = None
    """Why the Events could not be read; without an error, None."""


async def read_pod(client: ApiClient, namespace: str, name: str) -> LivePod:
    """Return a pod as it is; raises ApiError, with status 404 if there is none."""
    raw = await ask_for(client, _PODS, find_path("v1", "pods", namespace, name))
    pod = parse_pod(raw)
    selector = f"involvedObject.kind=Pod,involvedObject.name={name},source=kubelet"
    params = {"fieldSelector": selector, "limit": str(EVENTS_LIMIT)}
    events, error = await _read_events(client, find_path("v1", "events", namespace), params)
    about = map(parse_evidence, events)
    known = [each for each in about if each and each.involved_uid == pod.evidence_uid]
    evidence = tuple(sorted(known, key=occurrence))
    return LivePod(pod=pod, evidence=evidence, events_error=error)


async def _read_events(
    client: ApiClient, path: str, params: dict[str, str]
) -> tuple[Sequence[event_objects.Event], ApiError | None]:
    """Return the Events, or none and the error: the pod alone is worth showing too."""
    try:
        return (await ask_for(client, _EVENTS, path, params)).items, None
    except ApiError as error:
        return (), error


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What follows from a pod, its remaining Events and the recorded restarts."""

    restarts: tuple[Restart, ...] = ()
    """The last restart of each container, with the verdict that is possible now."""
    advice: tuple[Advice, ...] = ()
    """Advice on its probes, from how they failed."""


def judge(live: LivePod, recorded: Sequence[Incident], now: float) -> Judgement:
    """Return the last restarts of a pod with their verdicts, and advice on its probes.

    For a container in back-off it is the restart that it waits for: its status shows that end. For
    one that is shown as terminated, or whose postStart hook failed, the restart that is due is
    judged too.
    *recorded* are the incidents of its workload, newest first.
    """
    statuses = tuple(_restarted(status) for status in live.pod.statuses)
    before = {
        status.name: _remember(live.pod.uid, status, recorded)
        for status in statuses
        if status.restart_count > 0
    }
    pod = replace(live.pod, statuses=statuses)
    seen = PodObserved(pod=pod, remembered=Remembered(containers=before))
    step = observe(None, seen, Policy(), now)
    found: list[Finding] = list(step.findings)
    for evidence in live.evidence:
        step = observe(step.state, EvidenceObserved(evidence=evidence), Policy(), now)
        found.extend(step.findings)
    due = PodObserved(pod=_with_due_restarts(pod))
    if due.pod.statuses != pod.statuses:
        step = observe(step.state, due, Policy(), now)
        found.extend(step.findings)
    found.extend(_wait(step.state, step.due))
    return Judgement(
        restarts=tuple(each for each in found if isinstance(each, Restart)),
        advice=tuple(each for each in found if isinstance(each, Advice)),
    )


def _remember(
    uid: PodUid, status: ContainerStatus, recorded: Sequence[Incident]
) -> RememberedContainer:
    """Return what is known of a container from before its last restart."""
    mine = [
        parse_incident(each)
        for each in reversed(recorded)
        if (each.uid, each.container) == (uid, status.name)
        and each.restart_count < status.restart_count
    ]
    return RememberedContainer(count=status.restart_count - 1, past=recall_past(mine))


def _restarted(status: ContainerStatus) -> ContainerStatus:
    """Return a container in back-off as if it had been restarted; others as they are."""
    death = _end_before_wait(status)
    if death is None or status.waiting_reason == HOOK_FAILED:
        return status
    return _next_instance(status, death)


def _end_before_wait(status: ContainerStatus) -> Termination | None:
    """Return the end of the newest instance of a container that waits for its next start."""
    death = status.last
    newest = death is not None and death.container_id == status.container_id
    return death if status.waiting_reason and newest else None


def _with_due_restarts(pod: Pod) -> Pod:
    """Return the next version of a pod, in which its terminated containers run again.

    So do those that wait because their postStart hook failed: that reason tells why they ended.
    Those that are not restarted stay as they are.
    """
    statuses = tuple(_started_again(pod, status) for status in pod.statuses)
    return replace(pod, statuses=statuses, resource_version=pod.resource_version + 1)


def _started_again(pod: Pod, status: ContainerStatus) -> ContainerStatus:
    held = _end_before_wait(status) if status.waiting_reason == HOOK_FAILED else None
    death, container = status.terminated or held, pod.spec.container(status.name)
    if death is None or container is None or pod.phase in OVER or pod.deletion_at is not None:
        return status
    if not will_restart(container, pod.spec, death.exit_code):
        return status
    return _next_instance(status, death)


def _next_instance(status: ContainerStatus, death: Termination) -> ContainerStatus:
    """Return the status of the instance that is started after this end."""
    return replace(
        status,
        restart_count=status.restart_count + 1,
        container_id="",
        terminated=None,
        waiting_reason="",
        last=death,
        running_since=death.finished_at,
    )


def _wait(state: PodState | None, due: float | None) -> Iterable[Finding]:
    """Let time pass until no restart waits for evidence any more; yield the findings."""
    while state is not None and due is not None and any(m.pending for _, m in state.memories):
        step = observe(state, TimePassed(), Policy(), due)
        state, due = step.state, step.due
        yield from step.findings
