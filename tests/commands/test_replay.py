"""What a replay makes of lines that come late, or twice."""

import json

import pytest

from probewatch.commands import stream
from probewatch.commands.outcome import Ledger, Outcome
from probewatch.commands.replay import replay
from tests.commands.shop import Json, pod

Line = tuple[str, int, int]
"""Type, resourceVersion and restartCount."""

LIFE: tuple[Line, ...] = (("ADDED", 1, 0), ("MODIFIED", 2, 1), ("DELETED", 3, 1))


def version(number: int, restarts: int) -> Json:
    shown = pod(restarts=restarts)
    return {**shown, "metadata": {**shown["metadata"], "resourceVersion": str(number)}}


def play(*lines: Line) -> tuple[Outcome, Ledger]:
    written = (
        {"receivedAt": f"2026-01-01T00:00:{second:02}Z", "type": kind, "object": version(*shown)}
        for second, (kind, *shown) in enumerate(lines)
    )
    return replay(
        stream.parse_line(json.dumps(each).encode(), "f", number)
        for number, each in enumerate(written)
    )


@pytest.mark.parametrize(
    "late",
    [LIFE, LIFE[1:], LIFE[2:], (LIFE[0], LIFE[2])],
    ids=["its whole life", "without its beginning", "its end", "a list that had no news"],
)
def test_a_deleted_pod_does_not_come_back(late: tuple[Line, ...]) -> None:
    """What comes of it after its end, as of a watch that lags behind, was told already."""
    found, ledger = play(*LIFE, *late)

    assert Ledger(restart_count_rise=1, restarts_counted=1) == ledger
    assert [1] == [each.restart_count for each in found.restarts]


def test_a_pod_that_is_seen_again_goes_on() -> None:
    """One that left what was watched comes back with a newer version, and restarts count again."""
    found, ledger = play(*LIFE, ("ADDED", 4, 1), ("MODIFIED", 5, 2))

    assert ledger.balanced
    assert [1, 2] == [each.restart_count for each in found.restarts]
