"""Rules based on direct statements: of the kubelet, of the runtime, or in the pod's status."""

from probewatch.core.book import Mark
from probewatch.core.causes import Cause, Confidence
from probewatch.core.doubts import (
    is_as_likely_its_own,
    is_rather_of_kill,
    may_be_left_half_done,
    may_have_ended_before,
)
from probewatch.core.evidence import EvidenceKind
from probewatch.core.exits import SIGKILL, SIGTERM
from probewatch.core.facts import Facts
from probewatch.core.kills import (
    is_slow,
    kill_between,
    kill_in_jump,
    lived_on,
    matched_kill,
)
from probewatch.core.sandboxes import is_alone_in_new_sandbox
from probewatch.core.spec import MINIMUM_GRACE_SECONDS, Probe
from probewatch.core.verdict import (
    PROBE_KILLS,
    Verdict,
    conclude,
    failed_while_running,
    kill_was_due,
    kill_was_due_by,
    undecided,
)
from probewatch.core.watermarks import RESTARTING_ALL

OTHER_KILLS = {
    EvidenceKind.KILL_SPEC_CHANGE: Cause.SPEC_CHANGE,
    EvidenceKind.KILL_RESIZE: Cause.RESIZE,
    EvidenceKind.KILL_POST_START_HOOK: Cause.POST_START_HOOK,
    EvidenceKind.KILL_RESTART_ALL: Cause.RESTART_RULE,
}

SAID = {
    EvidenceKind.KILL_SPEC_CHANGE: "container definition changed",
    EvidenceKind.KILL_RESIZE: "resize requires restart",
    EvidenceKind.KILL_POST_START_HOOK: "postStart hook failed",
    EvidenceKind.KILL_RESTART_ALL: "killed because a restart rule restarts all containers",
}
"""Evidence words for these kills."""


def unobserved(facts: Facts) -> Verdict | None:
    """The count rose, and how the instance ended was not observed."""
    if facts.death is not None or facts.restart.repaired is not None:
        return None
    if is_alone_in_new_sandbox(facts):
        return None
    cause = {kind: cause for kind, (cause, _) in PROBE_KILLS.items()} | OTHER_KILLS
    kind = kill_in_jump(facts)
    if kind in cause:
        why = "the count of Killing events matches the restarts that were not observed"
        return conclude(facts, cause[kind], Confidence.MEDIUM, why)
    size = facts.restart.jump.size
    risen = f"restartCount rose by {size} at once" if size > 1 else "restartCount rose"
    return conclude(facts, Cause.UNOBSERVED, Confidence.LOW, risen)


def probe_kill_event(facts: Facts) -> Verdict | None:
    """A `Killing` Event says that a probe made the kubelet kill the container."""
    kill = matched_kill(facts)
    if kill is None or kill.kind not in PROBE_KILLS or facts.is_lost_task:
        return None
    cause, probe_type = PROBE_KILLS[kill.kind]
    probe = facts.restart.container.probe(probe_type)
    said = f"kubelet: failed {probe_type.lower()} probe, kill {kill.count}"
    if facts.restart.died_at is None:
        return conclude(facts, cause, Confidence.MEDIUM, said, "it is not known when it ended")
    if is_slow(facts, kill):
        # After that long only SIGKILL ends it; one that ends otherwise may have gone on running.
        stuck = facts.in_place and facts.signal == SIGKILL and not facts.out_of_memory
        sure = Confidence.HIGH if stuck else Confidence.MEDIUM
        return conclude(facts, cause, sure, said, "it took longer to stop than its grace period")
    if facts.out_of_memory:
        return _oom_during_kill(facts, kill, cause, said)
    if kill.kind is EvidenceKind.KILL_STARTUP and lived_on(facts, kill):
        why = "its liveness probe failed after that, so it had started"
        return conclude(facts, cause, Confidence.MEDIUM, said, why)
    if may_be_left_half_done(facts, kill, probe):
        why = "the kubelet may have been restarted during the kill"
        return conclude(facts, cause, Confidence.MEDIUM, said, why)
    if may_have_ended_before(facts, kill, probe):
        return _end_or_kill(facts, probe, cause, said)
    return conclude(facts, cause, Confidence.CONFIRMED, said, final=True)


def _end_or_kill(facts: Facts, probe: Probe | None, cause: Cause, said: str) -> Verdict:
    """The verdict on an end by itself in the second of the kill, or by the kill."""
    why = "it may have ended by itself just before"
    if is_rather_of_kill(facts, probe):
        return conclude(facts, cause, Confidence.HIGH, said, why)
    if is_as_likely_its_own(facts, probe):
        return undecided(facts, said, why)
    return conclude(facts, cause, Confidence.MEDIUM, said, why)


def _oom_during_kill(facts: Facts, kill: Mark, cause: Cause, said: str) -> Verdict:
    probe_type, died = PROBE_KILLS[kill.kind][1], facts.restart.died_at
    probe = facts.restart.container.probe(probe_type)
    sudden = died is not None and int(kill.at) >= int(died)
    if sudden and not failed_while_running(facts, probe_type):
        # The kubelet's SIGKILL comes two seconds later at the earliest; the end failed the probe.
        why = "the runtime reports OOMKilled, in the second of the probe's kill"
        return conclude(facts, Cause.OOM_KILLED, Confidence.MEDIUM, why)
    used_up = died is not None and died - kill.at >= facts.grace(probe) - 1
    confidence = Confidence.HIGH if used_up else Confidence.MEDIUM
    return conclude(facts, cause, confidence, said, "the runtime also reports OOMKilled")


