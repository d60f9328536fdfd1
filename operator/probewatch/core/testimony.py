"""Rules on what was said: by the kubelet, by the runtime, or by the pod's status."""

from probewatch.core.book import Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import SIGKILL_EXIT, SIGTERM_EXIT, Facts
from probewatch.core.findings import Cause, Confidence
from probewatch.core.model import ContainerKind, ProbeType, RestartPolicy
from probewatch.core.verdict import PROBE_KILLS, Verdict, conclude

NODE_CLOCK_SLACK = 600.0
"""A reboot is reported within this time of the deaths it caused."""

SANDBOX_BEFORE = 60.0
SANDBOX_AFTER = 120.0
"""The kubelet notices a dead sandbox so long before or after its containers' deaths."""
LOST_EXIT = 255
"""containerd's exit code for a task it lost, with reason `Unknown`."""

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
    if facts.restart.container.kind is ContainerKind.INIT:
        return (
            conclude(
                facts, Cause.SANDBOX_RECREATED, Confidence.MEDIUM, "an init container ran again"
            )
            if facts.restart.change.sandbox
            else None
        )
    if facts.restart.change.sandbox and facts.restart.all_restarted:
        return None
    return conclude(facts, Cause.UNOBSERVED, Confidence.LOW, "restartCount rose unseen")


def probe_kill_event(facts: Facts) -> Verdict | None:
    """The kubelet said that a probe made it kill the container."""
    kill = facts.matched_kill()
    if kill is None or kill.kind not in PROBE_KILLS:
        return None
    cause, probe_type = PROBE_KILLS[kill.kind]
    said = f"kubelet: failed {probe_type.lower()} probe, kill {kill.count}"
    if facts.death and facts.death.reason == "OOMKilled" and facts.exit_code == SIGKILL_EXIT:
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
    kill = facts.matched_kill()
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


def restart_rule(facts: Facts) -> Verdict | None:
    """A restart rule decided, not the pod's policy."""
    rules = facts.restart.container.restart_rules
    if facts.death is None or facts.in_place or not rules:
        return None
    hit = next((rule for rule in rules if rule.matches(facts.exit_code)), None)
    if hit is None or (hit.action == "Restart" and _would_restart_anyway(facts)):
        return None
    return conclude(
        facts,
        Cause.RESTART_RULE,
        Confidence.HIGH,
        f"restart rule {hit.action} matches the exit code",
    )


def _would_restart_anyway(facts: Facts) -> bool:
    if facts.policy is RestartPolicy.ON_FAILURE:
        return facts.exit_code != 0
    return facts.policy is RestartPolicy.ALWAYS


def node_reboot(facts: Facts) -> Verdict | None:
    """The node went down and came back."""
    lost = _lost_by_runtime(facts)
    rebooted = _is_said_of_node(facts, EvidenceKind.NODE_REBOOTED)
    if rebooted and (lost or facts.restart.change.sandbox):
        return conclude(
            facts,
            Cause.NODE_REBOOT,
            Confidence.CONFIRMED,
            "kubelet: node has been rebooted",
            final=True,
        )
    if lost and _is_said_of_node(facts, EvidenceKind.NODE_LOST_CONTAINERS):
        return conclude(
            facts,
            Cause.NODE_REBOOT,
            Confidence.HIGH,
            "several pods of the node lost their containers at once",
        )
    return None


def _is_said_of_node(facts: Facts, kind: EvidenceKind) -> bool:
    """Whether it was said near the death; a death without times is near everything."""
    died = facts.restart.died_at
    said = [mark.at for mark in facts.pod_book.others if mark.kind is kind]
    return bool(said) and (died is None or any(abs(at - died) <= NODE_CLOCK_SLACK for at in said))


def _lost_by_runtime(facts: Facts) -> bool:
    death = facts.death
    return death is not None and (
        (death.exit_code == LOST_EXIT and death.reason == "Unknown")
        or death.reason == "ContainerStatusUnknown"
    )


def sandbox(facts: Facts) -> Verdict | None:
    """The whole pod got a new sandbox."""
    said = _sandbox_event(facts)
    kill = facts.matched_kill()
    stopped = kill is not None and kill.kind is EvidenceKind.KILL_STOP
    changed = facts.restart.change.sandbox
    if not (said or changed) or not (facts.restart.all_restarted or stopped):
        return None
    why = "kubelet: pod sandbox changed" if said else "the pod got a new sandbox"
    return conclude(facts, Cause.SANDBOX_RECREATED, Confidence.HIGH, why)


def _sandbox_event(facts: Facts) -> bool:
    died = facts.restart.died_at
    return any(
        mark.kind is EvidenceKind.SANDBOX_CHANGED
        and (died is None or -SANDBOX_BEFORE <= mark.at - died <= SANDBOX_AFTER)
        for mark in facts.pod_book.others
    )


def lost(facts: Facts) -> Verdict | None:
    """The runtime lost the container."""
    if not _lost_by_runtime(facts):
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
            mark.kind is EvidenceKind.POST_START_FAILED and born - 1 <= mark.at <= died + 2
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
    """The kernel killed it for memory."""
    if (
        facts.death is None
        or facts.death.reason != "OOMKilled"
        or facts.exit_code in {0, SIGTERM_EXIT}
    ):
        return None
    if facts.exit_code != SIGKILL_EXIT:
        return conclude(
            facts,
            Cause.ERROR,
            Confidence.MEDIUM,
            "a child process was killed for memory, then it ended itself",
        )
    doubt = facts.in_place and facts.threshold_reached(ProbeType.LIVENESS)
    sure = Confidence.MEDIUM if doubt else Confidence.HIGH
    return conclude(facts, Cause.OOM_KILLED, sure, "the runtime reports OOMKilled")
