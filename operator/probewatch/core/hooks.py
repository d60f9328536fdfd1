"""The rule about postStart hooks that failed."""

from probewatch.core.book import Mark
from probewatch.core.causes import Cause, Confidence
from probewatch.core.doubts import may_answer_a_kill
from probewatch.core.evidence import EvidenceKind
from probewatch.core.exits import SIGKILL, SIGTERM
from probewatch.core.facts import Facts
from probewatch.core.kills import STOP_SLACK, late_hook
from probewatch.core.verdict import Verdict, conclude, undecided
from probewatch.core.watermarks import HOOK_FAILED


def post_start_hook(facts: Facts) -> Verdict | None:
    """The postStart hook failed, and not because the container had already ended."""
    if not facts.restart.container.has_post_start or facts.death is None or late_hook(facts):
        return None
    failed = _hook_failures(facts)
    if not failed and facts.restart.waiting_reason != HOOK_FAILED:
        return None
    died, why = facts.restart.died_at, "kubelet: postStart hook failed"
    before = any(died is not None and mark.at < died for mark in failed)
    if before or facts.signal == SIGTERM:
        sure, final = Confidence.CONFIRMED, bool(failed)
        return conclude(facts, Cause.POST_START_HOOK, sure, why, final=final)
    # SIGKILL comes two seconds after the failure of the hook at the earliest.
    if facts.out_of_memory or facts.exit.crashed or (failed and facts.signal == SIGKILL):
        return None
    if facts.signal == SIGKILL and (facts.lifetime or 0.0) >= facts.grace():
        return conclude(facts, Cause.POST_START_HOOK, Confidence.HIGH, why)
    doubt = "it may have ended before its hook failed"
    if not may_answer_a_kill(facts):
        return undecided(facts, why, doubt)
    return conclude(facts, Cause.POST_START_HOOK, Confidence.MEDIUM, why, doubt)


def _hook_failures(facts: Facts) -> list[Mark]:
    """The kubelet's reports of a failed hook in the life of the instance.

    One in the second of its start is of the instance before if that had not ended yet, or nobody
    knows when it did.
    """
    born, died, previous = facts.born, facts.restart.died_at, facts.previous
    ended = previous.died_at if previous else None
    if born is None or died is None:
        return []
    if ended is None and facts.restart.restart_count > 1:
        ended = float(int(born))
    return [
        mark
        for mark in facts.book.others
        if mark.kind is EvidenceKind.POST_START_FAILED
        and born <= mark.at <= died <= mark.at + facts.grace() + STOP_SLACK
        and (ended is None or mark.at > ended)
        and (facts.restart.next_start is None or mark.at < facts.restart.next_start)
    ]
