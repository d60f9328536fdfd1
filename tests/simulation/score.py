"""Scores the verdicts on simulated histories: right, open, wrong, and wrong though sure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from probewatch.core.causes import Cause, Confidence
from probewatch.core.findings import Finding, Restart, RestartCorrected
from probewatch.core.observe import PodGone, PodObserved
from tests.simulation.processes import Processes
from tests.simulation.story import UID, History, deliver

SURE = frozenset({Confidence.CONFIRMED, Confidence.HIGH})
OPEN = frozenset({Cause.UNKNOWN, Cause.UNOBSERVED})

Key = tuple[str, int, int]


@dataclass(slots=True)
class Score:
    """The final verdicts, compared with the truth."""

    restarts: int = 0
    right: int = 0
    open: int = 0
    wrong: int = 0
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often the verdicts of each rule are right, open or wrong."""
    mistakes: list[str] = field(default_factory=list)
    """Descriptions of wrong verdicts with confidence `High` or `Confirmed`."""
    unbalanced: list[str] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """The share of restarts whose cause is right."""
        return self.right / self.restarts if self.restarts else 1.0

    def take(self, other: "Score") -> None:
        """Add another score to this one."""
        self.restarts += other.restarts
        self.right += other.right
        self.open += other.open
        self.wrong += other.wrong
        self.rules.update(other.rules)
        self.mistakes.extend(other.mistakes)
        self.unbalanced.extend(other.unbalanced)

    def add(self, verdict: Restart, truth: frozenset[Cause], where: str) -> None:
        """Compare one verdict with the truth."""
        self.restarts += 1
        outcome = "right" if verdict.cause in truth else "wrong"
        if outcome == "wrong" and verdict.cause in OPEN:
            outcome = "open"
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.rules[f"{verdict.rule} {verdict.confidence}", outcome] += 1
        if outcome == "wrong" and verdict.confidence in SURE:
            said = f"{verdict.cause} {verdict.confidence} by {verdict.rule}"
            true = " or ".join(sorted(truth))
            self.mistakes.append(f"{where}: {said}, in truth {true}: {verdict.evidence}")


def replay(
    history: History, seed: int, lost: float, restarts: int = 0
) -> tuple[list[Finding], dict[str, int]]:
    """Let the operator observe a history, in a process that is restarted *restarts* times.

    Every second time it is killed, else stopped.
    Returns the findings, and by how much each restart count rose.
    """
    processes, now = Processes(), 0.0
    first: dict[str, int] = {}
    newest: dict[str, int] = {}
    observed = list(deliver(history, Random(seed), lost))
    stops = _draw_stops(Random(seed), observed[-1][0], restarts)
    for at, observation in observed:
        while stops and stops[-1] <= at:
            now = max(now, stops.pop())
            processes.restart(now, killed=len(stops) % 2 == 0)
        now = max(now, at)
        processes.observe(observation, now)
        if isinstance(observation, PodObserved):
            for status in observation.pod.statuses:
                first.setdefault(status.name, status.restart_count)
                newest[status.name] = max(newest.get(status.name, 0), status.restart_count)
    processes.observe(PodGone(uid=UID), processes.settle(now))
    return processes.findings, {name: newest[name] - first[name] for name in newest}


def _draw_stops(random: Random, end: float, restarts: int) -> list[float]:
    """Return when the operator is restarted, the latest first."""
    return sorted((random.uniform(0.0, end) for _ in range(restarts)), reverse=True)


def last_words(findings: Iterable[Finding]) -> tuple[dict[Key, Restart], int]:
    """Return the final verdicts, and the number of restarts that were published."""
    told: dict[Key, Restart] = {}
    number = 0
    for finding in findings:
        if isinstance(finding, Restart):
            number += 1
            told[_key(finding)] = finding
        elif isinstance(finding, RestartCorrected):
            told[_key(finding.was)] = finding.now
    return told, number


def _key(restart: Restart) -> Key:
    return restart.container, restart.epoch, restart.restart_count


def judge(history: History, seed: int, lost: float, score: Score, *, restarts: int = 0) -> None:
    """Add one history to the score."""
    where = f"history {seed}, {lost:.0%} lost, {restarts} restarts of the operator"
    findings, rise = replay(history, seed, lost, restarts)
    told, number = last_words(findings)
    by_container = Counter(container for container, _, _ in told)
    if number != len(told) or any(by_container[name] != n for name, n in rise.items()):
        score.unbalanced.append(f"{where}: {dict(by_container)} of {rise}")
    for (container, _, count), verdict in told.items():
        score.add(verdict, history.truth[container, count], f"{where}, {container} {count}")
