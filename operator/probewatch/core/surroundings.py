"""Rules on what befell more than the container: its pod, its runtime, or its node."""

from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import Facts
from probewatch.core.kills import matched_kill
from probewatch.core.restarts import LOST_EXIT, VANISHED, is_lost
from probewatch.core.spec import ContainerKind
from probewatch.core.verdict import Verdict, conclude, kill_was_due
from probewatch.core.watermarks import HELD_BACK

NODE_CLOCK_SLACK = 600.0
"""A reboot is reported within this time of the deaths it caused."""

BACK_SLACK = 30.0
"""What a reboot makes run again does not run for longer before the kubelet says that it is back."""

SANDBOX_SLACK = 30.0
"""A new sandbox is made within this time after the last container of the old one was stopped."""

NO_EXIT = frozenset({LOST_EXIT, -1})
"""What runtimes say of a container whose exit nobody saw; an application may end so too."""

NODE_STOP = 300.0
NODE_START = 60.0
"""A node that boots was stopping its containers within this time, and is back within that."""


def is_alone_in_new_sandbox(facts: Facts) -> bool:
    """Whether the count rose by one, nobody saw the end, and the new sandbox explains it."""
    restart = facts.restart
    return (
        facts.death is None
        and restart.change.sandbox
        and restart.all_restarted
        and restart.jump.size == 1
    )


def rerun(facts: Facts) -> Verdict | None:
    """An init container that had done its work ran again: the pod was begun anew."""
    # What nobody saw may as well have been one of several starts that failed.
    done = facts.exit_code == 0 or (facts.death is None and facts.restart.jump.size == 1)
    if facts.restart.container.kind is not ContainerKind.INIT or not done:
        return None
    change, why = facts.restart.change, "an init container ran again"
    if change.restarting_all:
        return conclude(facts, Cause.RESTART_RULE, Confidence.HIGH, why)
    rebooted = _is_said_of_node(facts, EvidenceKind.NODE_REBOOTED)
    if change.lost or rebooted:
        # Where it is not known when it ran again, the reboot may have come after that.
        before = rebooted and facts.restart.next_begin is not None
        sure = Confidence.HIGH if before else Confidence.MEDIUM
        return conclude(facts, Cause.NODE_REBOOT, sure, why)
    if change.sandbox:
        return conclude(facts, Cause.SANDBOX_RECREATED, Confidence.MEDIUM, why)
    return conclude(facts, Cause.UNKNOWN, Confidence.LOW, why)


def node_reboot(facts: Facts) -> Verdict | None:
    """The node went down and came back."""
    lost = facts.death is not None and is_lost(facts.death)
    rebooted = _is_said_of_node(facts, EvidenceKind.NODE_REBOOTED)
    if (rebooted and (lost or _was_replaced_by_node(facts))) or _may_end_with_node(facts):
        why = "kubelet: node has been rebooted"
        final = lost and rebooted
        near = _by_reboot(facts) if rebooted else Confidence.MEDIUM
        sure = Confidence.CONFIRMED if final else near
        return conclude(facts, Cause.NODE_REBOOT, sure, why, final=final)
    if lost and _is_said_of_node(facts, EvidenceKind.NODE_LOST_CONTAINERS):
        why = "several pods of the node lost their containers at once"
        return conclude(facts, Cause.NODE_REBOOT, Confidence.HIGH, why)
    return None


def _was_replaced_by_node(facts: Facts) -> bool:
    """Whether the new sandbox explains an end that nobody saw.

    Where the next instance is dead as well, the new sandbox may be due to the end of that one.
    """
    return is_alone_in_new_sandbox(facts) and facts.restart.next_start is not None


def _may_end_with_node(facts: Facts) -> bool:
    """Whether it ended before a reboot, in a way that a node that goes down ends it.

    And was not running again before the node was back, as one that ended by itself may be. However
    long that took: what ends is started again within minutes by a kubelet that is there, or is
    shown to be held back.
    """
    death, born = facts.death, facts.restart.next_start
    if death is None or death.finished_at is None or _ended_for_itself(facts):
        return False
    if not (facts.looks_killed or facts.exit_code in NO_EXIT or _was_stopped_with_pod(facts)):
        return False
    begun, died = death.started_at, death.finished_at
    return any(
        mark.kind is EvidenceKind.NODE_REBOOTED
        and mark.at - died >= -NODE_START
        and (mark.at - died <= NODE_STOP or (born is not None and born - mark.at <= NODE_STOP))
        and (begun is None or begun < mark.at)
        and (born is None or born >= mark.at - NODE_START)
        for mark in facts.pod_book.others
    )


def _was_stopped_with_pod(facts: Facts) -> bool:
    """Whether the kubelet stopped it, and not for a new sandbox: so does one whose node goes down.

    Then an application may end with any exit code.
    Source: kubelet/nodeshutdown/nodeshutdown_manager.go (killPods).
    """
    kill = matched_kill(facts)
    stopped = kill is not None and kill.kind is EvidenceKind.KILL_STOP
    return stopped and not _sandbox_event(facts)


