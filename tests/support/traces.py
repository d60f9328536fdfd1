"""Streams of a real cluster, recorded by `probewatch record`."""

from pathlib import Path

from tests.conftest import REPOSITORY

TRACES = REPOSITORY / "tests" / "data" / "traces"

LOOPS = TRACES / "loops.jsonl.gz"
"""Half an hour of pods in restart loops."""

RANDOM = TRACES / "random.jsonl.gz"
"""Pods drawn at random, with the causes of each restart in `random.truth.json`."""
DISTURBED = TRACES / "disturbed.jsonl.gz"
"""Others on a node whose sandboxes, runtime and kubelet fail, and that goes down once."""

LOADED = TRACES / "loaded.jsonl.gz"
"""Others on a node with far too much to do, so that its kubelet acts late."""
LOADED_DISTURBED = TRACES / "loaded_disturbed.jsonl.gz"
"""Others on that node, disturbed."""

OLDER = TRACES / "older.jsonl.gz"
"""Others under Kubernetes 1.28, which does not tell when a sandbox is ready."""


def truth_of(trace: Path) -> str:
    """Return the file with the true causes of a recording."""
    return str(trace).replace(".jsonl.gz", ".truth.json")
