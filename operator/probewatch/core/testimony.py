"""Rules on what was said: by the kubelet, by the runtime, or by the pod's status."""

from probewatch.core.book import Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import Facts
from probewatch.core.findings import Cause, Confidence
from probewatch.core.kills import STOP_SLACK, kill_in_jump, matched_kill
from probewatch.core.model import ContainerKind, ProbeType
from probewatch.core.restarts import LOST_EXIT, is_lost
from probewatch.core.verdict import PROBE_KILLS, Verdict, conclude

NODE_CLOCK_SLACK = 600.0
"""A reboot is reported within this time of the deaths it caused."""

SANDBOX_SLACK = 30.0
"""A new sandbox is made within this time after the last container of the old one was stopped."""

OTHER_KILLS = {
    EvidenceKind.KILL_SPEC_CHANGE: Cause.SPEC_CHANGE,
    EvidenceKind.KILL_RESIZE: Cause.RESIZE,
    EvidenceKind.KILL_POST_START_HOOK: Cause.POST_START_HOOK,
    EvidenceKind.KILL_RESTART_ALL: Cause.RESTART_RULE,
}


def unobserved(facts: Facts) -> Verdict | None:
    """The count rose unseen."""
    if facts.death is not None or facts.restart.repaired is not None:
        return None
    if _is_alone_in_new_sandbox(facts):
        return None
    cause = {kind: cause for kind, (cause, _) in PROBE_KILLS.items()} | OTHER_KILLS
    kind = kill_in_jump(facts)
    if kind in cause:
        why = "as many kills were announced as restarts went unseen"
        return conclude(facts, cause[kind], Confidence.MEDIUM, why)
    return conclude(facts, Cause.UNOBSERVED, Confidence.LOW, "restartCount rose unseen")


def _is_alone_in_new_sandbox(facts: Facts) -> bool:
    """Whether the count rose by one and the new sandbox explains it."""
    restart = facts.restart
    return restart.change.sandbox and restart.all_restarted and restart.jump.size == 1


def probe_kill_event(facts: Facts) -> Verdict | None:
    """The kubelet said that a probe made it kill the container."""
    kill = matched_kill(facts)
    if kill is None or kill.kind not in PROBE_KILLS or facts.exit_code == LOST_EXIT:
        return None
    cause, probe_type = PROBE_KILLS[kill.kind]
    said = f"kubelet: failed {probe_type.lower()} probe, kill {kill.count}"
    if facts.out_of_memory:
        return _oom_during_kill(facts, kill, cause, said)
    return conclude(facts, cause, Confidence.CONFIRMED, said, final=True)


def _oom_during_kill(facts: Facts, kill: Mark, cause: Cause, said: str) -> Verdict:
    probe = facts.restart.container.probe(PROBE_KILLS[kill.kind][1])
    died = facts.restart.died_at
    used_up = died is not None and died - kill.at >= facts.grace(probe) - 1
    confidence = Confidence.HIGH if used_up else Confidence.MEDIUM
    return conclude(facts, cause, confidence, said, "the runtime also reports OOMKilled")


def other_kill_event(facts: Facts) -> Verdict | None:
    """The kubelet gave another reason of its own for the kill."""
    kill = matched_kill(facts)
    if kill is None or kill.kind not in OTHER_KILLS:
        return None
    cause = OTHER_KILLS[kill.kind]
    return conclude(facts, cause, Confidence.CONFIRMED, f"kubelet: {kill.kind.value}", final=True)


def restart_all(facts: Facts) -> Verdict | None:
    """The kubelet restarted the whole pod by a rule."""
    if facts.death is None or facts.death.reason != "RestartingAllContainers":
        return None
    return conclude(
        facts,
        Cause.RESTART_RULE,
        Confidence.CONFIRMED,
        "a restart rule restarted all containers of the pod",
        final=True,
    )


def rerun(facts: Facts) -> Verdict | None:
    """An init container that had done its work ran again: the pod was begun anew."""
    done = facts.death is None or facts.exit_code == 0
    if facts.restart.container.kind is not ContainerKind.INIT or not done:
        return None
    change, why = facts.restart.change, "an init container ran again"
    if change.restarting_all:
        return conclude(facts, Cause.RESTART_RULE, Confidence.HIGH, why)
    rebooted = _is_said_of_node(facts, EvidenceKind.NODE_REBOOTED)
    if change.lost or rebooted:
        sure = Confidence.HIGH if rebooted else Confidence.MEDIUM
        return conclude(facts, Cause.NODE_REBOOT, sure, why)
    if change.sandbox:
        return conclude(facts, Cause.SANDBOX_RECREATED, Confidence.MEDIUM, why)
    return conclude(facts, Cause.UNKNOWN, Confidence.LOW, why)


