"""Facts: all that a rule may look at, with the few readings rules share."""

from collections.abc import Iterable
from dataclasses import dataclass

from probewatch.core.book import START_KINDS, Book, Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.findings import Cause, Confidence
from probewatch.core.model import (
    MINIMUM_GRACE_SECONDS,
    PodSpec,
    Probe,
    ProbeType,
    RestartPolicy,
    Termination,
)
from probewatch.core.restarts import CountedRestart, Path

CLOCK_SLACK = 1.0
"""Node times have a resolution of one second."""
KILL_AFTER_DEATH = 2.0
"""A Killing event may carry a time this much after the death it caused."""
STOP_SLACK = 10.0
"""Beyond the grace: runtime lag between the kill decision and the death."""
LATE_KILL = 15.0
"""A probe verdict on an already dead container comes within this time."""
CANARY_SPAN = 300.0
"""The kubelet's spam filter refills one event in so many seconds (client-go)."""

SIGNAL_BASE = 128
MAX_SIGNAL = 64
SIGKILL_EXIT = 137
SIGTERM_EXIT = 143

OUTSIDE_SIGNALS = frozenset({1, 2, 3, 9, 10, 12, 15})
"""HUP, INT, QUIT, KILL, USR1, USR2, TERM come from outside; SEGV or ABRT are the app's own."""


