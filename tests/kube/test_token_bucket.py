"""A bucket of tokens: a burst, then a steady rate."""

from probewatch.kube.token_bucket import TokenBucket


def test_bucket_fills_up_again() -> None:
    """A burst, then one token per refill, and never more than the burst."""
    bucket = TokenBucket(burst=2, refill=10.0)

    assert [True, True, False] == [bucket.take(100.0) for _ in range(3)]
    assert 10.0 == bucket.wait(100.0)
    assert [True, False] == [bucket.take(110.0) for _ in range(2)]
    assert [True, True, False] == [bucket.take(9000.0) for _ in range(3)]
