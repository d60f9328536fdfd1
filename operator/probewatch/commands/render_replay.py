"""Renders a replay as text: as tables, or as one paragraph for each restart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from probewatch.commands.endings import render_end
from probewatch.commands.lines import render_lines
from probewatch.commands.outcome import Ledger, Loop, Outcome, render_time
from probewatch.commands.tables import render_section, render_table
from probewatch.commands.truth import Accuracy, Mistake
from probewatch.core.causes import Confidence, Readiness
from probewatch.core.findings import ReadinessChanged, Restart

K = TypeVar("K")
V = TypeVar("V")

MISTAKES_SHOWN = 20
"""Mistakes that are listed; the JSON output has all of them."""


def render_tables(outcome: Outcome, ledger: Ledger) -> str:
    """Return the findings as tables; those without a row are left out."""
    sections = [
        _restarts_table(outcome.restarts),
        _loops_table(outcome.loops),
        _readiness_table(outcome.readiness),
        _advice(outcome),
        render_ledger(ledger),
    ]
    return "\n\n".join(section for section in sections if section)


def render_text(outcome: Outcome, ledger: Ledger) -> str:
    """Return one paragraph for each restart, in the order in which they happened."""
    paragraphs = [explain_restart(restart) for restart in outcome.restarts]
    return "\n\n".join([*paragraphs, render_ledger(ledger)])


def explain_restart(restart: Restart) -> str:
    """Return one restart as text: what happened, when, why, and the evidence."""
    head = (
        f"{restart.pod.namespace}/{restart.pod.name} {restart.container}: "
        f"restart {restart.restart_count}, {restart.cause} ({restart.confidence})"
    )
    end = render_end(restart.started_at, restart.finished_at, restart.exit_code)
    facts = [*restart.evidence, f"rule: {restart.rule}"]
    return render_lines([head, *end, *(f"  - {fact}" for fact in facts)])


def render_ledger(ledger: Ledger) -> str:
    """Return the ledger as one sentence."""
    verdict = "balanced" if ledger.balanced else "NOT BALANCED"
    return (
        f"Ledger: restart counts rose by {ledger.restart_count_rise}, "
        f"{ledger.restarts_counted} restarts counted: {verdict}"
    )


def render_accuracy(accuracy: Accuracy) -> str:
    """Return how right the verdicts are, and the restarts where they are not."""
    wrong = ", ".join(f"{number} {name}" for name, number in accuracy.wrong.items())
    summary = (
        f"Accuracy: {accuracy.right} of {accuracy.total} restarts right ({accuracy.share:.1%}); "
        f"wrong: {wrong}; without a verdict: {accuracy.without_verdict}"
    )
    lines = [summary]
    lines += [_mistake(mistake) for mistake in accuracy.mistakes[:MISTAKES_SHOWN]]
    hidden = len(accuracy.mistakes) - MISTAKES_SHOWN
    more = f"  ... and {hidden} more; `--output json` lists all of them"
    return render_lines(lines + ([more] if hidden > 0 else []))


def _mistake(mistake: Mistake) -> str:
    restart = mistake.restart
    truth = " or ".join(sorted(mistake.true_causes)) or "no restart"
    return (
        f"  {restart.pod.name} {restart.container} restart {restart.restart_count}: "
        f"{restart.cause} ({restart.confidence}, {restart.rule}), true: {truth}"
    )


def _restarts_table(restarts: Iterable[Restart]) -> str:
    groups = _group((_restart_group(each), each) for each in restarts)
    rows = [
        (*key, _count(each), _tally(one.confidence for one in each), _exits(each), _last(each))
        for key, each in sorted(groups.items())
    ]
    heads = (
        *("NAMESPACE", "POD", "CONTAINER", "CAUSE"),
        *("RESTARTS", "CONFIDENCE", "EXIT CODES", "LAST"),
    )
    return render_section("Restarts", render_table(heads, rows)) if rows else "No restarts."


def _restart_group(restart: Restart) -> tuple[str, str, str, str]:
    return restart.pod.namespace, restart.pod.name, restart.container, restart.cause


def _count(restarts: Iterable[Restart]) -> int:
    return sum(restart.stands_for for restart in restarts)


def _exits(restarts: Iterable[Restart]) -> str:
    known = {restart.exit_code for restart in restarts if restart.exit_code is not None}
    return ",".join(map(str, sorted(known)))


def _last(restarts: Sequence[Restart]) -> str | None:
    return render_time(restarts[-1].finished_at or restarts[-1].observed_at)


def _tally(confidences: Iterable[Confidence]) -> str:
    counts = Counter(confidences)
    present = [confidence for confidence in Confidence if counts[confidence]]
    if len(present) == 1:
        return str(present[0])
    return ", ".join(f"{counts[confidence]} {confidence}" for confidence in present)


def _loops_table(loops: Iterable[Loop]) -> str:
    rows = [
        (
            *(loop.pod.namespace, loop.pod.name, loop.container, loop.cause),
            render_time(loop.started_at),
            render_time(loop.ended_at) or "still looping",
        )
        for loop in loops
    ]
    heads = ("NAMESPACE", "POD", "CONTAINER", "CAUSE", "SINCE", "UNTIL")
    return render_section("Restart loops", render_table(heads, rows)) if rows else ""


def _readiness_table(changes: Iterable[ReadinessChanged]) -> str:
    lost = (each for each in changes if each.to is Readiness.NOT_READY)
    groups = _group(((each.pod.namespace, each.pod.name, each.reason), each) for each in lost)
    rows = [(*key, len(each), render_time(each[-1].at)) for key, each in sorted(groups.items())]
    heads = ("NAMESPACE", "POD", "REASON", "TIMES", "LAST")
    return render_section("Readiness lost", render_table(heads, rows)) if rows else ""


def _advice(outcome: Outcome) -> str:
    """Two lines for each, as in `advise`: sentences would make columns too wide."""
    lines = ["Advice"]
    for each in outcome.advice:
        about = f"{each.pod.namespace}/{each.pod.name} {each.container} {each.probe_type}"
        lines += [f"{about}: {each.finding}", f"  {each.message}"]
    return render_lines(lines) if outcome.advice else ""


def _group(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups
