"""The baseline counts as saved once all its reports are written."""

from probewatch.records.baseline import Baseline
from probewatch.records.entry import Key

KEY, OTHER = Key("shop", "deployment-cart"), Key("shop", "pod-x")


def test_baseline_is_saved_when_all_of_it_is() -> None:
    """A report that keeps changing counts as saved after two writes."""
    dirty = {KEY, OTHER}
    baseline = Baseline(dirty.__contains__)
    baseline.written(KEY)
    assert not baseline.is_saved()
    baseline.begin(dirty)
    assert not baseline.is_saved()
    dirty.discard(OTHER)
    baseline.written(KEY)
    assert not baseline.is_saved()
    baseline.written(KEY)
    assert baseline.is_saved()
