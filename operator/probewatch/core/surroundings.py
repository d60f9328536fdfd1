"""Rules for causes outside the container: a node reboot, and a container that was lost."""

from collections.abc import Iterator

from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import Facts
from probewatch.core.kills import matched_kill
from probewatch.core.restarts import Path, is_lost
from probewatch.core.sandboxes import (
    has_ended_for_memory,
    is_alone_in_new_sandbox,
    sandbox_events,
)
from probewatch.core.spec import ContainerKind
from probewatch.core.verdict import Verdict, conclude, kill_was_due, undecided
from probewatch.core.watermarks import HELD_BACK, HOOK_FAILED

NODE_CLOCK_SLACK = 600.0
"""Seconds between a death caused by a reboot and the `Rebooted` Event, either way."""

BACK_SLACK = 30.0
"""Seconds that an init container may run after a reboot before the `Rebooted` Event comes."""

NODE_STOP = 300.0
"""Seconds from the end of a container to the `Rebooted` Event, or from that to the next start: one
of them must be as short as this if the reboot is the cause."""

DOWN = 900.0
"""Seconds from an end to the next start that a running kubelet hardly lets pass: its back-off is
five minutes at most."""

NODE_START = 60.0
"""Seconds around the `Rebooted` Event within which the node is considered to have come back."""


def rerun(facts: Facts) -> Verdict | None:
    """An init container that had completed ran again: the pod was started over."""
    # In a jump, an unseen end may also be one of several failed starts.
    done = facts.exit_code == 0 or (facts.death is None and facts.restart.jump.size == 1)
    if facts.restart.container.kind is not ContainerKind.INIT or not done:
        return None
    change, why = facts.restart.change, "an init container ran again"
    if change.restarting_all:
        return conclude(facts, Cause.RESTART_RULE, Confidence.HIGH, why)
    rebooted = _is_said_of_node(facts, EvidenceKind.NODE_REBOOTED)
    if change.lost or rebooted:
        # If it is not known when it ran again, the reboot may have come after that.
        before = rebooted and facts.restart.next_begin is not None
        sure = Confidence.HIGH if before else Confidence.MEDIUM
        return conclude(facts, Cause.NODE_REBOOT, sure, why)
    if change.sandbox:
        return conclude(facts, Cause.SANDBOX_RECREATED, Confidence.MEDIUM, why)
    return undecided(facts, why)


def node_reboot(facts: Facts) -> Verdict | None:
    """The node was rebooted."""
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
    """Whether a new sandbox explains an end that was not observed.

    If the next instance has ended too, the new sandbox may be due to that end.
    """
    return is_alone_in_new_sandbox(facts) and facts.restart.next_start is not None


def _may_end_with_node(facts: Facts) -> bool:
    """Whether it may have been stopped by the shutdown before a reboot of its node.

    Its exit must fit, and it must not run again before the node is back, as a container that ended
    by itself may. The reboot may take any time: a running kubelet restarts a container within
    minutes, or shows its back-off.
    """
    death, born = facts.death, facts.restart.next_start
    if death is None or death.finished_at is None or _ended_for_itself(facts):
        return False
    if facts.restart.change.same_sandbox:
        return False  # a reboot ends all sandboxes
    if not (facts.looks_killed or facts.exit.is_unseen or _was_stopped_with_pod(facts)):
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
    """Whether the kubelet stopped the container, but not for a new sandbox.

    It does so when its node shuts down. Then an application may end with any exit code.
    Source: kubelet/nodeshutdown/nodeshutdown_manager.go (killPods).
    """
    kill = matched_kill(facts)
    stopped = kill is not None and kill.kind is EvidenceKind.KILL_STOP
    return stopped and not sandbox_events(facts)


