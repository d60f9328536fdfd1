"""Attribution: restart + evidence → cause, confidence, rule.

`RULES` is an ordered table; the first rule that answers wins, and every
verdict names its rule. The order is the order of trust: what the kubelet said
itself, what the runtime said, what cannot have been otherwise, and only then
what is likely.
"""

from collections.abc import Callable
from dataclasses import dataclass

from probewatch.core.book import Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import OUTSIDE_SIGNALS, Facts
from probewatch.core.findings import Cause, Confidence
from probewatch.core.model import ContainerKind, Probe, ProbeType, RestartPolicy

NODE_CLOCK_SLACK = 600.0
"""A reboot is reported within this time of the deaths it caused."""

PROBE_KILLS = {
    EvidenceKind.KILL_LIVENESS: (Cause.LIVENESS_PROBE, ProbeType.LIVENESS),
    EvidenceKind.KILL_STARTUP: (Cause.STARTUP_PROBE, ProbeType.STARTUP),
}
OTHER_KILLS = {
    EvidenceKind.KILL_SPEC_CHANGE: Cause.SPEC_CHANGE,
    EvidenceKind.KILL_RESIZE: Cause.RESIZE,
    EvidenceKind.KILL_POST_START_HOOK: Cause.POST_START_HOOK,
    EvidenceKind.KILL_RESTART_ALL: Cause.RESTART_RULE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a container restarted, how sure that is, and what it rests on."""

    cause: Cause
    confidence: Confidence
    evidence: tuple[str, ...] = ()
    final: bool = False
    """Whether no later evidence can change it, so that it need not settle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the decision table."""

    name: str
    meaning: str
    judge: Callable[[Facts], Verdict | None]


def attribute(facts: Facts) -> tuple[Rule, Verdict]:
    """The first rule that answers, and its verdict."""
    for rule in RULES:
        verdict = rule.judge(facts)
        if verdict is not None:
            return rule, verdict
    raise AssertionError("the last rule answers always")  # pragma: no cover - see its judge


def _how_it_ended(facts: Facts) -> str:
    death = facts.death
    if death is None:
        return "its termination was not observed"
    text = f"exit code {death.exit_code}" + (f" ({death.reason})" if death.reason else "")
    return text if facts.lifetime is None else f"{text} after {facts.lifetime:.0f} s"


def _verdict(
    facts: Facts, cause: Cause, confidence: Confidence, *why: str, final: bool = False
) -> Verdict:
    return Verdict(
        cause=cause, confidence=confidence, evidence=(*why, _how_it_ended(facts)), final=final
    )


def _unobserved(facts: Facts) -> Verdict | None:
    if facts.death is not None or facts.restart.repaired is not None:
        return None
    if facts.restart.container.kind is ContainerKind.INIT:
        return _verdict(facts, Cause.SANDBOX_RECREATED, Confidence.MEDIUM,
                        "an init container ran again") if facts.restart.change.sandbox else None
    if facts.restart.change.sandbox and facts.restart.all_restarted:
        return None
    return _verdict(facts, Cause.UNOBSERVED, Confidence.LOW, "restartCount rose unseen")


def _probe_kill_event(facts: Facts) -> Verdict | None:
    kill = facts.matched_kill()
    if kill is None or kill.kind not in PROBE_KILLS:
        return None
    cause, probe_type = PROBE_KILLS[kill.kind]
    said = f"kubelet: failed {probe_type.lower()} probe, kill {kill.count}"
    if facts.death and facts.death.reason == "OOMKilled" and facts.exit_code == 137:
        return _oom_during_kill(facts, kill, cause, said)
    return _verdict(facts, cause, Confidence.CONFIRMED, said, final=True)


def _oom_during_kill(facts: Facts, kill: Mark, cause: Cause, said: str) -> Verdict:
    probe = facts.restart.container.probe(PROBE_KILLS[kill.kind][1])
    died = facts.restart.died_at
    used_up = died is not None and died - kill.at >= facts.grace(probe) - 1
    confidence = Confidence.HIGH if used_up else Confidence.MEDIUM
    return _verdict(facts, cause, confidence, said, "the runtime also reports OOMKilled")


def _other_kill_event(facts: Facts) -> Verdict | None:
    kill = facts.matched_kill()
    if kill is None or kill.kind not in OTHER_KILLS:
        return None
    cause = OTHER_KILLS[kill.kind]
    return _verdict(facts, cause, Confidence.CONFIRMED, f"kubelet: {kill.kind.value}", final=True)


def _restart_all(facts: Facts) -> Verdict | None:
    if facts.death is None or facts.death.reason != "RestartingAllContainers":
        return None
    return _verdict(facts, Cause.RESTART_RULE, Confidence.CONFIRMED,
                    "a restart rule restarted all containers of the pod", final=True)


def _restart_rule(facts: Facts) -> Verdict | None:
    rules = facts.restart.container.restart_rules
    if facts.death is None or facts.in_place or not rules:
        return None
    hit = next((rule for rule in rules if rule.matches(facts.exit_code)), None)
    if hit is None or (hit.action == "Restart" and _would_restart_anyway(facts)):
        return None
    return _verdict(facts, Cause.RESTART_RULE, Confidence.HIGH,
                    f"restart rule {hit.action} matches the exit code")


def _would_restart_anyway(facts: Facts) -> bool:
    if facts.policy is RestartPolicy.ON_FAILURE:
        return facts.exit_code != 0
    return facts.policy is RestartPolicy.ALWAYS


def _node_reboot(facts: Facts) -> Verdict | None:
    died = facts.restart.died_at
    lost = _lost_by_runtime(facts)
    rebooted = [m for m in facts.pod_book.others if m.kind is EvidenceKind.NODE_REBOOTED]
    near = died is None or any(abs(mark.at - died) <= NODE_CLOCK_SLACK for mark in rebooted)
    if rebooted and near and (lost or facts.restart.change.sandbox):
        return _verdict(facts, Cause.NODE_REBOOT, Confidence.CONFIRMED,
                        "kubelet: node has been rebooted", final=True)
    if lost and facts.restart.node_unknown:
        return _verdict(facts, Cause.NODE_REBOOT, Confidence.HIGH,
                        "several pods of the node lost their containers at once")
    return None


def _lost_by_runtime(facts: Facts) -> bool:
    death = facts.death
    return death is not None and (
        (death.exit_code == 255 and death.reason == "Unknown")
        or death.reason == "ContainerStatusUnknown"
    )


def _sandbox(facts: Facts) -> Verdict | None:
    said = _sandbox_event(facts)
    kill = facts.matched_kill()
    stopped = kill is not None and kill.kind is EvidenceKind.KILL_STOP
    changed = facts.restart.change.sandbox
    if not (said or changed) or not (facts.restart.all_restarted or stopped):
        return None
    why = "kubelet: pod sandbox changed" if said else "the pod got a new sandbox"
    return _verdict(facts, Cause.SANDBOX_RECREATED, Confidence.HIGH, why)


def _sandbox_event(facts: Facts) -> bool:
    died = facts.restart.died_at
    return any(
        mark.kind is EvidenceKind.SANDBOX_CHANGED
        and (died is None or -60.0 <= mark.at - died <= 120.0)
        for mark in facts.pod_book.others
    )


def _lost(facts: Facts) -> Verdict | None:
    if not _lost_by_runtime(facts):
        return None
    return _verdict(facts, Cause.NODE_REBOOT, Confidence.MEDIUM,
                    "the runtime lost the container: runtime or node restarted")


def _start_error(facts: Facts) -> Verdict | None:
    reasons = {"StartError", "ContainerCannotRun"}
    if facts.death is None or facts.death.reason not in reasons:
        return None
    return _verdict(facts, Cause.START_ERROR, Confidence.CONFIRMED,
                    "the runtime could not start it", final=True)


def _post_start_hook(facts: Facts) -> Verdict | None:
    if not facts.restart.container.has_post_start or facts.death is None:
        return None
    born, died = facts.death.started_at, facts.restart.died_at
    said = born is not None and died is not None and any(
        mark.kind is EvidenceKind.POST_START_FAILED and born - 1 <= mark.at <= died + 2
        for mark in facts.book.others
    )
    if said or facts.restart.waiting_reason == "PostStartHookError":
        return _verdict(facts, Cause.POST_START_HOOK, Confidence.CONFIRMED,
                        "kubelet: postStart hook failed", final=said)
    return None


def _out_of_memory(facts: Facts) -> Verdict | None:
    if facts.death is None or facts.death.reason != "OOMKilled" or facts.exit_code in {0, 143}:
        return None
    if facts.exit_code != 137:
        return _verdict(facts, Cause.ERROR, Confidence.MEDIUM,
                        "a child process was killed for memory, then it ended itself")
    doubt = facts.in_place and facts.threshold_reached(ProbeType.LIVENESS)
    sure = Confidence.MEDIUM if doubt else Confidence.HIGH
    return _verdict(facts, Cause.OOM_KILLED, sure, "the runtime reports OOMKilled")


def _by_exit(facts: Facts, *why: str, sure: Confidence, final: bool = False) -> Verdict:
    """A death that no probe caused, told by its exit code."""
    if facts.exit_code == 0:
        return _verdict(facts, Cause.COMPLETED, sure, *why, final=final)
    if facts.signal in OUTSIDE_SIGNALS:
        below = Confidence.HIGH if sure is Confidence.CONFIRMED else sure
        return _verdict(facts, Cause.SIGNAL, below, *why, final=final)
    return _verdict(facts, Cause.ERROR, sure, *why, final=final)


def _canary(facts: Facts) -> Verdict | None:
    if facts.death is None or not facts.canary() or facts.restart.repaired is not None:
        return None
    why = "no kill was announced, although the next start was"
    return _by_exit(facts, why, sure=Confidence.CONFIRMED, final=True)


def _late_kill(facts: Facts) -> Verdict | None:
    kill = facts.late_kill()
    if facts.death is None or kill is None:
        return None
    return _by_exit(facts, "it had died before the probe's kill", sure=Confidence.HIGH)


def _terminated_seen(facts: Facts) -> Verdict | None:
    if not facts.died_by_itself:
        return None
    doubt = facts.looks_killed and any(map(facts.threshold_reached, ProbeType))
    sure = Confidence.MEDIUM if doubt else Confidence.HIGH
    return _by_exit(facts, "it was seen dead before the kubelet acted", sure=sure)


def _changed_in_place(facts: Facts) -> Verdict | None:
    if not facts.in_place:
        return None
    if facts.restart.change.image:
        return _verdict(facts, Cause.SPEC_CHANGE, Confidence.HIGH, "its image was changed")
    if facts.restart.change.resources:
        return _verdict(facts, Cause.RESIZE, Confidence.HIGH, "its resources were changed")
    return None


def _count_repair(facts: Facts) -> Verdict | None:
    kind = facts.restart.repaired
    if kind not in PROBE_KILLS:
        return None
    cause, probe_type = PROBE_KILLS[kind]
    return _verdict(facts, cause, Confidence.HIGH,
                    f"a later event counts a {probe_type.lower()} kill that was not delivered")


def _kubelet_counter(facts: Facts) -> Verdict | None:
    if facts.corroborated is None or facts.restart.container.liveness is None:
        return None
    if facts.corroborated and (facts.in_place or facts.looks_killed):
        return _verdict(facts, Cause.LIVENESS_PROBE, Confidence.HIGH,
                        "the kubelet's counter shows liveness failures")
    if not facts.corroborated and not facts.in_place and facts.death is not None:
        return _by_exit(facts, "the kubelet's counter shows no failures", sure=Confidence.HIGH)
    return None


def _no_probe(facts: Facts) -> Verdict | None:
    container = facts.restart.container
    if facts.death is None or container.liveness or container.startup:
        return None
    sure = Confidence.CONFIRMED if facts.signal not in OUTSIDE_SIGNALS else Confidence.MEDIUM
    return _by_exit(facts, "it has no probe that could kill it", sure=sure)


def _threshold(facts: Facts) -> Verdict | None:
    if not (facts.in_place or facts.looks_killed):
        return None
    for cause, probe_type in PROBE_KILLS.values():
        if facts.threshold_reached(probe_type):
            seen = facts.failures(probe_type)
            return _verdict(facts, cause, Confidence.HIGH,
                            f"{seen} {probe_type.lower()} failures were reported before it")
    return None


def _never_started(facts: Facts) -> Verdict | None:
    probe = facts.restart.container.startup
    if probe is None or facts.restart.was_started or facts.lifetime is None:
        return None
    if not (facts.in_place or facts.looks_killed) or not _within_budget(facts, probe):
        return None
    sure = Confidence.HIGH if facts.in_place and facts.regular(Cause.STARTUP_PROBE) \
        else Confidence.MEDIUM
    return _verdict(facts, Cause.STARTUP_PROBE, sure,
                    "it never passed its startup probe and lived as long as that allows")


def _within_budget(facts: Facts, probe: Probe) -> bool:
    """Formula 5 of the probe's time budget, with grace and slack on top."""
    earliest = probe.initial_delay + (probe.failure_threshold - 1) * probe.period - 1
    latest = earliest + 2 * probe.interval + facts.grace(probe) + 11
    return facts.lifetime is not None and earliest <= facts.lifetime <= latest


def _replaced_in_place(facts: Facts) -> Verdict | None:
    liveness = facts.restart.container.liveness
    if not facts.in_place or facts.death is None:
        return None
    if liveness is None:
        return _verdict(facts, Cause.STARTUP_PROBE, Confidence.MEDIUM,
                        "the kubelet replaced it without its being seen dead")
    sure = Confidence.HIGH if facts.regular(Cause.LIVENESS_PROBE) else Confidence.MEDIUM
    return _verdict(facts, Cause.LIVENESS_PROBE, sure,
                    "the kubelet replaced it without its being seen dead")


def _regular(facts: Facts) -> Verdict | None:
    for cause, _ in PROBE_KILLS.values():
        if facts.regular(cause):
            return _verdict(facts, cause, Confidence.MEDIUM,
                            "it ended like earlier kills by this probe")
    return None


def _own_exit(facts: Facts) -> Verdict | None:
    if facts.death is None or facts.looks_killed:
        return None
    return _by_exit(facts, "no probe failure was reported", sure=Confidence.MEDIUM)


def _unknown(facts: Facts) -> Verdict | None:
    return _verdict(facts, Cause.UNKNOWN, Confidence.LOW, "nothing tells who ended it")


RULES: tuple[Rule, ...] = (
    Rule(name="kill-event-probe", judge=_probe_kill_event,
         meaning="The kubelet's Killing event names the probe and lies within the instance's life."),
    Rule(name="kill-event-other", judge=_other_kill_event,
         meaning="The kubelet's Killing event names another reason of its own."),
    Rule(name="unobserved", judge=_unobserved,
         meaning="The count rose by more than one, or the termination was never visible."),
    Rule(name="restart-all", judge=_restart_all,
         meaning="The kubelet marked it as restarted together with the whole pod."),
    Rule(name="node-reboot", judge=_node_reboot,
         meaning="The node reported a reboot, or many of its pods lost containers at once."),
    Rule(name="sandbox", judge=_sandbox,
         meaning="All containers of the pod restarted and the pod got a new sandbox."),
    Rule(name="lost", judge=_lost, meaning="The container runtime lost track of the container."),
    Rule(name="start-error", judge=_start_error,
         meaning="The container runtime could not start the container's process."),
    Rule(name="post-start-hook", judge=_post_start_hook,
         meaning="The container's postStart hook failed, for which the kubelet kills it."),
    Rule(name="restart-rule", judge=_restart_rule,
         meaning="A container restart rule matched the exit code."),
    Rule(name="out-of-memory", judge=_out_of_memory,
         meaning="The runtime reports OOMKilled, and the exit code fits."),
    Rule(name="start-canary", judge=_canary,
         meaning="The start of the next instance was announced, so a kill would have been too."),
    Rule(name="died-before-kill", judge=_late_kill,
         meaning="A probe's kill was decided only after the container had died."),
    Rule(name="terminated-seen", judge=_terminated_seen,
         meaning="The container was shown as terminated before the kubelet acted."),
    Rule(name="changed-in-place", judge=_changed_in_place,
         meaning="Image or resources changed and the kubelet replaced the container in place."),
    Rule(name="count-repair", judge=_count_repair,
         meaning="A later Killing event's count proves that an undelivered kill happened."),
    Rule(name="kubelet-counter", judge=_kubelet_counter,
         meaning="The kubelet's prober_probe_total confirms or rules out a probe."),
    Rule(name="no-probe", judge=_no_probe,
         meaning="The container has no probe that could have killed it."),
    Rule(name="threshold-reached", judge=_threshold,
         meaning="As many probe failures as the threshold were reported just before the death."),
    Rule(name="never-started", judge=_never_started,
         meaning="It never started and lived just as long as its startup probe allows."),
    Rule(name="replaced-in-place", judge=_replaced_in_place,
         meaning="The kubelet replaced a running container without its being seen dead."),
    Rule(name="regular", judge=_regular,
         meaning="Exit code and lifetime equal those of earlier sure kills by the same probe."),
    Rule(name="own-exit", judge=_own_exit,
         meaning="An exit code that a kill does not leave, and no sign of a failing probe."),
    Rule(name="unknown", judge=_unknown, meaning="The evidence does not tell."),
)