def other_kill_event(facts: Facts) -> Verdict | None:
    """A `Killing` Event gives a reason of the kubelet's other than a probe."""
    kill = matched_kill(facts)
    between = kill_between(facts) if kill is None else None
    kill = kill or between
    if kill is not None and kill.kind is EvidenceKind.KILL_OTHER:
        return _killed_somehow(facts)
    if kill is None or kill.kind not in OTHER_KILLS:
        return None
    if facts.is_lost_task or _may_be_before(facts, kill):
        return None
    cause, said = OTHER_KILLS[kill.kind], f"kubelet: {SAID[kill.kind]}"
    if between is None:
        return conclude(facts, cause, Confidence.CONFIRMED, said, final=True)
    why = "the next instance was started in the same second"
    return conclude(facts, cause, _sure_of_change(facts, cause), said, why)


def _killed_somehow(facts: Facts) -> Verdict | None:
    """The verdict on a kill for a reason that is not known: other rules only say what else fits."""
    if facts.out_of_memory or kill_was_due(facts):
        return None
    return undecided(facts, "kubelet: killed, for a reason that is not known here")


def _sure_of_change(facts: Facts, cause: Cause) -> Confidence:
    """How sure a change caused a restart whose kill may be that of the next instance."""
    change = facts.restart.change
    shown = change.image if cause is Cause.SPEC_CHANGE else change.resources
    return Confidence.HIGH if shown and facts.looks_killed else Confidence.MEDIUM


def _may_be_before(facts: Facts, kill: Mark) -> bool:
    """Whether the container may have ended before the kubelet killed it for its postStart hook.

    The hook also fails because the container ended. Within one second only an end by SIGTERM
    shows that the kill came first.
    """
    hook = kill.kind is EvidenceKind.KILL_POST_START_HOOK
    return hook and kill.at == facts.restart.died_at and facts.signal != SIGTERM


def restart_all(facts: Facts) -> Verdict | None:
    """A restart rule made the kubelet restart all containers of the pod."""
    if facts.death is None:
        return None
    # If it ended by itself, this is the cause only if nothing else would have restarted it.
    by_itself = facts.restarts_anyway or facts.rule is not None
    with_all = facts.restart.change.with_all and not by_itself
    if facts.death.reason != RESTARTING_ALL and not with_all:
        return None
    return conclude(
        facts,
        Cause.RESTART_RULE,
        Confidence.CONFIRMED,
        "a restart rule restarted all containers of the pod",
        final=True,
    )


def start_error(facts: Facts) -> Verdict | None:
    """The runtime could not start the container."""
    reasons = {"StartError", "ContainerCannotRun"}
    if facts.death is None or facts.death.reason not in reasons:
        return None
    return conclude(
        facts, Cause.START_ERROR, Confidence.CONFIRMED, "the runtime could not start it", final=True
    )


def out_of_memory(facts: Facts) -> Verdict | None:
    """The kernel's OOM killer ended the container.

    The runtime's flag is sticky: a child process that was OOM killed sets it for good. So the flag
    counts only with the exit code of SIGKILL, and a kill by the kubelet is ruled out only if the
    container was shown as terminated, or has nothing that could make the kubelet kill it.
    """
    if not facts.out_of_memory or (facts.in_place and _is_rather_killed(facts)):
        return None
    # A new sandbox may also be the cause: SIGKILL ends what is left of the old one.
    known = facts.exit_code is not None and not facts.restart.change.sandbox
    sure = Confidence.HIGH if known and _is_its_own(facts) else Confidence.MEDIUM
    return conclude(facts, Cause.OOM_KILLED, sure, "the runtime reports OOMKilled")


def _is_its_own(facts: Facts) -> bool:
    """Whether the kubelet cannot have killed it, neither for a probe or hook nor for a change."""
    change = facts.restart.change
    return facts.was_shown_dead or not (facts.may_be_killed or change.image or change.resources)


def memory_again(facts: Facts) -> Verdict | None:
    """The container was OOM killed as it was before, but this time the runtime missed it.

    Source: containerd issues 8893 and 8180.
    """
    if facts.signal != SIGKILL or not _is_its_own(facts) or matched_kill(facts) is not None:
        return None
    if kill_was_due(facts):
        return None
    if facts.habit(sure=True) is not Cause.OOM_KILLED:
        return None
    why = "earlier restarts with this exit code and lifetime were OOMKilled; a runtime may miss one"
    return conclude(facts, Cause.OOM_KILLED, Confidence.MEDIUM, why)


def _is_rather_killed(facts: Facts) -> bool:
    """Whether it was more likely killed by the kubelet than OOM killed and shown too late."""
    change = facts.restart.change
    if _may_be_killed_for_probe(facts) or change.image or change.resources:
        return True
    alike = {past.cause for past in facts.with_its_exit()}
    kills = {cause for cause, _ in PROBE_KILLS.values()}
    return bool(alike & kills) and Cause.OOM_KILLED not in alike


def _may_be_killed_for_probe(facts: Facts) -> bool:
    """Whether a probe kill was due, and early enough for SIGKILL: two seconds at least.

    Source: kubelet/kuberuntime/kuberuntime_container.go (minimumGracePeriodInSeconds).
    """
    died = facts.restart.died_at
    if died is None or facts.signal != SIGKILL:
        return kill_was_due(facts)
    return kill_was_due_by(facts, int(died) - MINIMUM_GRACE_SECONDS)