def _ended_for_itself(facts: Facts) -> bool:
    """Whether its end is explained without the node: out of memory, or a kill by the kubelet.

    A back-off, or a hook that failed, shows that the same kubelet went on running after the end: a
    restarted one does not know of it. A kill that is proved by an Event's count came after the
    kubelet had started, and so after the node was back.
    """
    held_back = facts.restart.waiting_reason in {HELD_BACK, HOOK_FAILED}
    counted = facts.restart.repaired is not None
    return facts.out_of_memory or held_back or counted or kill_was_due(facts)


def _by_reboot(facts: Facts) -> Confidence:
    """The confidence in a reboot if the runtime does not report the container as lost."""
    alone = facts.death is not None and not facts.exit.is_unseen
    # Shown as terminated before the node was back: the kubelet was still running then.
    shown = facts.was_shown_dead and not _was_back(facts)
    return Confidence.MEDIUM if alone or shown else Confidence.HIGH


def _was_back(facts: Facts) -> bool:
    """Whether it ended while the node came back: then the restarted runtime found it dead."""
    died = facts.restart.died_at
    return died is not None and any(
        mark.kind is EvidenceKind.NODE_REBOOTED and abs(mark.at - died) <= NODE_START
        for mark in facts.pod_book.others
    )


def _is_said_of_node(facts: Facts, kind: EvidenceKind) -> bool:
    """Whether the Event came near the end of the instance, or in its life if that has no time."""
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


def lost(facts: Facts) -> Verdict | None:
    """The runtime lost track of the container, or its node was down."""
    kill = matched_kill(facts)
    unknown = kill is not None and kill.kind is EvidenceKind.KILL_UNKNOWN_STATE
    # CRI-O reports 255 without a reason; together with a new sandbox that means lost.
    gone = facts.exit.is_unseen and facts.restart.change.sandbox
    if facts.death is None:
        return None
    if not (is_lost(facts.death) or unknown or gone or _ended_with_others(facts)):
        return _down(facts)
    if gone and has_ended_for_memory(facts):
        why = "the runtime reports OOMKilled, and its sandbox ended with it"
        return conclude(facts, Cause.OOM_KILLED, Confidence.MEDIUM, why)
    return conclude(
        facts,
        Cause.NODE_REBOOT,
        Confidence.MEDIUM,
        "the runtime lost track of the container",
    )


def _ended_with_others(facts: Facts) -> bool:
    """Whether the runtime found it dead, as it found all others of the pod, or lost one of them."""
    return facts.exit.is_unseen and facts.restart.change.lost and not facts.was_shown_dead


def _down(facts: Facts) -> Verdict | None:
    """The next instance was started so late that the node must have been down in between.

    The kubelet said nothing meanwhile, as it would if the image could not be pulled, and no other
    container of the pod ran on. How the container was stopped fits, too.
    """
    restart, died, born = facts.restart, facts.restart.died_at, facts.restart.next_start
    if died is None or born is None or born - died < DOWN or restart.path is not Path.UNSEEN:
        return None
    init, oldest = restart.container.kind is ContainerKind.INIT, restart.change.oldest
    if init or restart.change.same_sandbox or (oldest is not None and oldest < died):
        return None
    if _ended_for_itself(facts) or not (facts.looks_killed or facts.exit.is_unseen):
        return None
    if facts.habit() is not None:
        return None  # it ended as it did before, which had nothing to do with a node
    if any(died + NODE_START < at < born - NODE_START for at in _times_of_events(facts)):
        return None
    hours = (born - died) / 3600
    late = f"{hours:.0f} hours" if hours > 1 else f"{hours * 60:.0f} minutes"
    why = f"it was started again only after {late}, as if its node was down"
    return conclude(facts, Cause.NODE_REBOOT, Confidence.MEDIUM, why)


def _times_of_events(facts: Facts) -> Iterator[float]:
    """When the kubelet said something about the container, its pod or its node."""
    for book in (facts.book, facts.pod_book):
        for mark in (*book.kills, *book.failures, *book.starts, *book.others):
            yield mark.at
