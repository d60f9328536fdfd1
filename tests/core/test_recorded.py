"""Streams recorded from a real kubelet, whose true causes are known by construction."""

import json
from pathlib import Path

from probewatch.commands import outcome, stream, truth
from probewatch.commands.replay import replay

TRACES = Path(__file__).parents[1] / "data" / "traces"


def test_recorded_loops() -> None:
    """All 292 restarts of 30 minutes on Kubernetes 1.36 get their true cause, and none is lost."""
    found, ledger = replay(stream.read_streams([str(TRACES / "loops.jsonl.gz")]))
    accuracy = truth.judge(found.restarts, truth.read_truth(str(TRACES / "loops.truth.json")))

    assert (292, 292) == (ledger.restart_count_rise, ledger.restarts_counted)
    assert () == accuracy.mistakes


def test_replay_prints_the_fixed_shape() -> None:
    """The JSON of `replay` has the five parts that programs rely on."""
    found, ledger = replay(stream.read_streams([str(TRACES / "loops.jsonl.gz")]))
    printed = json.loads(json.dumps(outcome.render_json(found, ledger)))

    assert {"restarts", "readiness", "loops", "advice", "ledger"} == set(printed)
    assert {"restartCountRise": 292, "restartsCounted": 292, "balanced": True} == printed["ledger"]
