"""Adds delivered Events to the evidence books of a pod and its containers."""

from dataclasses import dataclass

from probewatch.core.book import Mark, enter
from probewatch.core.corrections import repair
from probewatch.core.evidence import Evidence
from probewatch.core.failures import with_possible_reason
from probewatch.core.findings import ProbeFailures
from probewatch.core.spec import ProbeType
from probewatch.core.state import ContainerMemory, PodState
from probewatch.core.values import quickly_made, replace


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A container's memory with an Event added, and the probe failures that the Event reports."""

    memory: ContainerMemory
    findings: tuple[ProbeFailures, ...] = ()


def enter_pod_event(state: PodState, evidence: Evidence) -> PodState:
    """The state with an Event about the whole pod, or its node, added to the pod's book."""
    book, _ = enter(state.pod_book, evidence, from_zero=False)
    return replace(state, pod_book=book)


def enter_event(state: PodState, evidence: Evidence) -> Entered | None:
    """Add an Event about one container; None if it is not new, or the pod has no such container.

    A combined Event always names the first container, so it is ignored if several have probes. If
    the container has several probes, their failures are counted in it together.
    """
    combined = state.pod.spec.containers if evidence.combined else ()
    probed = [each for each in combined if each.probes]
    if len(probed) > 1:
        return None
    name = evidence.container
    if state.pod.spec.container(name) is None and state.pod.status(name) is None:
        return None
    memory = state.memory(name)
    evidence = with_possible_reason(evidence, state.pod.spec)
    mixed = any(len(each.probes) > 1 for each in probed)
    book, mark = enter(memory.book, evidence, from_zero=name in state.from_zero, mixed=mixed)
    if mark is None:
        return None
    memory = repair(replace(memory, book=book), mark)
    return Entered(memory=memory, findings=_failures(state, evidence, mark))


def _failures(state: PodState, evidence: Evidence, mark: Mark) -> tuple[ProbeFailures, ...]:
    if not mark.kind.is_failure or evidence.probe_type not in set(ProbeType):
        return ()
    return (
        ProbeFailures(
            pod=state.ref,
            container=evidence.container,
            probe_type=ProbeType(evidence.probe_type),
            reason=evidence.failure,
            count=mark.fresh,
            at=mark.at,
        ),
    )
