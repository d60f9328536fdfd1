"""Golden lines: every finding that the core derived from known streams, one per line.

A change of any rule shows here as a difference that somebody has to read and accept: `python -m
tests.core.golden` writes the lines anew.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from probewatch.commands import stream
from probewatch.commands.replay import replay
from probewatch.core.attribution import attribute
from probewatch.core.findings import (
    Advice,
    Finding,
    PodForgotten,
    PodTracked,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import PodRef
from tests.core.test_attribution import CASES
from tests.simulation.score import replay as play
from tests.simulation.story import tell

DATA = Path(__file__).parents[1] / "data"
TRACE = DATA / "traces" / "loops.jsonl.gz"
FILES = {name: DATA / f"golden_{name}.txt" for name in ("cases", "recorded", "simulated")}
SEEDS = {
    **dict.fromkeys((48, 60, 95, 200, 264, 277, 359, 407), 0.0),
    **dict.fromkeys((4, 19, 28, 33, 62, 108, 122, 129, 159, 168, 254, 275), 0.5),
    **dict.fromkeys((295, 303, 309, 324, 361, 364, 416, 434, 475), 0.5),
}
"""Simulated histories by seed, with the share of Events that is lost. They use most rules."""


def cases() -> Iterator[str]:
    """The verdict on each case of the decision table, with its evidence."""
    for name, (_, given) in CASES.items():
        rule, verdict = attribute(given)
        yield f"{name}: {rule.name} {_values(verdict)}"


def recorded() -> Iterator[str]:
    """The findings of the recorded stream."""
    found, ledger = replay(stream.read_streams([str(TRACE)]))
    findings: list[Restart | ReadinessChanged | Advice] = [*found.restarts, *found.readiness]
    for finding in (*findings, *found.advice):
        yield f"{finding.pod.name} {words(finding)}"
    for loop in found.loops:
        yield f"{loop.pod.name} {_values(loop)}"
    yield _values(ledger)


def simulated() -> Iterator[str]:
    """The findings of some simulated histories."""
    for seed, lost in SEEDS.items():
        findings, rise = play(tell(seed), seed, lost)
        yield f"history {seed}, {lost:.0%} lost, {rise}"
        yield from filter(None, map(words, findings))


def words(finding: Finding) -> str:
    """One finding as one line of text."""
    if isinstance(finding, PodTracked | PodForgotten):
        return ""
    if isinstance(finding, RestartCorrected):
        return f"Corrected {words(finding.was)} -> {words(finding.now)}"
    return _values(finding)


def _values(value: Finding | object) -> str:
    """The class of a value and its fields, without those that are empty."""
    kind = type(value)
    parts = []
    for each in fields(kind):  # type: ignore[arg-type]  # all of them are dataclasses
        held = getattr(value, each.name)
        if isinstance(held, PodRef):
            parts.append(f"{held.name}@{held.node}")
        elif isinstance(held, float):
            parts.append(f"{each.name}={held:.1f}")
        elif each.name == "stands_for":
            parts.extend([f"stands_for={held}"] if held > 1 else [])
        elif each.name != "seen" and held not in {None, "", False}:
            parts.append(f"{held}")
    return f"{kind.__name__} {' '.join(parts)}"


MAKERS = {"cases": cases, "recorded": recorded, "simulated": simulated}

if __name__ == "__main__":
    for name, file in FILES.items():
        file.write_text("".join(f"{line}\n" for line in MAKERS[name]()), encoding="utf-8")
