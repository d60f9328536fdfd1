"""Advice that depends on observed restarts and Events, not on the spec alone."""

from collections.abc import Sequence

from probewatch.core.advice import Judgement
from probewatch.core.advice_names import AdviceName
from probewatch.core.book import Book, Mark
from probewatch.core.causes import Cause
from probewatch.core.evidence import EvidenceKind
from probewatch.core.findings import Advice
from probewatch.core.kills import STOP_SLACK
from probewatch.core.past import Past
from probewatch.core.spec import MINIMUM_GRACE_SECONDS, Container, HandlerKind, Probe
from probewatch.core.state import ContainerMemory, PodState
from probewatch.core.verdict import PROBE_OF

ERRORS_NEEDED = 5
"""Errors in a row that mean that the probe itself is broken: a few are also caused by a runtime
that restarts."""

TRIES = 3
"""How often the kubelet tries a run that errors (`maxProbeRetries`)."""

CHECKS = {
    HandlerKind.EXEC: "that its command exists in the image, and that the runtime can run it",
    HandlerKind.HTTP_GET: (
        "that a port it names is one of the container's, and that its answer has an end"
    ),
    HandlerKind.TCP_SOCKET: "that a port it names is one of the container's",
}
"""What to check when runs error, by the kind of handler."""

STARTS_NEEDED = 2
"""Killed starts in a row that mean that the budget is too small: a single slow one happens."""


def advise(
    state: PodState, name: str, memory: ContainerMemory, *, now: float
) -> tuple[frozenset[str], tuple[Advice, ...]]:
    """Return the keys of all advice given for this container, and the new advice."""
    container = state.pod.spec.container(name)
    if container is None:
        return memory.advised, ()
    errors = [_only_errors(probe, memory.book) for probe in container.killers]
    judged = (*errors, _budget_too_small(state, container, memory))
    fresh = [each for each in judged if each is not None and _key(each) not in memory.advised]
    if not fresh:
        return memory.advised, ()
    advice = (Advice(pod=state.ref, container=name, at=now, **each._asdict()) for each in fresh)
    return memory.advised.union(map(_key, fresh)), tuple(advice)


def _key(judged: Judgement) -> str:
    return f"{judged.finding}/{judged.probe_type}"


def _only_errors(probe: Probe, book: Book) -> Judgement | None:
    """Advise on a probe whose runs only error: the kubelet ignores such runs."""
    marks = [mark for mark in book.failures if mark.probe_type == probe.probe_type]
    if not marks or any(mark.kind is EvidenceKind.PROBE_FAILED for mark in marks):
        return None
    errors = _errors_in_a_row(probe, marks)
    if errors < max(ERRORS_NEEDED, probe.failure_threshold):
        return None
    check = CHECKS.get(probe.handler, "what the kubelet says of it")
    message = (
        f"{errors} runs of the {probe.probe_type.lower()} probe in a row could not be carried "
        f"out. The kubelet ignores such runs, so the probe has no effect until that is fixed. "
        f"Check {check}"
    )
    return Judgement(probe.probe_type, AdviceName.PROBE_NEVER_KILLS, message)


def _errors_in_a_row(probe: Probe, marks: Sequence[Mark]) -> int:
    """How many of the latest runs errored in a row, with no time for a success in between.

    There is no Event for a success, so errors only count as a row if they are close enough
    together. A run that errors is tried up to three times.
    """
    interval = max(probe.period, TRIES * probe.timeout)
    errors, row, latest = 0, 0, marks[-1].at
    for mark in reversed(marks):
        errors += mark.fresh
        # The first occurrence of a delivery came at some time after the previous delivery.
        begin = mark.at if mark.since is None or mark.fresh == 1 else mark.since + interval
        if (latest - begin) / interval <= errors:
            row = errors
    return row


def _budget_too_small(
    state: PodState, container: Container, memory: ContainerMemory
) -> Judgement | None:
    cause = _starting_cause(state, container)
    latest = memory.past[-STARTS_NEEDED:]
    if cause is None or len(latest) < STARTS_NEEDED or any(p.cause is not cause for p in latest):
        return None
    probe, grace = container.probe(PROBE_OF[cause]), state.pod.spec.grace
    if probe is None or not all(_was_starting(past, probe, grace) for past in latest):
        return None
    budget = probe.start_budget
    lived = max(past.lifetime or 0.0 for past in latest)
    mend = "raise failureThreshold" if cause is Cause.STARTUP_PROBE else "add a startup probe"
    message = (
        f"{len(latest)} starts in a row were killed after at most {lived:.0f} s; the probe "
        f"surely allows {budget:g} s: {mend}"
    )
    return Judgement(probe.probe_type, AdviceName.START_BUDGET_TOO_SMALL, message)


def _was_starting(past: Past, probe: Probe, grace: float) -> bool:
    """Whether it was killed so early that its probe never succeeded.

    The limit allows for a kubelet that is busy with another container of the pod. A longer lived
    one had answered before; a kubelet up to 1.34 that is restarted runs the startup probe of such
    a container again.
    """
    stop = max(probe.grace_in(grace), MINIMUM_GRACE_SECONDS) + STOP_SLACK
    latest = probe.initial_delay + 2 * probe.slowest_detection + stop
    return past.lifetime is not None and past.lifetime <= latest


def _starting_cause(state: PodState, container: Container) -> Cause | None:
    """The cause with which this container would be killed during its start, if any."""
    if container.startup is not None:
        return Cause.STARTUP_PROBE
    never_ready = container.readiness is not None and not state.readiness.ever_ready
    return Cause.LIVENESS_PROBE if container.liveness is not None and never_ready else None
