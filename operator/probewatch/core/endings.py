"""Endings: probe kills of containers that are not started again.

With restart policy `Never` the count does not rise, and with `OnFailure` it may not either: an
application that exits with 0 on SIGTERM leaves a pod that succeeded (kubernetes issue 109537). No
restart is counted for these, so such a kill needs a finding of its own to be seen by anybody.
"""

from probewatch.core.book import Book
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import Facts
from probewatch.core.findings import ProbeKillWithoutRestart
from probewatch.core.kills import matched_kill
from probewatch.core.model import ContainerStatus, Pod, Termination
from probewatch.core.restart_policy import OVER, will_restart
from probewatch.core.restarts import CountedRestart
from probewatch.core.spec import Container, ContainerKind, PodSpec
from probewatch.core.state import ContainerMemory, PodState
from probewatch.core.testimony import probe_kill_event
from probewatch.core.values import replace
from probewatch.core.verdict import PROBE_KILLS, PROBE_OF, with_failures_until


def ended_for_good(pod: Pod, status: ContainerStatus) -> Termination | None:
    """Return the termination of a container that the kubelet will not start again, else None.

    None too for a pod that is being deleted or was evicted: it is stopped as a whole.
    """
    if status.terminated is None or pod.deletion_at is not None or pod.reason:
        return None
    container = pod.spec.container(status.name)
    if container is None or container.kind is ContainerKind.INIT:
        return None
    goes_on = will_restart(container, pod.spec, status.terminated.exit_code)
    return status.terminated if pod.phase in OVER or not goes_on else None


def endings_of(pod: Pod) -> frozenset[str]:
    """Return the containers that have ended for good, as `name/count`."""
    return frozenset(_key(status) for status in pod.statuses if ended_for_good(pod, status))


def _key(status: ContainerStatus) -> str:
    return f"{status.name}/{status.restart_count}"


def judge_endings(state: PodState) -> tuple[PodState, tuple[ProbeKillWithoutRestart, ...]]:
    """Report each final probe kill once; those from before the pod was watched are left out."""
    found: list[ProbeKillWithoutRestart] = []
    told = state.endings
    for status in state.pod.statuses:
        death = ended_for_good(state.pod, status)
        container = None if death is None else state.pod.spec.container(status.name)
        if death is None or container is None or _key(status) in told:
            continue
        facts = _facts(state.pod.spec, container, status, death, state.memory(status.name))
        verdict = _judge(facts)
        if verdict is not None:
            told |= {_key(status)}
            found.append(_tell(state, status.name, death, verdict))
    return (replace(state, endings=told) if found else state), tuple(found)


def _facts(
    spec: PodSpec,
    container: Container,
    status: ContainerStatus,
    death: Termination,
    memory: ContainerMemory,
) -> Facts:
    return Facts(
        restart=CountedRestart(
            container=container,
            restart_count=status.restart_count,
            termination=death,
        ),
        spec=spec,
        book=memory.book,
        pod_book=Book(),
        used=memory.used,
    )


def _judge(facts: Facts) -> tuple[Cause, Confidence] | None:
    """Return the cause, if a probe was it, and its confidence.

    If no other container stays up, the kubelet stops the whole pod and only reports `Stopping
    container`; then the probe failures before that decide. Failures after it have no consequence:
    a sidecar is still probed while it drains.
    """
    said = probe_kill_event(facts)
    if said is not None:
        return (said.cause, said.confidence) if said.cause in PROBE_OF else None
    kill = matched_kill(facts)
    if kill is None or kill.kind is not EvidenceKind.KILL_STOP:
        return None
    facts = with_failures_until(facts, kill.at)
    for cause, probe_type in PROBE_KILLS.values():
        if facts.threshold_reached(probe_type):
            return cause, Confidence.MEDIUM
    return None


def _tell(
    state: PodState, name: str, death: Termination, verdict: tuple[Cause, Confidence]
) -> ProbeKillWithoutRestart:
    cause, confidence = verdict
    at = death.finished_at if death.finished_at is not None else 0.0
    return ProbeKillWithoutRestart(
        pod=state.ref, container=name, cause=cause, confidence=confidence, at=at
    )
