"""Patterns of a node: whose restarts say something about it, and how many workloads it takes."""

import pytest

from probewatch.core.causes import Cause
from probewatch.core.patterns import AGAIN_SECONDS, SETTLED_SECONDS, WINDOW_SECONDS
from tests.core.test_patterns import marks, restart


def test_restarts_on_different_nodes_are_not_those_of_a_node() -> None:
    """Three workloads that fail at the same time on three nodes have no node in common."""
    found = marks(*(restart(f"p{n}", f"w{n}", f"n{n}", n) for n in range(3)))

    assert ["", "", ""] == found


@pytest.mark.parametrize(("owners", "expected"), [(("a", "b", "b"), "NodeWide"), ("aaa", "")])
def test_two_workloads_are_enough_to_point_to_a_node(owners: str, expected: str) -> None:
    """Three pods of one workload may fail because of it, wherever they run."""
    found = marks(
        *(restart(f"p{n}", owner, "n1", n, cause=Cause.UNKNOWN) for n, owner in enumerate(owners))
    )

    assert ["", "", expected] == found


@pytest.mark.parametrize(
    ("lived", "count", "cause", "expected"),
    [
        (SETTLED_SECONDS, 1, Cause.LIVENESS_PROBE, "NodeWide"),
        (SETTLED_SECONDS - 1, 1, Cause.LIVENESS_PROBE, ""),
        (AGAIN_SECONDS, 2, Cause.LIVENESS_PROBE, "NodeWide"),
        (AGAIN_SECONDS - 1, 2, Cause.LIVENESS_PROBE, ""),
        (AGAIN_SECONDS, 1, Cause.STARTUP_PROBE, "NodeWide"),
        (AGAIN_SECONDS - 1, 1, Cause.STARTUP_PROBE, ""),
    ],
)
def test_only_containers_that_ran_for_long_say_something_of_a_node(
    lived: float, count: int, cause: Cause, expected: str
) -> None:
    """The bound is higher for one that restarted before, or was still starting."""
    found = marks(
        *(
            restart(
                f"p{n}", f"w{n}", "n1", n, started_at=n - lived, restart_count=count, cause=cause
            )
            for n in range(3)
        )
    )

    assert ["", "", expected] == found


@pytest.mark.parametrize(("apart", "expected"), [(0.0, "NodeWide"), (1.0, "")])
def test_restarts_are_compared_within_a_window(apart: float, expected: str) -> None:
    """Those at its very end belong to it."""
    times = (0.0, 0.0, WINDOW_SECONDS + apart)
    found = marks(*(restart(f"p{n}", f"w{n}", "n1", at) for n, at in enumerate(times)))

    assert ["", "", expected] == found
