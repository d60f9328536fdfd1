"""The notes of Events: sentences that name the container, what happened, and the evidence.

What happened comes first and the evidence after it, so that a note that is cut off loses the
least. Notes contain no output of the application or its probes. A probe's command is left out,
since it may contain a password.
"""

from probewatch.core.causes import Cause
from probewatch.core.exits import lifetime_of, render_exit
from probewatch.core.findings import (
    Advice,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    ReadinessChanged,
    Restart,
)
from probewatch.core.spec import HandlerKind, Probe
from probewatch.kube.events import reasons as event_reasons
from probewatch.kube.sanitize import sanitize

TARGET_LIMIT = 100
"""Bytes of a probe's target, which is text chosen by the pod's owner."""


def restart_note(restart: Restart, *, probe: Probe | None, was: Cause | None = None) -> str:
    """Say why a container restarted; *was* is the first verdict's cause, if it was corrected."""
    happened = event_reasons.CAUSE_TEXTS[restart.cause]
    parts = [
        f"Container {restart.container} {happened} ({_which(restart)}).",
        f"First published as {was}." if was else "",
        _end_of_life(restart),
        _probe_text(probe),
        _verdict(restart),
    ]
    return " ".join(part for part in parts if part)


def _which(restart: Restart) -> str:
    """Say which restart it is, or which range of unobserved ones in one jump of the count."""
    number, risen = f"restart {restart.restart_count}", restart.seen.restart_count
    if restart.cause is Cause.UNOBSERVED and (risen or 0) > restart.restart_count:
        return f"{number}; the count rose at once to {risen}"
    return number


def readiness_lost_note(change: ReadinessChanged) -> str:
    """Say why a pod is not ready any more."""
    why = event_reasons.READINESS_TEXTS[change.reason]
    whose = f" (container {change.container})" if change.container else ""
    return f"No longer ready: {why}{whose}. Reason {change.reason}."


def readiness_restored_note(change: ReadinessChanged) -> str:
    """Say that a pod is ready again, and how long it was not."""
    seconds = change.not_ready_seconds
    after = "" if seconds is None else f" after {render_duration(seconds)}"
    return f"Ready again{after}. Reason of the loss: {change.reason}."


def flapping_note(change: FlappingChanged) -> str:
    """Say how often readiness was lost, for which reasons, and where to look."""
    reasons = ", ".join(f"{reason} {times}" for reason, times in change.reasons)
    hints = (event_reasons.FLAPPING_TEXTS.get(reason, "") for reason, _ in change.reasons)
    parts = [
        f"Readiness is flapping without restarts: lost {change.transitions} times lately"
        + (f" ({reasons})." if reasons else "."),
        *hints,
    ]
    return " ".join(part for part in parts if part)


def loop_detected_note(loop: LoopStarted) -> str:
    """Say how often a container restarted, and mostly why."""
    window = render_duration(loop.window)
    return (
        f"Container {loop.container} restarts again and again: {loop.restarts} restarts within "
        f"{window}. Most frequent cause {loop.cause}: it {event_reasons.CAUSE_TEXTS[loop.cause]}."
    )


def loop_ended_note(loop: LoopEnded) -> str:
    """Say that a loop is over, and how long it lasted."""
    lasted = render_duration(loop.at - loop.started_at)
    return (
        f"Container {loop.container} has stopped restarting. Its loop was detected {lasted} ago; "
        f"most frequent cause {loop.cause}."
    )


def advice_note(advice: Advice) -> str:
    """Say what is wrong with a probe and what to do."""
    probe = f"{advice.probe_type.lower()} probe"
    return f"Container {advice.container}, {probe}: {advice.message} ({advice.finding})"


def render_duration(seconds: float) -> str:
    """Return a duration in at most two units: `41 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left} min" if minutes_left else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def _end_of_life(restart: Restart) -> str:
    # For a container that it lost, the kubelet makes up an exit code, without an ID and times.
    seen = restart.exit_code is not None and bool(restart.termination)
    code = f"ended with {render_exit(restart.exit_code)}" if seen else ""
    lived = lifetime_of(restart.started_at, restart.finished_at)
    ran = "" if lived is None else f"had run for {render_duration(lived)}"
    facts = " and ".join(fact for fact in (ran, code) if fact)
    return f"It {facts}." if facts else ""


def _probe_text(probe: Probe | None) -> str:
    if probe is None:
        return ""
    target = "" if probe.handler is HandlerKind.EXEC else probe.target.partition("?")[0]
    asks = f"{probe.handler} {sanitize(target, limit=TARGET_LIMIT)}".rstrip()
    fails = "1 failure" if probe.failure_threshold == 1 else f"{probe.failure_threshold} failures"
    return (
        f"{probe.probe_type} probe: {asks}, every {probe.period:g} s, timeout {probe.timeout:g} s, "
        f"{fails} in a row."
    )


def _verdict(restart: Restart) -> str:
    facts = "; ".join(fact.rstrip(".") for fact in restart.evidence)
    return f"Cause {restart.cause}, {restart.confidence}" + (f": {facts}." if facts else ".")
