"""Pods first seen before the records could be read."""

import pytest

from probewatch.records.beginnings import Beginnings
from probewatch.records.entries import RULES


@pytest.mark.parametrize("complete", [True, False])
def test_rules_are_as_they_are_where_no_pod_was_met_before(complete: bool) -> None:  # noqa: FBT001  # a case
    """If the records are read first, as usual, the ordinary rules apply unchanged."""
    beginnings = Beginnings(RULES, is_open=True)
    beginnings.decide((), complete=complete)

    assert beginnings.rules is RULES
