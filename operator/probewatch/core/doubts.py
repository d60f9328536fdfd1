"""Doubts: whether what a probe's kill was said of may have ended before it, or without it."""

from probewatch.core.announcements import kubelet_restarted
from probewatch.core.book import Mark
from probewatch.core.exits import OUTSIDE_SIGNALS, SIGKILL, SIGTERM
from probewatch.core.facts import Facts
from probewatch.core.spec import Probe
from probewatch.core.verdict import OF_RUNNING


def may_be_left_half_done(facts: Facts, kill: Mark, probe: Probe | None) -> bool:
    """Whether the kubelet may have been restarted between its word and the end.

    A preStop hook runs before the signal, and the next kubelet asks the probe anew: a container
    that answers again goes on, and may end in its own way. Then it is shown as terminated, which
    one that is killed and replaced is not, or the Events of its next start are of another series.
    So are they after each kubelet that was restarted in its life: without a hook that says nothing.
    Source: kubelet/kuberuntime/kuberuntime_container.go (killContainer).
    """
    shown, early = _is_shown_dead(facts), _was_killed_early(facts, kill, probe)
    if not facts.restart.container.has_pre_stop:
        return shown and early
    if not early and facts.signal in OUTSIDE_SIGNALS:
        return False
    return shown or kubelet_restarted(facts)


def _is_shown_dead(facts: Facts) -> bool:
    """Whether it was shown as terminated, as what a kubelet kills and replaces is not."""
    return facts.died_by_itself and facts.order_tells


def _was_killed_early(facts: Facts, kill: Mark, probe: Probe | None) -> bool:
    """Whether SIGKILL ended it before the grace period of this kill was over."""
    died = facts.restart.died_at
    early = died is not None and died - kill.at < facts.grace(probe) - 1
    return early and facts.signal == SIGKILL


def may_have_ended_before(facts: Facts, kill: Mark, probe: Probe | None) -> bool:
    """Whether it may have ended by itself in the second of the kill, and that failed its probe.

    The kubelet knows of an end up to a second later. A probe that needs several failures did not
    fail for it alone, but what no kill can leave, or is shown as terminated, needs no probe.
    """
    died = facts.restart.died_at
    if died is None or int(kill.at) < int(died):
        return False
    if _is_of_no_kill(facts):
        return True
    if probe is not None and probe.failure_threshold == 1:
        return not (facts.signal == SIGTERM and _failed_before(facts, probe))
    return _is_shown_dead(facts) and facts.signal not in OUTSIDE_SIGNALS


def _failed_before(facts: Facts, probe: Probe | None) -> bool:
    """Whether its probe failed as only that of a container does that still runs."""
    return probe is not None and facts.last_failure(probe.probe_type) in OF_RUNNING


def is_rather_of_kill(facts: Facts, probe: Probe | None) -> bool:
    """Whether the kill explains its end better than that it did so by itself."""
    own = _is_of_no_kill(facts) or _is_shown_dead(facts)
    return not own and _failed_before(facts, probe)


def _is_of_no_kill(facts: Facts) -> bool:
    """Whether it ended so as no kill ends it within its second: by SEGV and the like, or SIGKILL.

    The kubelet lets two seconds pass before that, whatever the grace period is.
    Source: kubelet/kuberuntime/kuberuntime_container.go (minimumGracePeriodInSeconds).
    """
    return facts.exit.crashed or facts.signal == SIGKILL
