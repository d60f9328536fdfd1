"""Replays of lines that arrive late or twice, and their comparison with the truth."""

import json
from pathlib import Path

import pytest

from probewatch import cli
from probewatch.commands import stream
from probewatch.commands.outcome import Ledger, Outcome
from probewatch.commands.render_replay import MISTAKES_SHOWN
from probewatch.commands.replay import replay
from tests.commands.shop import KILLING, Json, pod

Line = tuple[str, int, int]
"""The type, resourceVersion and restartCount."""

LIFE: tuple[Line, ...] = (("ADDED", 1, 0), ("MODIFIED", 2, 1), ("DELETED", 3, 1))


def version(number: int, restarts: int) -> Json:
    shown = pod(restarts=restarts)
    return {**shown, "metadata": {**shown["metadata"], "resourceVersion": str(number)}}


def write(*lines: Line) -> list[str]:
    """The lines of a recording, one a second."""
    return [
        json.dumps(
            {
                "receivedAt": f"2026-01-01T00:00:{second:02}Z",
                "type": kind,
                "object": version(*shown),
            }
        )
        for second, (kind, *shown) in enumerate(lines)
    ]


def play(*lines: Line) -> tuple[Outcome, Ledger]:
    return replay(
        stream.parse_line(each.encode(), "f", number) for number, each in enumerate(write(*lines))
    )


@pytest.mark.parametrize(
    "late",
    [LIFE, LIFE[1:], LIFE[2:], (LIFE[0], LIFE[2])],
    ids=["its whole life", "without its beginning", "its end", "a list that had no news"],
)
def test_a_deleted_pod_does_not_come_back(late: tuple[Line, ...]) -> None:
    """Late versions of a deleted pod, as of a lagging watch, are ignored."""
    found, ledger = play(*LIFE, *late)

    assert Ledger(restart_count_rise=1, restarts_counted=1) == ledger
    assert [1] == [each.restart_count for each in found.restarts]


def test_a_pod_that_is_seen_again_goes_on() -> None:
    """A pod that reappears in a newer version is counted from there."""
    found, ledger = play(*LIFE, ("ADDED", 4, 1), ("MODIFIED", 5, 2))

    assert ledger.balanced
    assert [1, 2] == [each.restart_count for each in found.restarts]


def test_deletion_may_show_the_last_restart() -> None:
    """A restart that only the version at the deletion shows is counted."""
    found, ledger = play(("ADDED", 1, 0), ("DELETED", 2, 1))

    assert Ledger(restart_count_rise=1, restarts_counted=1) == ledger
    assert [1] == [each.restart_count for each in found.restarts]


@pytest.mark.parametrize(("kind", "is_known"), [("MODIFIED", True), ("ADDED", False)])
def test_new_list_does_not_show_what_was_before_it(kind: str, *, is_known: bool) -> None:
    """If a known pod is listed anew, a state before its restart may not have been recorded.

    The order of states is then no reason for a verdict, as it is between two lines of a watch.
    """
    found, _ = play(("ADDED", 1, 0), (kind, 2, 1))

    (restart,) = found.restarts
    assert is_known == (restart.cause == "LivenessProbe")


HALF_A_DAY = 12 * 3600


def test_verdict_is_made_when_its_time_is_over() -> None:
    """Time passes between two lines as it did live: an Event that comes hours later is too late."""
    event = {"type": "ADDED", "object": {**KILLING, "kind": "Event"}}
    late = json.dumps({"receivedAt": "2026-01-01T12:00:00Z", **event})
    lines = [*write(("ADDED", 1, 0), ("MODIFIED", 2, 1)), late]

    found, _ = replay(
        stream.parse_line(each.encode(), "f", number) for number, each in enumerate(lines)
    )

    assert ["Medium"] == [each.confidence for each in found.restarts]


def test_loop_that_ended_during_the_recording_has_an_end() -> None:
    """A loop that ends while nothing arrives ends when it was quiet for long enough."""
    lines = write(("ADDED", 1, 0), *(("MODIFIED", 1 + n, n) for n in range(1, 6)))
    lines.append(write(("MODIFIED", 9, 5))[0].replace("T00:00:00Z", "T12:00:00Z"))

    found, _ = replay(
        stream.parse_line(each.encode(), "f", number) for number, each in enumerate(lines)
    )

    (loop,) = found.loops
    assert loop.ended_at is not None
    assert loop.ended_at - loop.started_at < HALF_A_DAY


@pytest.mark.parametrize(("kind", "is_evidence"), [("ADDED", True), ("DELETED", False)])
def test_event_that_expires_is_no_evidence(kind: str, *, is_evidence: bool) -> None:
    """The expiry of an Event is not taken for the Event itself."""
    first, last = write(("ADDED", 1, 0), ("MODIFIED", 2, 1))
    at = "2026-01-01T00:00:00.5Z"
    event = json.dumps({"receivedAt": at, "type": kind, "object": {**KILLING, "kind": "Event"}})
    lines = (first, event, last)

    found, _ = replay(
        stream.parse_line(each.encode(), "f", number) for number, each in enumerate(lines)
    )

    (restart,) = found.restarts
    assert is_evidence == (restart.confidence == "Confirmed")


def test_all_mistakes_are_in_the_json_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The JSON output has all mistakes; standard error lists the first ones."""
    recording, known = tmp_path / "r.jsonl", tmp_path / "truth.json"
    ended = range(1, MISTAKES_SHOWN + 6)
    lines = write(("ADDED", 1, 0), *(("MODIFIED", 1 + count, count) for count in ended))
    recording.write_text("\n".join(lines) + "\n")
    truth = {"pods": {version(1, 0)["metadata"]["name"]: {"app": ["StartError", "Completed"]}}}
    known.write_text(json.dumps(truth))

    cli.main(["replay", str(recording), "--truth", str(known), "-o", "json"])
    printed = capsys.readouterr()
    accuracy = json.loads(printed.out)["accuracy"]

    assert (len(ended), 0) == (accuracy["restarts"], accuracy["right"])
    assert list(ended) == [each["restartCount"] for each in accuracy["mistakes"]]
    assert ["Completed", "StartError"] == accuracy["mistakes"][0]["trueCauses"]
    assert len(ended) == accuracy["withoutVerdict"] + sum(accuracy["wrong"].values())
    assert printed.err.endswith("  ... and 5 more; `--output json` lists all of them\n")


def test_without_the_truth_nothing_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a truth file the JSON has its usual keys."""
    recording = tmp_path / "r.jsonl"
    recording.write_text("\n".join(write(*LIFE)) + "\n")

    cli.main(["replay", str(recording), "-o", "json"])

    assert ["restarts", "readiness", "loops", "advice", "ledger"] == list(
        json.loads(capsys.readouterr().out)
    )
