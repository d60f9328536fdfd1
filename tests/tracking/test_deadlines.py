"""Deadlines: each pod has one, and the earliest comes first."""

from probewatch.core.model import PodUid
from probewatch.tracking.deadlines import Deadlines

A, B, C = (PodUid(name) for name in "abc")


def test_pods_are_taken_at_their_deadlines_the_earliest_first() -> None:
    """A deadline has passed at its very second, and is taken once."""
    deadlines = Deadlines()
    for uid, due in ((A, 30.0), (B, 10.0), (C, 20.0)):
        deadlines.set(uid, due)

    assert [B, C] == deadlines.take(20.0)
    assert ([], 30.0, 1) == (deadlines.take(29.0), deadlines.next(), len(deadlines))


def test_pods_are_taken_in_portions() -> None:
    """Judging very many pods at once would keep the watches waiting."""
    deadlines = Deadlines()
    for uid in (A, B, C):
        deadlines.set(uid, 10.0)

    assert [[A, B], [C], []] == [deadlines.take(20.0, 2) for _ in range(3)]


def test_a_deadline_that_was_put_off_or_removed_is_not_due() -> None:
    """The last one that was set for a pod counts, whether it is earlier or later."""
    deadlines = Deadlines()
    for uid, due in ((A, 10.0), (A, 50.0), (B, 40.0), (B, 20.0), (C, 10.0), (C, None)):
        deadlines.set(uid, due)

    assert 20.0 == deadlines.next()
    assert [B] == deadlines.take(49.0)
    assert [A] == deadlines.take(50.0)
    assert None is deadlines.next()
