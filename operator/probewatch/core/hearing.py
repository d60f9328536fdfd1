"""Hearing: what one delivered Event adds to what is known of a container or of its pod."""

from dataclasses import dataclass

from probewatch.core.book import FAILURES, Mark, enter
from probewatch.core.corrections import repair
from probewatch.core.evidence import Evidence
from probewatch.core.findings import ProbeFailures
from probewatch.core.spec import ProbeType
from probewatch.core.state import ContainerMemory, PodState
from probewatch.core.values import quickly_made, replace


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A container's memory with what was heard in it, and the failures that it tells of."""

    memory: ContainerMemory
    findings: tuple[ProbeFailures, ...] = ()


def hear_of_pod(state: PodState, evidence: Evidence) -> PodState:
    """The pod with what was said of it as a whole, or of its node."""
    book, _ = enter(state.pod_book, evidence, from_zero=False)
    return replace(state, pod_book=book)


def hear(state: PodState, evidence: Evidence) -> Heard | None:
    """What was said of one container; None where it says nothing new, or the pod has none such.

    A combined Event names the first of several containers, whichever it is about. Where one
    container has several probes, their failures are in it together.
    """
    probed = [each for each in state.pod.spec.containers if each.probes]
    if evidence.combined and len(probed) > 1:
        return None
    name = evidence.container
    if state.pod.spec.container(name) is None and state.pod.status(name) is None:
        return None
    memory = state.memory(name)
    mixed = evidence.combined and any(len(each.probes) > 1 for each in probed)
    book, mark = enter(memory.book, evidence, from_zero=name in state.from_zero, mixed=mixed)
    if mark is None:
        return None
    memory = repair(replace(memory, book=book), mark)
    return Heard(memory=memory, findings=_failures(state, evidence, mark))


def _failures(state: PodState, evidence: Evidence, mark: Mark) -> tuple[ProbeFailures, ...]:
    if mark.kind not in FAILURES or evidence.probe_type not in set(ProbeType):
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
