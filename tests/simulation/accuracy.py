"""Measures how often the attribution is right, and writes it into a page.

Use: `python -m tests.simulation.accuracy PAGE HISTORIES`

It judges histories of simulated kubelets, each with some share of the Events lost, and variants of
the recorded streams. Every figure can be reproduced: the number of a history is its seed.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor

from probewatch.pages.tables import write_page
from tests.simulation.recordings import VARIANTS, Variant, judge_variant
from tests.simulation.score import Score, judge
from tests.simulation.story import tell

ROWS = ((0.0, 0), (0.5, 0), (0.9, 0), (1.0, 0), (0.0, 5), (0.5, 5), (1.0, 5))
"""The share of lost Events, and how often the operator is restarted in each history."""

CHUNK = 50


def score_chunk(first: int, last: int) -> tuple[Score, ...]:
    """Return the scores of a range of histories, one for each row."""
    scores = tuple(Score() for _ in ROWS)
    for seed in range(first, last):
        history = tell(seed)
        for (lost, restarts), score in zip(ROWS, scores, strict=True):
            judge(history, seed, lost, score, restarts=restarts)
    return scores


def score_all(histories: int, processes: int) -> tuple[Score, ...]:
    """Return the scores of all histories, one for each row."""
    totals = tuple(Score() for _ in ROWS)
    firsts = range(0, histories, CHUNK)
    lasts = [min(first + CHUNK, histories) for first in firsts]
    with ProcessPoolExecutor(processes) as pool:
        for scores in pool.map(score_chunk, firsts, lasts):
            for total, score in zip(totals, scores, strict=True):
                total.take(score)
    return totals


def judge_number(number: int) -> Score:
    """Return the score of the variant with this number."""
    return judge_variant(VARIANTS[number])


def make_tables(histories: int, processes: int) -> Mapping[str, str]:
    """Return the tables of the page; print sure but wrong verdicts and wrong counts."""
    totals = score_all(histories, processes)
    with ProcessPoolExecutor(processes) as pool:
        variants = tuple(pool.map(judge_number, range(len(VARIANTS))))
    for score in (*totals, *variants):
        for line in (*score.unbalanced, *score.mistakes):
            print(line, file=sys.stderr)  # noqa: T201  # what the caller has to look at
    return {
        "histories": _histories(histories, totals),
        "recordings": _recordings(zip(VARIANTS, variants, strict=True)),
    }


OUTCOMES = (
    "restarts | right | without a verdict | wrong, `Medium` or `Low` | "
    "wrong, `High` or `Confirmed` | ledgers that do not balance |\n|---|---|---|---|---|---|---|\n"
)


def _histories(number: int, totals: Iterable[Score]) -> str:
    rows = "".join(
        f"| {lost:.0%}{_again(restarts)} | {score.restarts:,} | {_shares(score)} |\n"
        for (lost, restarts), score in zip(ROWS, totals, strict=True)
    )
    return f"{number:,} histories.\n\n| Events lost | {OUTCOMES}{rows}"


def _again(restarts: int) -> str:
    return f", {restarts} restarts of the operator" if restarts else ""


def _recordings(scored: Iterable[tuple[Variant, Score]]) -> str:
    rows = "".join(
        f"| {variant.what} | {score.restarts} | {_shares(score)} |\n" for variant, score in scored
    )
    return f"| what was taken away | {OUTCOMES}{rows}"


def _shares(score: Score) -> str:
    whole = max(score.restarts, 1)
    mild = (score.wrong - len(score.mistakes)) / whole
    return (
        f"{score.accuracy:.1%} | {score.open / whole:.1%} | {mild:.1%} | "
        f"{len(score.mistakes)} | {len(score.unbalanced)}"
    )


if __name__ == "__main__":
    write_page(sys.argv[1], make_tables(int(sys.argv[2]), os.cpu_count() or 1))