def _surely_since(mark: Mark, born: float | None) -> int:
    """How many of its occurrences surely are later than *born*: the last one, or all."""
    before = mark.since is not None and born is not None and mark.since < born - CLOCK_SLACK
    return 1 if before else mark.fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An earlier restart of the same container, as far as it teaches something."""

    cause: Cause
    confidence: Confidence
    exit_code: int
    lifetime: float | None
    died_at: float | None = None
    restart_count: int = 0
    own_end: bool = False
    """Whether it was seen dead before the kubelet acted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One restart, what the kubelet said, and what happened before."""

    restart: CountedRestart
    spec: PodSpec
    book: Book
    pod_book: Book
    past: tuple[Past, ...] = ()
    used: frozenset[tuple[str, int]] = frozenset()
    """Kills (series, count) that earlier restarts have used up."""
    corroborated: bool | None = None
    """The kubelet's own counter: True it saw failures, False it saw none, None not asked."""

    @property
    def death(self) -> Termination | None:
        """The termination, where it was seen."""
        return self.restart.termination

    @property
    def exit_code(self) -> int:
        """Its exit code, or -1."""
        return self.death.exit_code if self.death else -1

    @property
    def lifetime(self) -> float | None:
        """Seconds from start to end of the instance, if both are known."""
        return self.death.lifetime if self.death else None

    def grace(self, probe: Probe | None = None) -> float:
        """The grace period that applied to a kill by *probe*, in seconds."""
        grace = self.spec.grace if probe is None or probe.grace is None else probe.grace
        return max(grace, MINIMUM_GRACE_SECONDS)

    def matched_kill(self) -> Mark | None:
        """The kill that ended this instance, by the node's clock (facts of the kubelet, §3)."""
        death = self.death
        if death is None or death.finished_at is None:
            return self._kill_without_times()
        end = death.finished_at
        start = death.started_at if death.started_at is not None else death.finished_at
        limit = max(self.grace(), self._longest_probe_grace()) + STOP_SLACK
        fits = [
            kill
            for kill in self.fresh_kills()
            if start - CLOCK_SLACK <= kill.at <= end + KILL_AFTER_DEATH and end - kill.at <= limit
        ]
        return min(fits, key=lambda kill: abs(end - kill.at), default=None)

    def _kill_without_times(self) -> Mark | None:
        if self.death is None or self.restart.next_start is None:
            return None
        start, limit = self.restart.next_start, self.grace() + STOP_SLACK
        fits = [kill for kill in self.fresh_kills() if start - limit <= kill.at <= start]
        return fits[-1] if fits else None

    def fresh_kills(self) -> Iterable[Mark]:
        """Kills that no earlier restart has used."""
        return (kill for kill in self.book.kills if (kill.series, kill.count) not in self.used)

    def _longest_probe_grace(self) -> float:
        probes = self.restart.container.probes
        return max((probe.grace or 0.0 for probe in probes), default=0.0)

    def late_kill(self) -> Mark | None:
        """A probe kill decided only after the instance had died by itself."""
        died = self.restart.died_at
        if died is None:
            return None
        kinds = {EvidenceKind.KILL_LIVENESS, EvidenceKind.KILL_STARTUP}
        born = self.restart.next_start
        for kill in self.fresh_kills():
            late = died + KILL_AFTER_DEATH < kill.at <= died + LATE_KILL
            if kill.kind in kinds and late and (born is None or kill.at < born):
                return kill
        return None

    def canary(self) -> bool:
        """Whether the start of the next instance was announced, so that a kill would have been.

        A refused `Killing` leaves less than one token in the kubelet's bucket.
        Two of `Pulled`, `Created`, `Started` delivered within 300 s after it need two. A series
        that began before this instance ended shows that the kubelet was not restarted between.
        Where it was not seen how it died, all three have to be there without a gap in their
        counts: then what the kubelet sends also arrives.
        """
        died = self.restart.died_at
        if died is None:
            return False
        end = self._canary_end(died)
        kinds = {
            mark.kind
            for mark in self.book.starts
            if mark.kind in START_KINDS
            and mark.count > 1
            and (mark.fresh == 1 or self.died_by_itself)
            and died - CLOCK_SLACK <= mark.at <= end
        }
        return len(kinds) > 1 if self.died_by_itself else kinds == START_KINDS

    def _canary_end(self, died: float) -> float:
        born = self.restart.next_start
        latest = died + CANARY_SPAN - 5.0
        return latest if born is None else min(latest, born + 3.0)

    def failures(self, probe_type: ProbeType) -> int:
        """How many failures of this probe the kubelet reported shortly before the death."""
        probe, died = self.restart.container.probe(probe_type), self.restart.died_at
        if probe is None or died is None:
            return 0
        born = self.death.started_at if self.death and self.death.started_at else None
        within = self.grace(probe) + probe.interval + probe.timeout + 5.0
        marks = [
            mark
            for mark in self.book.failures
            if mark.probe_type == probe_type
            and mark.kind is EvidenceKind.PROBE_FAILED
            and mark.at <= died + KILL_AFTER_DEATH
            and (born is None or mark.at >= born - CLOCK_SLACK)
        ]
        if not marks or marks[-1].at < died - within:
            return 0
        return sum(_surely_since(mark, born) for mark in marks)

    def threshold_reached(self, probe_type: ProbeType) -> bool:
        """Whether so many failures were reported that the kubelet must have acted."""
        probe = self.restart.container.probe(probe_type)
        return probe is not None and self.failures(probe_type) >= probe.failure_threshold

    def regular(self, cause: Cause) -> bool:
        """Whether earlier sure restarts by *cause* look just like this one."""
        alike = [past for past in self.past if self._is_like(past)]
        sure = {Confidence.CONFIRMED, Confidence.HIGH}
        same = [past for past in alike if past.cause is cause and past.confidence in sure]
        other = [past for past in alike if past.cause is not cause and past.confidence in sure]
        return bool(same) and not other

    def _is_like(self, past: Past) -> bool:
        if past.exit_code != self.exit_code or past.lifetime is None or self.lifetime is None:
            return False
        period = max((probe.interval for probe in self.restart.container.probes), default=10.0)
        return abs(past.lifetime - self.lifetime) <= period + 5.0

    @property
    def signal(self) -> int:
        """The signal that an exit code above 128 stands for, else 0."""
        return self.exit_code - SIGNAL_BASE if 0 < self.exit_code - SIGNAL_BASE <= MAX_SIGNAL else 0

    @property
    def looks_killed(self) -> bool:
        """Whether a kubelet kill can end so by itself: SIGTERM, SIGKILL, stop signal, or 0."""
        return self.exit_code in {0, SIGKILL_EXIT, SIGTERM_EXIT} or self.signal in OUTSIDE_SIGNALS

    @property
    def in_place(self) -> bool:
        """Whether the kubelet ended and replaced it in one synchronization."""
        return self.restart.path is Path.IN_PLACE

    @property
    def died_by_itself(self) -> bool:
        """Whether it was seen dead before the kubelet acted."""
        return self.restart.path is Path.TERMINATED_SEEN

    @property
    def policy(self) -> RestartPolicy:
        """The restart policy that applies to the container."""
        return self.restart.container.restart_policy or self.spec.restart_policy
