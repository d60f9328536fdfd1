"""Pods that were met before the records could be read."""

import pytest

from probewatch.records.beginnings import Beginnings
from probewatch.records.entries import RULES


@pytest.mark.parametrize("complete", [True, False])
def test_rules_are_as_they_are_where_no_pod_was_met_before(complete: bool) -> None:  # noqa: FBT001  # a case
    """Records that are read before the watch begins, as they mostly are, cost no fold anything."""
    beginnings = Beginnings(RULES, is_open=True)
    beginnings.decide((), complete=complete)

    assert beginnings.rules is RULES
