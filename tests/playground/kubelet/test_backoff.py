"""The back-off of a container that keeps ending."""

from probewatch.playground.kubelet.backoff import Backoff


def test_the_first_restart_is_immediate_and_waits_double() -> None:
    """The back-off is 10 s, 20 s, 40 s … up to five minutes, from the last end."""
    backoff = Backoff()
    assert 0 == backoff.remaining("k", finished=0, now=0)

    waits = []
    for _ in range(7):
        backoff.advance("k", finished=0, now=0)
        waits.append(backoff.remaining("k", finished=0, now=0))

    assert [10, 20, 40, 80, 160, 300, 300] == waits
    assert 100 == backoff.remaining("k", finished=0, now=200)
    assert 0 == backoff.remaining("k", finished=0, now=301)


def test_a_long_life_forgets_the_past() -> None:
    """After a run of twice the maximum, the back-off starts again."""
    backoff = Backoff()
    for _ in range(3):
        backoff.advance("k", finished=0, now=0)

    assert 0 == backoff.remaining("k", finished=601, now=601)
    backoff.advance("k", finished=601, now=601)
    assert 10 == backoff.wait_of("k")


def test_a_node_may_shorten_the_longest_wait() -> None:
    """`maxContainerRestartPeriod` also limits the first back-off."""
    backoff = Backoff(longest=5)
    backoff.advance("k", finished=0, now=0)

    assert 5 == backoff.wait_of("k")


def test_a_pod_that_is_gone_is_forgotten() -> None:
    """A deleted pod's back-off is forgotten, others' is kept."""
    backoff = Backoff()
    backoff.advance("a/x", finished=0, now=0)
    backoff.advance("b/x", finished=0, now=0)
    backoff.forget("a/")

    assert (0, 10) == (backoff.wait_of("a/x"), backoff.wait_of("b/x"))
