"""Values that many pods have are held once, and not for ever."""

from probewatch.kube.sharing import Shared


def test_shared_values_are_bounded() -> None:
    """What is not asked for any more is let go, and what is asked for stays the same value."""
    shared: Shared[int, list[int]] = Shared(10)
    first = shared.get(0, lambda: [0])
    for number in range(1, 1000):
        shared.get(number, lambda number=number: [number])  # type: ignore[misc]  # bound at once
        assert first is shared.get(0, list)

    assert 20 >= len(shared)
