"""Turns a finding into the Event that people see in `kubectl describe pod`. Pure.

Events are `events.k8s.io/v1`, which the API server validates strictly: at most 1,024 bytes of
note, 128 of action, reason and instance, and none of the deprecated count and timestamps. They
are stored like core/v1 Events, so kubectl shows them among the kubelet's.

An Event's name is derived from what it is about: writing it again after a crash is answered
with AlreadyExists and creates no second Event.
"""

import hashlib
from functools import partial
from typing import assert_never

from probewatch.core.causes import Cause, Readiness
from probewatch.core.findings import (
    Advice,
    CountingBegan,
    Finding,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ProbeFailures,
    ProbeKillWithoutRestart,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import PodRef, Workload
from probewatch.core.spec import ContainerKind, PodSpec
from probewatch.core.startups import StartupSucceeded
from probewatch.core.verdict import PROBE_OF
from probewatch.kube.events import notes
from probewatch.kube.events import reasons as event_reasons
from probewatch.kube.events.draft import EventDraft
from probewatch.kube.events.reasons import EventKind

STEM_LIMIT = 200
"""Characters of the pod's name that are part of the Event's name, which may have 253 in all."""

CAUSE_LABEL = "probewatch.dev/cause"
CONFIDENCE_LABEL = "probewatch.dev/confidence"


def may_have_event(finding: Finding) -> bool:
    """Return False for findings that never lead to an Event; a cheap check before `draft_event`."""
    match finding:
        case PodTracked() | PodForgotten() | CountingBegan() | ProbeFailures():
            return False
        case ProbeKillWithoutRestart() | StartupSucceeded() | ReadinessChanged(hidden=True):
            return False
        case _:
            return True


def draft_event(finding: Finding, workload: Workload, spec: PodSpec) -> EventDraft | None:
    """Return the Event for a finding; None if the finding has none.

    *spec* is the pod's; with an empty one the note lacks the details of the probe.
    """
    match finding:
        case Restart():
            return None if finding.baseline else _restart(finding, workload, spec)
        case RestartCorrected():
            return _corrected(finding, workload, spec)
        case ReadinessChanged():
            return _readiness(finding, workload, spec)
        case FlappingChanged() | LoopStarted() | LoopEnded():
            return _pattern(finding, workload, spec)
        case Advice():
            return _advice(finding, workload, spec)
        case PodTracked() | PodForgotten() | CountingBegan() | ProbeFailures():
            return None
        case ProbeKillWithoutRestart() | StartupSucceeded():
            return None
        case _:
            assert_never(finding)


def field_path(spec: PodSpec, container: str) -> str:
    """Return a container's fieldPath as the kubelet writes it; an unknown one counts as regular."""
    if not container:
        return ""
    known = spec.container(container)
    regular = known is None or known.kind is ContainerKind.REGULAR
    return f"spec.{'containers' if regular else 'initContainers'}{{{container}}}"


def _restart(
    restart: Restart, workload: Workload, spec: PodSpec, *, was: Cause | None = None
) -> EventDraft:
    kind = event_reasons.RESTART_KINDS[restart.cause]
    container = spec.container(restart.container)
    probe_type = PROBE_OF.get(restart.cause)
    probe = container.probe(probe_type) if container and probe_type else None
    # Unobserved restarts are one jump of restartCount: one Event covers them all.
    jump = restart.cause is Cause.UNOBSERVED
    number = str(restart.restart_count)
    if jump:
        number = f"to {restart.seen.restart_count or restart.restart_count}"
    return EventDraft(
        kind=kind,
        pod=restart.pod,
        workload=workload,
        name=_name(restart.pod, kind, (restart.container, str(restart.epoch), number)),
        tell=partial(notes.restart_note, restart, probe=probe, was=was),
        field_path=field_path(spec, restart.container),
        labels={CAUSE_LABEL: restart.cause, CONFIDENCE_LABEL: restart.confidence},
    )


def _corrected(finding: RestartCorrected, workload: Workload, spec: PodSpec) -> EventDraft | None:
    # The same cause with a higher confidence is no news to people who read Events.
    if finding.was.cause is finding.now.cause or finding.now.baseline:
        return None
    return _restart(finding.now, workload, spec, was=finding.was.cause)


def _readiness(change: ReadinessChanged, workload: Workload, spec: PodSpec) -> EventDraft | None:
    # The other reasons have another Event, or are part of a pod's normal life.
    if change.hidden or change.reason not in event_reasons.READINESS_TEXTS:
        return None
    if change.to is Readiness.NOT_READY:
        kind = event_reasons.READINESS_LOST
        tell = partial(notes.readiness_lost_note, change)
    elif change.not_ready_seconds is None:
        return None  # ready for the first time: no loss came before
    else:
        kind = event_reasons.READINESS_RESTORED
        tell = partial(notes.readiness_restored_note, change)
    return EventDraft(
        kind=kind,
        pod=change.pod,
        workload=workload,
        name=_name(change.pod, kind, (f"{change.at:.6f}",)),
        tell=tell,
        field_path=field_path(spec, change.container),
    )


def _pattern(
    finding: FlappingChanged | LoopStarted | LoopEnded, workload: Workload, spec: PodSpec
) -> EventDraft | None:
    match finding:
        case FlappingChanged(flapping=False) | LoopEnded(gone=True) | LoopStarted(resumed=True):
            return None
        case FlappingChanged():
            kind = event_reasons.READINESS_FLAPPING
            tell = partial(notes.flapping_note, finding)
            container, labels = "", {}
        case LoopStarted():
            kind = event_reasons.LOOP_DETECTED
            tell = partial(notes.loop_detected_note, finding)
            container, labels = finding.container, {CAUSE_LABEL: str(finding.cause)}
        case LoopEnded():
            kind = event_reasons.LOOP_ENDED
            tell = partial(notes.loop_ended_note, finding)
            container, labels = finding.container, {CAUSE_LABEL: str(finding.cause)}
        case _:
            assert_never(finding)
    return EventDraft(
        kind=kind,
        pod=finding.pod,
        workload=workload,
        name=_name(finding.pod, kind, (container, *_pattern_identity(finding))),
        tell=tell,
        field_path=field_path(spec, container),
        labels=labels,
    )


def _pattern_identity(finding: FlappingChanged | LoopStarted | LoopEnded) -> tuple[str, ...]:
    """Return what identifies a loop to two operators, or to one before and after a crash."""
    if isinstance(finding, FlappingChanged):
        return (f"{finding.at:.6f}",)
    return str(finding.epoch), str(finding.restart_count)


def _advice(advice: Advice, workload: Workload, spec: PodSpec) -> EventDraft:
    kind = event_reasons.MISCONFIGURED
    # Named after the workload: all pods of a Deployment share its misconfigured probe.
    subject = (workload.kind, workload.name, advice.container, advice.probe_type, advice.finding)
    return EventDraft(
        kind=kind,
        pod=advice.pod,
        workload=workload,
        name=f"{_stem(workload.name)}.{_digest((kind.reason, *subject))}",
        tell=partial(notes.advice_note, advice),
        field_path=field_path(spec, advice.container),
    )


def _name(pod: PodRef, kind: EventKind, identity: tuple[str, ...]) -> str:
    return f"{_stem(pod.name)}.{_digest((kind.reason, pod.uid, *identity))}"


def _stem(name: str) -> str:
    return name[:STEM_LIMIT].rstrip("-.")


def _digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
