"""Rules based on necessary conclusions: what cannot have happened otherwise."""

from probewatch.core import announcements, kills
from probewatch.core.causes import Cause, Confidence
from probewatch.core.counters import rise, surely_before
from probewatch.core.doubts import may_fail_by_end
from probewatch.core.exits import SIGTERM
from probewatch.core.facts import Facts
from probewatch.core.sandboxes import is_before_new_sandbox
from probewatch.core.spec import Probe, ProbeType
from probewatch.core.verdict import (
    PROBE_KILLS,
    Verdict,
    by_exit,
    conclude,
    failed_while_running,
    kill_was_due,
)


def restart_rule(facts: Facts) -> Verdict | None:
    """A container restart rule caused the restart, not the restart policy."""
    rule = facts.rule
    if facts.death is None or facts.in_place or rule is None:
        return None
    if facts.may_be_killed and (facts.looks_killed or kill_was_due(facts)):
        return None  # it may have been killed first, and then the kill is the cause
    why, change = f"restart rule {rule.action} matches the exit code", facts.restart.change
    killed = facts.may_be_killed and not facts.was_shown_dead
    if killed or change.sandbox:  # a restart rule does not create a new sandbox
        return conclude(facts, Cause.RESTART_RULE, Confidence.MEDIUM, why)
    seen = (change.restarting_all or change.with_all) and rule.action != "Restart"
    sure = Confidence.CONFIRMED if seen else Confidence.HIGH
    return conclude(facts, Cause.RESTART_RULE, sure, why)


def canary(facts: Facts) -> Verdict | None:
    """The Events of the next start arrived, but no `Killing` Event before them."""
    if facts.death is None or not announcements.canary(facts) or facts.restart.repaired is not None:
        return None
    if kills.matched_kill(facts) is not None or (facts.in_place and kills.late_kill(facts)):
        return None
    if kills.may_have_been_killed(facts):
        return None
    why = "no Killing event arrived, although the events of the next start did"
    blind, due = not facts.order_tells and facts.may_be_killed, kill_was_due(facts)
    if blind and (facts.looks_killed or due):
        return None
    if facts.died_by_itself or not facts.may_be_killed:
        # A kill that the runtime answers with an error is shown as an end of the container's own.
        doubt = blind or due or facts.in_place or announcements.kubelet_restarted(facts)
        sure = Confidence.MEDIUM if doubt or _is_otherwise_due(facts) else Confidence.CONFIRMED
        return by_exit(facts, why, sure=sure, final=sure is Confidence.CONFIRMED)
    # Only the missing Event speaks against a kill here, and an Event may be lost.
    if due:
        return None
    return by_exit(facts, why, "it was not shown as terminated", sure=Confidence.MEDIUM)


def _is_otherwise_due(facts: Facts) -> bool:
    """Whether the kubelet had reasons other than a probe to end the container.

    No status is written while a postStart hook runs, so a container that was never shown as started
    may have been killed for its hook. And a changed container is killed in the next sync.
    """
    change = facts.restart.change
    hook = facts.restart.container.has_post_start and facts.restart.was_started is not True
    # What is told to stop may exit with any code; only a crash that was shown is surely its own.
    asked = (change.image or change.resources) and (facts.looks_killed or not facts.died_by_itself)
    unknown = change.unknown and facts.looks_killed
    return hook or asked or unknown or change.sandbox or kills.is_unmatched(facts)


def late_kill(facts: Facts) -> Verdict | None:
    """The probe's kill was decided, or the postStart hook failed, after the container had died.

    This also holds if it was replaced in place. The kubelet runs the hook in the sync that starts
    the container, and a probe may fail on a container whose end the kubelet has not noticed, so
    the order of states says nothing then. The Event of a probe's kill comes before the kill. Within
    two seconds of the end it is left out all the same if the kill may be repeated, or its signal
    ended the container.
    Source: kubelet/kuberuntime/kuberuntime_container.go (killContainer).
    """
    hook = kills.late_hook(facts)
    kill = hook or kills.late_kill(facts)
    if facts.death is None:
        return None
    if kill is None:
        return _failed_late(facts)
    # A count that rose by more than one means an earlier kill, which may have ended it.
    alone = kill.fresh == 1 and (kill.since is not None or kill.count == 1)
    near = hook is None and facts.in_place and kills.is_just_after(facts, kill)
    if near and (not alone or facts.exit.by_outside_signal or facts.exit.is_mute):
        return None
    sure = Confidence.HIGH if alone and not near else Confidence.MEDIUM
    later = "the kubelet's Killing event" if hook is None else "its postStart hook failed"
    return by_exit(facts, f"it had ended before {later}", sure=sure)


def _failed_late(facts: Facts) -> Verdict | None:
    """Its probe failed after it had ended, so that no kill for this probe had been decided before.

    The kubelet does not run a probe again for which it kills the container. Other kills do not
    stop its probes.
    Source: kubelet/prober/worker.go (onHold).
    """
    change = facts.restart.change
    if facts.died_by_itself or kills.matched_kill(facts) is not None or facts.out_of_memory:
        return None
    if change.image or change.resources or not kills.has_failed_late(facts):
        return None
    return by_exit(facts, "its probe failed after it had ended", sure=Confidence.MEDIUM)


