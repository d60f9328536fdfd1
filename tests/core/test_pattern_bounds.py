"""How many pods make a pattern, and on which nodes."""

import pytest

from probewatch.core.patterns import Patterns
from tests.core.test_patterns import marks, restart


@pytest.mark.parametrize(("tracked", "expected"), [(6, "WorkloadWide"), (7, "")])
def test_half_of_a_workload_is_a_pattern(tracked: int, expected: str) -> None:
    """Restarts of three pods of six are workload-wide, of three of seven they are not."""
    found = marks(*(restart(f"p{n}", "web", f"n{n}", n) for n in range(3)), pods=tracked)

    assert ["", "", expected] == found


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("n1", "n1", {"a", "b"}), ("n1", "n2", set()), ("", "", set()), ("", "n1", set())],
)
def test_only_pods_of_one_node_are_lost_together(
    first: str, second: str, expected: set[str]
) -> None:
    """Only containers lost on the same known node are lost together."""
    patterns = Patterns(lambda _owner: 4)
    patterns.lost_together(restart("a", "web", first))

    assert expected == patterns.lost_together(restart("b", "web", second))
