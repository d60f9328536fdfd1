"""Doubts about a reported probe kill: whether the container may have ended for another reason."""

from probewatch.core.announcements import kubelet_restarted
from probewatch.core.book import Mark
from probewatch.core.causes import KUBELET_KILLS
from probewatch.core.evidence import EvidenceKind, FailureReason
from probewatch.core.exits import GO_STOPPED, OUTSIDE_SIGNALS, SIGKILL, SIGTERM
from probewatch.core.facts import CLOCK_SLACK, Facts
from probewatch.core.past import SURE
from probewatch.core.spec import Probe
from probewatch.core.verdict import PROBE_OF, failed_while_running


def may_be_left_half_done(facts: Facts, kill: Mark, probe: Probe | None) -> bool:
    """Whether the kubelet may have been restarted between its `Killing` Event and the end.

    A preStop hook runs before the signal is sent, and the restarted kubelet runs the probe again:
    a container that answers again goes on, and may later end by itself. Then it is shown as
    terminated, which a killed and replaced one is not, or the Events of its next start begin new
    series. They also do so after any other restart of the kubelet in the life of the container, so
    new series count only if there is a preStop hook.
    Source: kubelet/kuberuntime/kuberuntime_container.go (killContainer).
    """
    shown, early = facts.was_shown_dead, was_killed_early(facts, kill, probe)
    if not facts.restart.container.has_pre_stop:
        return shown and early
    if not early and facts.signal in OUTSIDE_SIGNALS:
        return False
    return shown or kubelet_restarted(facts)


def was_killed_early(facts: Facts, since: Mark, probe: Probe | None) -> bool:
    """Whether SIGKILL ended the container before the grace period since this Event was over."""
    died = facts.restart.died_at
    early = died is not None and died - since.at < facts.grace(probe) - 1
    return early and facts.signal == SIGKILL


def may_have_ended_before(facts: Facts, kill: Mark, probe: Probe | None) -> bool:
    """Whether it may have ended by itself in the second of the kill, so that its probe failed.

    The kubelet may notice an end up to a second later. An end alone does not fail a probe that
    needs several failures in this instance. Still, an exit code that no kill leaves, or that only
    ends by itself have left so far, or being shown as terminated, suggests that the container ended
    by itself. So does a last run that was cut off. A preStop hook takes its time before the kubelet
    sends SIGTERM.
    """
    died = facts.restart.died_at
    if died is None or int(kill.at) < int(died):
        return False
    hook = facts.restart.container.has_pre_stop and facts.signal != SIGTERM
    if hook or _is_rather_its_own(facts):
        return True
    if probe is not None and may_fail_by_end(facts, probe):
        return not (facts.signal == SIGTERM and failed_while_running(facts, probe.probe_type))
    return facts.was_shown_dead and facts.signal not in OUTSIDE_SIGNALS


def was_cut_off(facts: Facts, probe: Probe | None) -> bool:
    """Whether the last run alone failed by a closed connection, as the run under way at an end.

    A run that follows in the second of the end is refused. A failure in the second of the start may
    be of the instance before.
    """
    born, died = facts.born, facts.restart.died_at
    if died is None or probe is None:
        return False
    marks = facts.failure_marks(probe, died)
    alive = [mark for mark in marks if born is None or int(mark.at) > int(born)]
    last = {mark.failure for mark in alive if int(mark.at) >= int(died)}
    if last == {FailureReason.RESET, FailureReason.REFUSED}:
        alive = [mark for mark in alive if mark.failure is not FailureReason.REFUSED]
    found = [mark.failure is FailureReason.RESET for mark in alive]
    return bool(found) and found[-1] and not any(found[:-1])


def may_fail_by_end(facts: Facts, probe: Probe) -> bool:
    """Whether the failures that an end causes may be all that the probe's threshold needs.

    The kubelet does not reset its count of failures when a container ends by itself. So an instance
    that was too short-lived to fail often enough was killed for failures of instances before it.
    Source: kubelet/prober/worker.go (resultRun).
    """
    by_end = _failures_by_end(probe)
    missing = probe.failure_threshold - by_end
    if missing <= 0:
        return True
    budget = probe.start_budget + (by_end - 1 + _may_inherit_failures(facts)) * probe.period
    lived = facts.lifetime
    is_short = lived is not None and lived < budget
    return is_short or was_cut_off(facts, probe) or _has_only_errored(facts, probe, missing)