def _ended_for_itself(facts: Facts) -> bool:
    """Whether its end has an explanation without its node: memory, or the kubelet.

    A kubelet that holds the next one back was there after the end, and no new one knows of that.
    What it counts it began to count when it began itself, and so when its node was back.
    """
    held_back = facts.restart.waiting_reason == HELD_BACK
    counted = facts.restart.repaired is not None
    return facts.out_of_memory or held_back or counted or kill_was_due(facts)


def _by_reboot(facts: Facts) -> Confidence:
    """How sure a reboot is the cause where the runtime does not say that it lost the container."""
    alone = facts.death is not None and facts.exit_code not in NO_EXIT
    # Shown dead long before the node was back: by a kubelet that was still there.
    shown = facts.died_by_itself and facts.order_tells and not _was_back(facts)
    return Confidence.MEDIUM if alone or shown else Confidence.HIGH


def _was_back(facts: Facts) -> bool:
    """Whether the node came back when it ended: then the runtime found it dead."""
    died = facts.restart.died_at
    return died is not None and any(
        mark.kind is EvidenceKind.NODE_REBOOTED and abs(mark.at - died) <= NODE_START
        for mark in facts.pod_book.others
    )


def _is_said_of_node(facts: Facts, kind: EvidenceKind) -> bool:
    """Whether it was said near the end, or since it began where that has no time."""
    restart = facts.restart
    near, since, late = restart.next_begin, restart.jump.since, NODE_CLOCK_SLACK
    if restart.container.kind is not ContainerKind.INIT:
        near = restart.died_at if restart.died_at is not None else near
    else:
        late = BACK_SLACK
        since = since if facts.death is None else facts.death.finished_at
    return any(
        mark.kind is kind
        and (near is None or -NODE_CLOCK_SLACK <= mark.at - near <= late)
        and (since is None or mark.at >= since)
        for mark in facts.pod_book.others
    )


def sandbox(facts: Facts) -> Verdict | None:
    """The whole pod got a new sandbox."""
    kill = matched_kill(facts)
    change, stopped = facts.restart.change, kill is not None and kill.kind is EvidenceKind.KILL_STOP
    said = _sandbox_event(facts)
    if facts.is_lost_task:
        return None
    if change.same_sandbox or not (said or change.sandbox):
        return None
    if not (facts.restart.all_restarted or stopped):
        return None
    vanished = facts.death is not None and facts.death.reason == VANISHED
    if facts.died_by_itself and not stopped and not vanished:
        return None  # it had ended before the sandbox did
    if not facts.order_tells and kill_was_due(facts):
        return None  # with policy Never a probe stops the whole pod, if nothing else stays up
    if said and facts.death is not None:
        why = "kubelet: pod sandbox changed"
        sure = facts.order_tells or not facts.may_be_killed
        confidence = Confidence.HIGH if sure else Confidence.MEDIUM
        return conclude(facts, Cause.SANDBOX_RECREATED, confidence, why)
    # A static pod that was stopped with its node gets a new one too, once the node is back.
    if not _was_near_new_sandbox(facts):
        return None
    return conclude(facts, Cause.SANDBOX_RECREATED, Confidence.MEDIUM, "the pod got a new sandbox")


def _sandbox_event(facts: Facts) -> bool:
    """Whether the kubelet noticed the sandbox in the life of the container, just before its end."""
    died, grace = facts.restart.died_at, facts.spec.grace + SANDBOX_SLACK
    born = facts.death.started_at if facts.death is not None else None
    born = facts.restart.jump.since if born is None else born
    end = facts.restart.next_begin if died is None else died
    return any(
        mark.kind is EvidenceKind.SANDBOX_CHANGED
        and (end is None or 0.0 <= end - mark.at <= grace)
        and (born is None or mark.at > born)  # in its first second: why the pod was begun anew
        for mark in facts.pod_book.others
    )


def _was_near_new_sandbox(facts: Facts) -> bool:
    """Whether the new sandbox was made right after the end of its last container."""
    died, since = facts.restart.died_at, facts.restart.change.sandbox_since
    alone = len(facts.spec.containers) == 1
    limit = SANDBOX_SLACK + (0.0 if alone else facts.spec.grace)
    return died is None or since is None or -1.0 <= since - died <= limit


def lost(facts: Facts) -> Verdict | None:
    """The runtime lost the container."""
    kill = matched_kill(facts)
    unknown = kill is not None and kill.kind is EvidenceKind.KILL_UNKNOWN_STATE
    # CRI-O says 255 without the reason; a new sandbox then says the rest.
    gone = facts.exit_code in NO_EXIT and facts.restart.change.sandbox
    if facts.death is None or not (is_lost(facts.death) or unknown or gone):
        return None
    return conclude(
        facts,
        Cause.NODE_REBOOT,
        Confidence.MEDIUM,
        "the runtime lost track of the container",
    )