def terminated_seen(facts: Facts) -> Verdict | None:
    """It was shown as terminated before the kubelet acted.

    A kubelet that was restarted during a kill shows the same, so a second fact is needed to be
    sure: the container has nothing that could kill it, or it ended so by itself before.
    """
    if not facts.died_by_itself or kills.matched_kill(facts) is not None:
        return None
    if kills.may_have_been_killed(facts):
        return None
    failing = kill_was_due(facts)
    if not facts.order_tells and facts.may_be_killed and (facts.looks_killed or failing):
        return None
    if failing:
        return by_exit(
            facts,
            "it was shown as terminated before the kubelet acted",
            "its probe was failing",
            sure=Confidence.MEDIUM,
        )
    sure = Confidence.HIGH if _is_backed(facts) else Confidence.MEDIUM
    return by_exit(facts, "it was shown as terminated before the kubelet acted", sure=sure)


def _is_backed(facts: Facts) -> bool:
    """Whether a second fact, besides the order of states, shows that it ended by itself."""
    change = facts.restart.change
    if change.sandbox or change.lost or is_before_new_sandbox(facts):
        return False  # it may have been stopped with its node
    if announcements.kubelet_restarted(facts):
        return False
    if not facts.may_be_killed:
        # With hostNetwork the pod IP does not show a new sandbox, and so not a reboot either.
        hidden = facts.spec.host_network and not change.same_sandbox
        return not (hidden and facts.looks_killed)
    return facts.order_tells and facts.ends_so_itself()


def changed_in_place(facts: Facts) -> Verdict | None:
    """Its spec changed, and the kubelet replaced the container in place."""
    if not facts.in_place:
        return None
    if facts.restart.change.image:
        return conclude(facts, Cause.SPEC_CHANGE, Confidence.MEDIUM, "its image was changed")
    if facts.restart.change.resources:
        return conclude(facts, Cause.RESIZE, Confidence.MEDIUM, "its resources were changed")
    return None


def count_repair(facts: Facts) -> Verdict | None:
    """A later `Killing` count proves a kill whose own Event was not delivered."""
    kind = facts.restart.repaired
    if kind not in PROBE_KILLS:
        return None
    cause, probe_type = PROBE_KILLS[kind]
    return conclude(
        facts,
        cause,
        Confidence.MEDIUM if _may_be_left_over(facts, probe_type) else Confidence.HIGH,
        f"a later Killing event counts a {probe_type.lower()} kill whose own event was lost",
    )


def _may_be_left_over(facts: Facts, probe_type: ProbeType) -> bool:
    """Whether the counted kill may belong to another end, and this end have another cause.

    A kill that had to be repeated is counted twice. An end that was not observed may have any
    cause, signals such as SEGV are the container's own, a changed container is replaced, and a
    container that has ended fails its probe once, which may be enough.
    """
    change, probe = facts.restart.change, facts.restart.container.probe(probe_type)
    once = probe is not None and may_fail_by_end(facts, probe)
    failed = facts.last_failure(probe_type) is not None
    ended = not failed_while_running(facts, probe_type) if failed else facts.signal != SIGTERM
    unsure = facts.death is None or facts.exit.crashed or (once and ended)
    return unsure or facts.out_of_memory or change.image or change.resources


def kubelet_counter(facts: Facts) -> Verdict | None:
    """The kubelet's own counter of probe failures confirms or rules out a probe."""
    container = facts.restart.container
    if not container.killers or not facts.readings or facts.death is None:
        return None
    for cause, probe_type in PROBE_KILLS.values():
        if _has_counted_failures(facts, probe_type) and (facts.in_place or facts.looks_killed):
            sure = Confidence.HIGH if facts.in_place else Confidence.MEDIUM
            why = f"prober_probe_total shows failures of the {probe_type.lower()} probe"
            return conclude(facts, cause, sure, why)
    ruled_out = all(_is_ruled_out(facts, probe) for probe in container.killers)
    change = facts.restart.change
    if not ruled_out or container.has_post_start or change.image or change.resources:
        return None
    return by_exit(facts, "prober_probe_total shows no failed probe", sure=Confidence.HIGH)


def _has_counted_failures(facts: Facts, probe_type: ProbeType) -> bool:
    """Whether the kubelet's own counter of failures rose by the threshold in this instance."""
    probe = facts.restart.container.probe(probe_type)
    if probe is None:
        return False
    risen = surely_before(facts.readings, facts.restart, probe, facts.grace(probe))
    return risen is not None and risen >= probe.failure_threshold


def _is_ruled_out(facts: Facts, probe: Probe) -> bool:
    """Whether the kubelet's own counter shows that no run of the probe failed."""
    return rise(facts.readings, facts.restart, probe, facts.grace(probe)) == 0
