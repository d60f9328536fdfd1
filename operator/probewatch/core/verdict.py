"""Verdicts as the rules return them: cause, confidence and evidence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind, FailureReason
from probewatch.core.exits import NOT_KNOWN, SIGKILL, SIGTERM, render_exit
from probewatch.core.facts import CLOCK_SLACK, Facts
from probewatch.core.past import SURE
from probewatch.core.spec import ContainerKind, HandlerKind, ProbeType
from probewatch.core.values import replace

PROBE_KILLS = {
    EvidenceKind.KILL_LIVENESS: (Cause.LIVENESS_PROBE, ProbeType.LIVENESS),
    EvidenceKind.KILL_STARTUP: (Cause.STARTUP_PROBE, ProbeType.STARTUP),
}
"""The `Killing` Events that name a probe, with their cause and probe type."""

PROBE_OF: Mapping[Cause, ProbeType] = dict(PROBE_KILLS.values())
"""The probe type of each cause that is a probe."""

FAILED_WITH: Mapping[FailureReason | None, str] = {
    FailureReason.HTTP_1XX: "HTTP 1xx",
    FailureReason.HTTP_3XX: "HTTP 3xx",
    FailureReason.HTTP_4XX: "HTTP 4xx",
    FailureReason.HTTP_5XX: "HTTP 5xx",
    FailureReason.TIMEOUT: "timeout",
    FailureReason.REFUSED: "connection refused",
    FailureReason.RESET: "connection reset",
    FailureReason.UNREACHABLE: "host unreachable",
    FailureReason.DNS: "name not resolved",
    FailureReason.TLS: "TLS error",
    FailureReason.EXEC_EXIT: "command failed",
    FailureReason.GRPC_UNHEALTHY: "gRPC not serving",
    FailureReason.GRPC_ERROR: "gRPC error",
}
"""Failure reasons in words; the others are not mentioned in evidence."""

ANSWERED = frozenset(
    {
        *(FailureReason.HTTP_1XX, FailureReason.HTTP_3XX, FailureReason.HTTP_4XX),
        *(FailureReason.HTTP_5XX, FailureReason.GRPC_UNHEALTHY),
    }
)
"""Failures that only a running container can cause, if the pod has no other: it answered."""

OF_RUNNING = ANSWERED | {FailureReason.TIMEOUT}
"""Failures of probe runs that began while the container ran, even if it ended in the same second:
an ended container refuses the connection at once."""


KILL_BEGINS = 3.0
"""Seconds within which a kubelet that is not busy begins a kill that is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a container restarted, how sure that is, and the evidence for it."""

    cause: Cause
    confidence: Confidence
    evidence: tuple[str, ...] = ()
    final: bool = False
    """Whether no later evidence can change the verdict, so that it need not settle."""


def can_only_answer_itself(facts: Facts) -> bool:
    """Whether no other container of the pod can answer its probes.

    All containers share the pod's ports. A proxy still answers for an application that has ended,
    such as that of Istio, to which the probes of the application are rewritten.
    Source: istio.io, docs/ops/configuration/mesh/app-health-check.
    """
    own = facts.restart.container.name
    return all(
        each.name == own or each.kind is ContainerKind.INIT for each in facts.spec.containers
    )


def failed_while_running(facts: Facts, probe_type: ProbeType) -> bool:
    """Whether the last run of this probe surely began while the container still ran."""
    failure = facts.last_failure(probe_type)
    probe = facts.restart.container.probe(probe_type)
    if probe is not None and probe.handler is HandlerKind.EXEC:
        return failure is FailureReason.TIMEOUT
    return failure in OF_RUNNING and can_only_answer_itself(facts)


def kill_was_due(facts: Facts) -> bool:
    """Whether a liveness or startup probe was reported to have failed up to its threshold."""
    return any(map(facts.threshold_reached, PROBE_OF.values()))


def with_failures_until(facts: Facts, at: float) -> Facts:
    """Return the facts without the failures after a time (node clock)."""
    before = tuple(mark for mark in facts.book.failures if mark.at <= at)
    return replace(facts, book=replace(facts.book, failures=before))


def kill_was_due_by(facts: Facts, at: float) -> bool:
    """Whether a kill was due by the failures up to a time (node clock)."""
    return kill_was_due(with_failures_until(facts, at))


def was_being_killed(facts: Facts) -> bool:
    """Whether the kubelet was stopping it when it ended.

    Either a probe kill had been due before one of the kubelet's signals ended it, or its preStop
    hook failed, which the kubelet only runs for a container that it stops.
    Source: kubelet/kuberuntime/kuberuntime_container.go (killContainer).
    """
    died = facts.restart.died_at
    if died is None:
        return False
    signalled = facts.signal in {SIGTERM, SIGKILL}
    due = signalled and kill_was_due_by(facts, int(died) - KILL_BEGINS)
    return due or _has_failed_pre_stop(facts, died)


def _has_failed_pre_stop(facts: Facts, died: float) -> bool:
    """Whether its preStop hook failed before it ended; in the first second it is another's."""
    born = facts.born
    return born is not None and any(
        mark.kind is EvidenceKind.PRE_STOP_FAILED and int(born) < mark.at <= died + CLOCK_SLACK
        for mark in facts.book.others
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the decision table `RULES`."""

    name: str
    meaning: str
    gives: str
    """Its causes and their confidence, as the documentation shows them."""
    judge: Callable[[Facts], Verdict | None]


def _how_it_ended(facts: Facts) -> str:
    death = facts.death
    if death is None:
        return "its termination was not observed"
    in_child = facts.exit.out_of_memory_in_child and not facts.restart.change.sandbox
    of_child = " of a child process" if in_child else ""
    text = render_exit(death.exit_code, death.reason + of_child)
    lived = death.lifetime
    return text if lived is None else f"{text} after {lived:.0f} s"


def conclude(
    facts: Facts, cause: Cause, confidence: Confidence, *why: str, final: bool = False
) -> Verdict:
    """Make a verdict; its evidence is *why*, followed by how the instance ended.

    If the cause is a probe, the first fact also names its last failure, if that was reported.
    """
    probe_type = PROBE_OF.get(cause)
    failed_with = FAILED_WITH.get(facts.last_failure(probe_type)) if probe_type else None
    if failed_with:
        why = (f"{why[0]}, last failure: {failed_with}", *why[1:])
    return Verdict(
        cause=cause, confidence=confidence, evidence=(*why, _how_it_ended(facts)), final=final
    )


def _at_most_medium(sure: Confidence) -> Confidence:
    return Confidence.MEDIUM if sure in SURE else sure


def undecided(facts: Facts, *why: str) -> Verdict:
    """Make the verdict that the cause is unknown, with what is known as evidence."""
    return conclude(facts, Cause.UNKNOWN, Confidence.LOW, *why)


def by_exit(facts: Facts, *why: str, sure: Confidence, final: bool = False) -> Verdict:
    """The verdict on a container that no probe killed: by its exit code, or its restart rule.

    At most Medium after earlier OOM kills, since a runtime may miss one (containerd issues 8893,
    12260), and if a child process was OOM killed, since its parent often exits for that.
    """
    if facts.rule is not None:
        return conclude(facts, Cause.RESTART_RULE, sure, *why, final=final)
    if facts.exit_code is None:
        return undecided(facts, *why)
    if facts.exit_code == 0:
        return conclude(facts, Cause.COMPLETED, sure, *why, final=final)
    if facts.exit.by_outside_signal:
        return _by_signal(facts, *why, sure=sure, final=final)
    if facts.exit.is_unseen and facts.restart.change.unknown:
        doubt = "runtimes report this exit code for ends that they did not see, too"
        return undecided(facts, *why, doubt)
    if facts.exit.out_of_memory_in_child or facts.exit_code == NOT_KNOWN:
        return conclude(facts, Cause.ERROR, _at_most_medium(sure), *why)
    return conclude(facts, Cause.ERROR, sure, *why, final=final)


def _by_signal(facts: Facts, *why: str, sure: Confidence, final: bool) -> Verdict:
    """The verdict on a container ended by a signal; on Windows the exit code is only a hint."""
    if facts.exit.on_windows:
        return conclude(facts, Cause.SIGNAL, _at_most_medium(sure), *why)
    below: Confidence = Confidence.HIGH if sure is Confidence.CONFIRMED else sure
    if facts.signal == SIGKILL and any(p.cause is Cause.OOM_KILLED for p in facts.past):
        below, why = _at_most_medium(below), (*why, "it was OOMKilled before")
    return conclude(facts, Cause.SIGNAL, below, *why, final=final)
