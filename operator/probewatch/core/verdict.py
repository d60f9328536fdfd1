"""What a rule concludes with: a verdict and the words it rests on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind, FailureReason
from probewatch.core.exits import OUTSIDE_SIGNALS, SIGKILL_EXIT
from probewatch.core.facts import Facts
from probewatch.core.past import SURE
from probewatch.core.spec import ProbeType

PROBE_KILLS = {
    EvidenceKind.KILL_LIVENESS: (Cause.LIVENESS_PROBE, ProbeType.LIVENESS),
    EvidenceKind.KILL_STARTUP: (Cause.STARTUP_PROBE, ProbeType.STARTUP),
}
"""Which Killing events name a probe, and which."""

PROBE_OF: Mapping[Cause, ProbeType] = dict(PROBE_KILLS.values())
"""Which probe a cause is about."""

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
"""In words; of the others there is nothing to say."""

ANSWERED = frozenset(
    {
        *(FailureReason.HTTP_1XX, FailureReason.HTTP_3XX, FailureReason.HTTP_4XX),
        *(FailureReason.HTTP_5XX, FailureReason.GRPC_UNHEALTHY),
    }
)
"""Failures that only what still runs can have."""

OF_RUNNING = ANSWERED | {FailureReason.TIMEOUT}
"""Failures of runs that began before an end in the same second: what has ended refuses at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a container restarted, how sure that is, and what it rests on."""

    cause: Cause
    confidence: Confidence
    evidence: tuple[str, ...] = ()
    final: bool = False
    """Whether no later evidence can change it, so that it need not settle."""


def kill_was_due(facts: Facts) -> bool:
    """Whether a probe that kills was reported to fail as often as a kill takes."""
    return any(map(facts.threshold_reached, PROBE_OF.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the decision table."""

    name: str
    meaning: str
    gives: str
    """Its causes and their confidence, as the documentation shows them."""
    judge: Callable[[Facts], Verdict | None]


def _how_it_ended(facts: Facts) -> str:
    death = facts.death
    if death is None:
        return "its termination was not observed"
    reason = f"{death.reason} of a child process" if facts.out_of_memory_in_child else death.reason
    text = f"exit code {death.exit_code}" + (f" ({reason})" if reason else "")
    return text if facts.lifetime is None else f"{text} after {facts.lifetime:.0f} s"


def conclude(
    facts: Facts, cause: Cause, confidence: Confidence, *why: str, final: bool = False
) -> Verdict:
    """A verdict whose evidence ends with how the instance ended.

    Where a probe did it, the first fact tells how that failed, if the kubelet said so.
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


def by_exit(facts: Facts, *why: str, sure: Confidence, final: bool = False) -> Verdict:
    """A death that no probe caused, told by its exit code, or by the rule that this matches.

    A runtime may miss that the kernel killed it (containerd issues 8893, 12260), and a process
    whose child was killed for memory often gives up: neither is sure.
    """
    if facts.rule is not None:
        return conclude(facts, Cause.RESTART_RULE, sure, *why, final=final)
    if facts.exit_code == 0:
        return conclude(facts, Cause.COMPLETED, sure, *why, final=final)
    if facts.signal in OUTSIDE_SIGNALS:
        below: Confidence = Confidence.HIGH if sure is Confidence.CONFIRMED else sure
        if facts.exit_code == SIGKILL_EXIT and any(p.cause is Cause.OOM_KILLED for p in facts.past):
            below, why = _at_most_medium(below), (*why, "it was OOMKilled before")
        return conclude(facts, Cause.SIGNAL, below, *why, final=final)
    if facts.out_of_memory_in_child:
        return conclude(facts, Cause.ERROR, _at_most_medium(sure), *why)
    return conclude(facts, Cause.ERROR, sure, *why, final=final)
