"""Rules based on what is likely, for restarts without conclusive evidence."""

from probewatch.core import kills
from probewatch.core.book import Book
from probewatch.core.causes import OWN_ENDS, Cause, Confidence
from probewatch.core.doubts import was_cut_off, was_killed_early
from probewatch.core.exits import SIGTERM
from probewatch.core.facts import Facts
from probewatch.core.past import SURE
from probewatch.core.spec import Probe, ProbeType
from probewatch.core.values import replace
from probewatch.core.verdict import (
    ANSWERED,
    PROBE_KILLS,
    PROBE_OF,
    Verdict,
    by_exit,
    can_only_answer_itself,
    conclude,
    kill_was_due,
    undecided,
    was_being_killed,
)
from probewatch.core.watermarks import HELD_BACK, HOOK_FAILED

OFTEN = 3
"""So many sure kills at the same age leave no doubt about one more."""

SAME_AGE = 2.0
"""Seconds by which lifetimes differ that count as the same; each is known to a second or two."""


def no_probe(facts: Facts) -> Verdict | None:
    """The container has no probe that could have killed it.

    If earlier versions of the pod were not seen, one that was stopped may as well have been stopped
    by the kubelet, for a new image or sandbox.
    """
    if facts.death is None or facts.may_be_killed or kills.matched_kill(facts) is not None:
        return None
    if facts.restart.change.unknown and not facts.was_shown_dead and _was_stopped(facts):
        return None
    why = "it has no probe that could kill it"
    # If it was not shown as terminated, the kubelet may have stopped it with the whole pod.
    return by_exit(facts, why, sure=Confidence.MEDIUM)


def _was_stopped(facts: Facts) -> bool:
    """Whether it ended as a container does that is told to stop: by SIGTERM, or on Windows."""
    return facts.signal == SIGTERM or (facts.exit.on_windows and facts.exit.by_outside_signal)


def threshold(facts: Facts) -> Verdict | None:
    """Probe failures up to the threshold were reported before it died."""
    if not (facts.in_place or facts.looks_killed):
        return None
    shown = facts.was_shown_dead
    if shown and not was_being_killed(facts):
        return None
    change = facts.restart.change
    doubt = shown or facts.out_of_memory or facts.exit.crashed or change.image or change.resources
    doubt = doubt or kills.is_said_after(facts) or (facts.exit.is_mute and not facts.in_place)
    doubt = doubt or _ended_unlike_kills(facts) or kills.is_stopped_later(facts)
    for cause, probe_type in PROBE_KILLS.values():
        if facts.threshold_reached(probe_type):
            name, seen = probe_type.lower(), facts.failures(probe_type)
            probe = facts.restart.container.probe(probe_type)
            follows = _may_follow_the_end(facts, probe_type)
            if follows and was_cut_off(facts, probe):
                return undecided(facts, "the only probe run that failed was cut off, as by its end")
            last = facts.last_failures(probe)[-1]
            unsure = doubt or follows or was_killed_early(facts, last, probe)
            sure = Confidence.MEDIUM if unsure else Confidence.HIGH
            return conclude(
                facts, cause, sure, f"{seen} {name} probe failures were reported before it ended"
            )
    return None


def _ended_unlike_kills(facts: Facts) -> bool:
    """Whether no kill is known that left its exit code.

    A busy kubelet begins a kill seconds after it is due. An application may end by itself before.
    """
    return not facts.looks_killed and not any(
        past.cause in PROBE_OF and past.confidence in SURE for past in facts.with_its_exit()
    )


def _may_follow_the_end(facts: Facts, probe_type: ProbeType) -> bool:
    """Whether the last of the failures may be due to the end: an ended container does not answer.

    A failure in the second of the end counts as earlier if SIGTERM ended the container and the
    probe needs several failures: then a probe kill is the best explanation. With failureThreshold
    1, a failure in the second of the start may be that of the instance before.
    """
    died, probe = facts.restart.died_at, facts.restart.container.probe(probe_type)
    if died is None or probe is None:
        return False
    once = probe.failure_threshold == 1
    born = facts.born if once else None
    limit = int(died) + (facts.signal == SIGTERM and not once)
    answered = ANSWERED if can_only_answer_itself(facts) else frozenset()
    sure = tuple(
        mark
        for mark in facts.book.failures
        if mark.failure in answered or (mark.at < limit and (born is None or mark.at > born))
    )
    known = replace(facts, book=replace(facts.book, failures=sure))
    return not known.threshold_reached(probe_type)


def never_started(facts: Facts) -> Verdict | None:
    """The container never passed its startup probe, and lived as long as that allows.

    Not if its postStart hook failed: the kubelet writes no status while the hook runs, and probes
    only what its status shows as running.
    Source: kubelet/prober/worker.go (doProbe).
    """
    probe = facts.restart.container.startup
    if probe is None or facts.restart.was_started is not False or facts.lifetime is None:
        return None
    if facts.restart.waiting_reason == HOOK_FAILED or facts.exit.crashed:
        return None
    if not (facts.in_place or facts.looks_killed) or not _within_budget(facts, probe):
        return None
    return conclude(
        facts,
        Cause.STARTUP_PROBE,
        Confidence.MEDIUM,
        "it never passed its startup probe and ran for as long as the probe allows",
    )


