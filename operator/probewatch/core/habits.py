"""The rule about what recurs: restarts and kills of earlier instances of the container."""

from probewatch.core.causes import OWN_ENDS, Cause, Confidence
from probewatch.core.exits import SIGKILL
from probewatch.core.facts import Facts
from probewatch.core.kills import killed_earlier
from probewatch.core.spec import Probe, ProbeType
from probewatch.core.verdict import PROBE_KILLS, Verdict, conclude

HABITS = frozenset(
    {
        *(Cause.LIVENESS_PROBE, Cause.STARTUP_PROBE, Cause.POST_START_HOOK),
        *OWN_ENDS,
    }
)
"""Causes that recur with the same container; the others come from outside."""


def regular(facts: Facts) -> Verdict | None:
    """Earlier restarts with the same exit code and lifetime all had the same cause."""
    cause = facts.habit()
    if cause not in HABITS or facts.death is None:
        return _killed_as_before(facts)
    return conclude(
        facts,
        cause,
        Confidence.MEDIUM,
        "earlier restarts with this exit code and lifetime had this cause",
    )


def _killed_as_before(facts: Facts) -> Verdict | None:
    """The kubelet killed earlier instances for a probe, and this one ran for as long as it allows.

    That is what is left in a loop, as the kubelet's Events are dropped after a while.
    """
    if facts.was_shown_dead or facts.out_of_memory or not facts.looks_killed:
        return None
    if any(past.own_end for past in facts.with_its_exit()):
        return None
    container, earlier = facts.restart.container, killed_earlier(facts)
    for kind, (cause, probe_type) in PROBE_KILLS.items():
        probe = container.probe(probe_type)
        if probe is None or not _ran_as_long_as(facts, probe):
            continue
        if (container.startup is not None) is not (probe_type is ProbeType.STARTUP):
            continue  # the liveness probe then began at an unknown time
        if kind in earlier:
            why = f"it ran for as long as its {probe_type.lower()} probe allows"
            again = "the kubelet killed an earlier instance for that probe"
            return conclude(facts, cause, Confidence.MEDIUM, why, again)
    return None


def _ran_as_long_as(facts: Facts, probe: Probe) -> bool:
    """Whether it ended within two periods of the first kill that the probe allows.

    SIGKILL comes a grace period after that. What obeys SIGTERM ends at once, or a little later.
    """
    grace = facts.grace(probe) if facts.signal == SIGKILL else 0.0
    earliest = probe.start_budget - 1 + grace
    latest = earliest + 2 * probe.interval + probe.timeout + 1
    return facts.lifetime is not None and earliest <= facts.lifetime <= latest