def node_reboot(facts: Facts) -> Verdict | None:
    """The node went down and came back."""
    lost = facts.death is not None and is_lost(facts.death)
    rebooted = _is_said_of_node(facts, EvidenceKind.NODE_REBOOTED)
    if lost and rebooted:
        why = "kubelet: node has been rebooted"
        return conclude(facts, Cause.NODE_REBOOT, Confidence.CONFIRMED, why, final=True)
    if lost and _is_said_of_node(facts, EvidenceKind.NODE_LOST_CONTAINERS):
        why = "several pods of the node lost their containers at once"
        return conclude(facts, Cause.NODE_REBOOT, Confidence.HIGH, why)
    return None


def _is_said_of_node(facts: Facts, kind: EvidenceKind) -> bool:
    """Whether it was said near the end; an end without times is near everything."""
    near = facts.restart.next_start
    if facts.restart.container.kind is not ContainerKind.INIT:
        near = facts.restart.died_at
    said = [mark.at for mark in facts.pod_book.others if mark.kind is kind]
    return bool(said) and (near is None or any(abs(at - near) <= NODE_CLOCK_SLACK for at in said))


def sandbox(facts: Facts) -> Verdict | None:
    """The whole pod got a new sandbox."""
    kill = matched_kill(facts)
    change, stopped = facts.restart.change, kill is not None and kill.kind is EvidenceKind.KILL_STOP
    said = _sandbox_event(facts)
    if facts.exit_code == LOST_EXIT:
        return None
    if change.same_sandbox or not (said or change.sandbox):
        return None
    if not (facts.restart.all_restarted or stopped):
        return None
    vanished = facts.death is not None and facts.death.reason == "ContainerStatusUnknown"
    if facts.died_by_itself and not stopped and not vanished:
        return None  # it had ended before the sandbox did
    if not facts.order_tells and any(map(facts.threshold_reached, ProbeType)):
        return None  # with policy Never a probe stops the whole pod, if nothing else stays up
    if (said or stopped) and facts.death is not None:
        why = "kubelet: pod sandbox changed"
        sure = facts.order_tells or not facts.may_be_killed
        confidence = Confidence.HIGH if sure else Confidence.MEDIUM
        return conclude(facts, Cause.SANDBOX_RECREATED, confidence, why)
    if not _was_near_new_sandbox(facts):
        return None
    return conclude(facts, Cause.SANDBOX_RECREATED, Confidence.MEDIUM, "the pod got a new sandbox")


def _sandbox_event(facts: Facts) -> bool:
    """Whether the kubelet noticed the sandbox in the life of the container, just before its end."""
    died, grace = facts.restart.died_at, facts.spec.grace + SANDBOX_SLACK
    born = facts.death.started_at if facts.death is not None else None
    return any(
        mark.kind is EvidenceKind.SANDBOX_CHANGED
        and (died is None or 0.0 <= died - mark.at <= grace)
        and (born is None or mark.at >= born)
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
    if facts.death is None or not is_lost(facts.death):
        return None
    return conclude(
        facts,
        Cause.NODE_REBOOT,
        Confidence.MEDIUM,
        "the runtime lost the container: runtime or node restarted",
    )


def start_error(facts: Facts) -> Verdict | None:
    """The runtime could not start it."""
    reasons = {"StartError", "ContainerCannotRun"}
    if facts.death is None or facts.death.reason not in reasons:
        return None
    return conclude(
        facts, Cause.START_ERROR, Confidence.CONFIRMED, "the runtime could not start it", final=True
    )


def post_start_hook(facts: Facts) -> Verdict | None:
    """Its postStart hook failed."""
    if not facts.restart.container.has_post_start or facts.death is None:
        return None
    born, died = facts.death.started_at, facts.restart.died_at
    said = (
        born is not None
        and died is not None
        and any(
            mark.kind is EvidenceKind.POST_START_FAILED
            and born <= mark.at <= died <= mark.at + facts.grace() + STOP_SLACK
            and (facts.restart.next_start is None or mark.at < facts.restart.next_start)
            for mark in facts.book.others
        )
    )
    if said or facts.restart.waiting_reason == "PostStartHookError":
        return conclude(
            facts,
            Cause.POST_START_HOOK,
            Confidence.CONFIRMED,
            "kubelet: postStart hook failed",
            final=said,
        )
    return None


def out_of_memory(facts: Facts) -> Verdict | None:
    """The kernel killed it for memory.

    The runtime's flag sticks: a child that was killed for memory sets it for good. So it counts
    only with the exit code of SIGKILL, and a kubelet kill is ruled out only where the container
    was seen dead, or nothing could have killed it.
    """
    if not facts.out_of_memory or (facts.in_place and _is_rather_killed(facts)):
        return None
    own = (facts.died_by_itself and facts.order_tells) or not facts.may_be_killed
    sure = Confidence.HIGH if own else Confidence.MEDIUM
    return conclude(facts, Cause.OOM_KILLED, sure, "the runtime reports OOMKilled")


def _is_rather_killed(facts: Facts) -> bool:
    """Whether a probe explains a replacement in place better than a status that was not seen."""
    if any(map(facts.threshold_reached, ProbeType)):
        return True
    alike = {past.cause for past in facts.past if past.exit_code == facts.exit_code}
    kills = {cause for cause, _ in PROBE_KILLS.values()}
    return bool(alike & kills) and Cause.OOM_KILLED not in alike