def _within_budget(facts: Facts, probe: Probe) -> bool:
    """Whether the lifetime fits a kill by the startup probe: its budget, grace period and slack."""
    earliest = probe.start_budget - 1
    latest = earliest + 2 * probe.interval + facts.grace(probe) + 11
    return facts.lifetime is not None and earliest <= facts.lifetime <= latest


def replaced_in_place(facts: Facts) -> Verdict | None:
    """It was replaced without being shown as terminated, as after a kill by the kubelet.

    Never sure by itself: if a status is written late, a container that died by itself looks the
    same. It is sure for one that surely was killed at the same age several times, and never ended
    that way for another reason: that is what is left of a loop whose Events are dropped. A crash
    such as SEGV is its own, unless earlier ends suggest that it crashes when it is told to stop.
    """
    container = facts.restart.container
    if not facts.in_place or not facts.may_be_killed or facts.habit(sure=True) in OWN_ENDS:
        return None
    if facts.exit.crashed and not _crashes_if_told_to_stop(facts):
        return None
    if facts.restart.change.sandbox and facts.restart.waiting_reason != HELD_BACK:
        return None  # for a probe the kubelet does not replace the sandbox
    unstarted = container.startup is not None and not facts.restart.was_started
    cause, probe = Cause.LIVENESS_PROBE, container.liveness
    if unstarted or probe is None:
        cause = Cause.STARTUP_PROBE if container.startup else Cause.POST_START_HOOK
        probe = container.startup
    if probe is not None and _is_too_early(facts, probe):
        return None
    why = "it was replaced without being shown as terminated, as after a kill by the kubelet"
    if _is_killed_at_its_age(facts, cause):
        again = f"it was killed at this age before, {OFTEN} times or more"
        return conclude(facts, cause, Confidence.HIGH, why, again)
    return conclude(facts, cause, Confidence.MEDIUM, why)


def _is_killed_at_its_age(facts: Facts, cause: Cause) -> bool:
    """Whether a probe surely killed it at this age several times, and nothing else ended it so."""
    change, age = facts.restart.change, facts.lifetime
    if cause not in PROBE_OF or age is None or facts.exit.says_oom_killed:
        return False
    if change.unknown or change.image or change.resources:
        return False
    alike = facts.with_its_exit()
    if any(past.cause is not cause or past.own_end for past in alike):
        return False
    sure = (past.lifetime for past in alike if past.confidence in SURE)
    return sum(at is not None and abs(at - age) <= SAME_AGE for at in sure) >= OFTEN


def _crashes_if_told_to_stop(facts: Facts) -> bool:
    """Whether an earlier probe kill ended with this exit code, or no such end was ever shown.

    One status may be written late, but hardly that of each crash.
    """
    alike = facts.with_its_exit()
    if any(past.cause in PROBE_OF for past in alike):
        return True
    unsure = all(past.confidence is Confidence.LOW for past in alike)
    return bool(alike) and unsure and all(past.own_end is False for past in alike)


def _is_too_early(facts: Facts, probe: Probe) -> bool:
    """Whether it did not live long enough for a kill by this probe, and no failure was reported.

    Failures of the previous instance keep counting if it was not killed for them, so this only
    holds together with an exit code that a kill does not leave.
    """
    if facts.lifetime is None or facts.looks_killed or facts.failures(probe.probe_type):
        return False
    return facts.lifetime < probe.start_budget - 1


def own_exit(facts: Facts) -> Verdict | None:
    """It ended with an exit code that a kill does not leave.

    An application may exit with a code of its own on SIGTERM. So this does not hold if an earlier
    probe kill left the same code, and has low confidence if probe failures may have been missed.
    """
    if facts.death is None or facts.looks_killed or kills.matched_kill(facts) is not None:
        return None
    if any(past.exit_code == facts.exit_code and past.cause in PROBE_OF for past in facts.past):
        return None
    if facts.may_be_killed and facts.book == Book():
        return by_exit(facts, "no kubelet event was received", sure=Confidence.LOW)
    if kill_was_due(facts):
        return None  # a probe kill is as likely
    doubt = _why_killed(facts) if facts.may_be_killed else ""
    if doubt:
        return by_exit(facts, doubt, sure=Confidence.LOW)
    return by_exit(facts, "no probe failure was reported", sure=Confidence.MEDIUM)


def _why_killed(facts: Facts) -> str:
    """What suggests that the kubelet killed it after all; empty if nothing does."""
    if facts.in_place:
        return "it was not shown as terminated, as after a kill by the kubelet"
    if any(map(facts.failures, PROBE_OF.values())):
        return "fewer probe failures were reported than its failureThreshold"
    if _was_failing_some_time(facts):
        return "its probe failed, but it is not known whether before it ended"
    if not facts.past and PROBE_KILLS.keys() & kills.killed_earlier(facts):
        return "the kubelet killed an earlier instance for a probe"
    return ""


def _was_failing_some_time(facts: Facts) -> bool:
    """Whether failures were reported after its end of which some may have come before it."""
    died, killing = facts.restart.died_at, PROBE_OF.values()
    return died is not None and any(
        mark.probe_type in killing and mark.count > 1 and mark.since is None and mark.at > died
        for mark in facts.book.failures
    )


def unknown(facts: Facts) -> Verdict | None:
    """No other rule applies."""
    why = "no evidence tells why it ended"
    if facts.may_be_killed and facts.looks_killed and facts.death is not None:
        why = "no evidence tells whether the kubelet killed it"
    return undecided(facts, why)
