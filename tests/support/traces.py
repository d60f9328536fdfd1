"""Streams of a real cluster, recorded by `probewatch record`."""

from tests.conftest import REPOSITORY

TRACES = REPOSITORY / "tests" / "data" / "traces"

LOOPS = TRACES / "loops.jsonl.gz"
"""Half an hour of pods in restart loops."""
LOOPS_TRUTH = TRACES / "loops.truth.json"
"""The true causes of their restarts."""
