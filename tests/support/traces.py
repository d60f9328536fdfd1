"""What a real cluster told, as `probewatch record` wrote it down."""

from tests.conftest import REPOSITORY

TRACES = REPOSITORY / "tests" / "data" / "traces"

LOOPS = TRACES / "loops.jsonl.gz"
"""Half an hour of pods that restart in loops."""
LOOPS_TRUTH = TRACES / "loops.truth.json"
"""Why they did."""
