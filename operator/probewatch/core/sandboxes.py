"""Sandboxes: whether a container ended because its pod got a new sandbox."""

from probewatch.core.book import Mark
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind
from probewatch.core.exits import SIGKILL
from probewatch.core.facts import Facts
from probewatch.core.kills import matched_kill
from probewatch.core.restarts import VANISHED
from probewatch.core.spec import MINIMUM_GRACE_SECONDS, RestartPolicy
from probewatch.core.verdict import Verdict, conclude, kill_was_due
from probewatch.core.watermarks import HOOK_FAILED

SANDBOX_SLACK = 30.0
"""Seconds from the end of the old sandbox's last container until the new sandbox is created."""

AT_ONCE = 3.0
"""Seconds from the end of a container until its pod has a new sandbox, if that is why it ended."""


def is_alone_in_new_sandbox(facts: Facts) -> bool:
    """Whether a restart without known termination is explained by a new sandbox alone."""
    restart = facts.restart
    return (
        facts.death is None
        and restart.change.sandbox
        and restart.all_restarted
        and restart.jump.size == 1
    )


def sandbox(facts: Facts) -> Verdict | None:
    """The pod got a new sandbox."""
    kill = matched_kill(facts)
    change, stopped = facts.restart.change, kill is not None and kill.kind is EvidenceKind.KILL_STOP
    said = sandbox_events(facts)
    if facts.is_lost_task:
        return None
    if change.same_sandbox or not (said or change.sandbox):
        return None
    if not stopped and (not facts.restart.all_restarted or has_ended_for_memory(facts)):
        return None
    vanished = facts.death is not None and facts.death.reason == VANISHED
    hook = facts.restart.waiting_reason == HOOK_FAILED  # no sync can change a sandbox meanwhile
    shown = facts.died_by_itself and not _ended_with_sandbox(facts)
    if (shown or hook or _had_ended_before_reboot(facts)) and not stopped and not vanished:
        return None  # it had ended before the sandbox did
    if _may_be_stopped_for_probe(facts, said=bool(said)):
        return None
    if said and facts.death is not None:
        why = "kubelet: pod sandbox changed"
        sure = facts.order_tells or not facts.may_be_killed
        sure = sure and (stopped or vanished or not facts.died_by_itself)
        confidence = Confidence.HIGH if sure else Confidence.MEDIUM
        return conclude(facts, Cause.SANDBOX_RECREATED, confidence, why)
    # A static pod that was stopped with its node also gets a new sandbox, once the node is back.
    if not _was_near_new_sandbox(facts):
        return None
    return conclude(facts, Cause.SANDBOX_RECREATED, Confidence.MEDIUM, "the pod got a new sandbox")


def _ended_with_sandbox(facts: Facts) -> bool:
    """Whether it ended as one that is told to stop, and its pod got the new sandbox at once.

    A container that is stopped with its sandbox is shown as terminated if another has to start
    before it: an init container or a sidecar.
    """
    died, since = facts.restart.died_at, facts.restart.change.sandbox_since
    near = died is not None and since is not None and 0.0 <= since - died <= AT_ONCE
    return near and facts.restart.change.sandbox and facts.looks_killed


def _may_be_stopped_for_probe(facts: Facts, *, said: bool) -> bool:
    """Whether the new sandbox may follow a probe kill, which stops a whole pod of policy `Never`.

    Unless a restart rule matches the exit code, a container that was killed is not started again.
    Source: kubelet/kuberuntime/kuberuntime_manager.go (computePodActions).
    """
    if facts.order_tells:
        return False
    never = facts.policy is RestartPolicy.NEVER and facts.rule is not None
    return kill_was_due(facts) or (never and facts.may_be_killed and not said)


def has_ended_for_memory(facts: Facts) -> bool:
    """Whether the container ran out of memory, and its sandbox ended for that.

    With gVisor, the sandbox is the process that the kernel kills. If the kubelet had stopped the
    container for a new sandbox, SIGKILL would have come at least two seconds after it said so.
    Source: gvisor pkg/shim/v1/runsc/service.go (TaskOOM), pkg/shim/v1/proc/init.go.
    """
    died = facts.restart.died_at
    ended = facts.signal == SIGKILL or facts.exit.is_unseen
    if not facts.exit.says_oom_killed or not ended or died is None:
        return False
    latest = int(died) - MINIMUM_GRACE_SECONDS
    return not any(mark.at <= latest for mark in sandbox_events(facts))


def sandbox_events(facts: Facts) -> list[Mark]:
    """The `SandboxChanged` Events in the life of the container, within a grace of its end."""
    died, grace = facts.restart.died_at, facts.spec.grace + SANDBOX_SLACK
    born = facts.restart.jump.since if facts.born is None else facts.born
    end = facts.restart.next_begin if died is None else died
    return [
        mark
        for mark in facts.pod_book.others
        if mark.kind is EvidenceKind.SANDBOX_CHANGED
        and (end is None or 0.0 <= end - mark.at <= grace)
        and (born is None or mark.at > born)  # in the first second it is about the start itself
    ]


def is_before_new_sandbox(facts: Facts) -> bool:
    """Whether `SandboxChanged` came after the end of the container, before its next start."""
    died = facts.restart.died_at
    said = _said_by_next_start(facts, EvidenceKind.SANDBOX_CHANGED)
    return died is not None and any(died <= at for at in said)


def _had_ended_before_reboot(facts: Facts) -> bool:
    """Whether the pod got its new sandbox because the node was rebooted after the end.

    If the shutdown of the node may be the cause of the end, that is judged before.
    """
    died = facts.restart.died_at
    said = _said_by_next_start(facts, EvidenceKind.NODE_REBOOTED, slack=SANDBOX_SLACK)
    return died is not None and any(died < at for at in said)


def _said_by_next_start(facts: Facts, kind: EvidenceKind, *, slack: float = 0.0) -> list[float]:
    """The times of these Events up to the next start, or *slack* seconds after it."""
    born = facts.restart.next_begin
    marks = [mark for mark in facts.pod_book.others if mark.kind is kind]
    return [mark.at for mark in marks if born is None or mark.at <= born + slack]


def _was_near_new_sandbox(facts: Facts) -> bool:
    """Whether the new sandbox was created right after the end of the old one's last container."""
    died, since = facts.restart.died_at, facts.restart.change.sandbox_since
    alone = len(facts.spec.containers) == 1
    limit = SANDBOX_SLACK + (0.0 if alone else facts.spec.grace)
    return died is None or since is None or -1.0 <= since - died <= limit