def _may_inherit_failures(facts: Facts) -> bool:
    """Whether failures of the instance before may still count: only a kill resets them.

    Then the first run of the probe may come a period late, and be the only one.
    """
    before = facts.previous
    killed = before is not None and before.cause in PROBE_OF and before.confidence in SURE
    return facts.restart.restart_count > 1 and not killed


def _has_only_errored(facts: Facts, probe: Probe, missing: int) -> bool:
    """Whether runs of the probe were errors, and fewer than *missing* had failed before the end.

    The kubelet does not count an error: neither as a failure, nor as a success that would reset the
    count of failures.
    Source: kubelet/prober/worker.go (doProbe).
    """
    born, died = facts.born, facts.restart.died_at
    if born is None or died is None:
        return False
    errored = any(
        mark.kind is EvidenceKind.PROBE_ERRORED
        and mark.probe_type == probe.probe_type
        and born <= mark.at <= died
        for mark in facts.book.failures
    )
    if not errored:
        return False
    failed = (each for each in facts.failure_marks(probe, died) if each.at < int(died))
    return sum(each.surely_since(born) for each in failed) < missing


def _failures_by_end(probe: Probe) -> int:
    """The number of runs that may fail because the container ended, until the kubelet notices that.

    One run may be under way, and the tick that it delayed follows at once.
    Source: kubelet/prober/worker.go (run), kubelet/kubelet.go (genericPlegRelistPeriod: 1 s).
    """
    return 1 + (probe.timeout >= probe.period) + int(CLOCK_SLACK // probe.period)


def is_as_likely_its_own(facts: Facts, probe: Probe | None) -> bool:
    """Whether an end by itself, in the second of the kill, explains as much as the kill does.

    That is so if the end cut off the only run that failed, and if the exit code is one that neither
    a signal of the kubelet nor an earlier kill has left, while no failure was reported.
    """
    if probe is None:
        return False
    reported = facts.last_failure(probe.probe_type) is not None
    return was_cut_off(facts, probe) or not (reported or may_answer_a_kill(facts))


def may_answer_a_kill(facts: Facts) -> bool:
    """Whether its exit code is one that a kill leaves, in general or of this container.

    Programs in Go leave the same code if they panic, which is more frequent.
    """
    if facts.looks_killed and facts.exit_code != GO_STOPPED:
        return True
    alike = facts.with_its_exit()
    return any(past.cause in KUBELET_KILLS and past.confidence in SURE for past in alike)


def is_rather_of_kill(facts: Facts, probe: Probe | None) -> bool:
    """Whether the kill is a better explanation than an end by itself.

    It is if the run that failed in the second of the kill began while the container ran. Of an
    earlier run that says nothing: that of the last one was not reported.
    """
    died = facts.restart.died_at
    if probe is None or died is None or _is_rather_its_own(facts) or facts.was_shown_dead:
        return False
    last = any(int(mark.at) >= int(died) for mark in facts.failure_marks(probe, died))
    return last and failed_while_running(facts, probe.probe_type)


def _is_rather_its_own(facts: Facts) -> bool:
    """Whether no kill leaves this exit code, or so far only ends that were shown as its own did.

    Unsure kills do not count: they are of ends in the second of a kill, as this one is.
    """
    alike = [past for past in facts.with_its_exit() if past.own_end or past.confidence in SURE]
    own = bool(alike) and all(past.own_end is not False for past in alike)
    return own or _is_of_no_kill(facts)


def _is_of_no_kill(facts: Facts) -> bool:
    """Whether it ended in a way that a kill cannot cause in the same second.

    That is a crash such as SEGV, or SIGKILL: the kubelet waits at least two seconds before that,
    whatever the grace period is.
    Source: kubelet/kuberuntime/kuberuntime_container.go (minimumGracePeriodInSeconds).
    """
    end = facts.exit
    return end.crashed or end.signal == SIGKILL
