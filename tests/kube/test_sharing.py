"""Values shared by many pods are held once, and not for ever."""

from probewatch.kube.sharing import Shared


def test_shared_values_are_bounded() -> None:
    """Unused values are dropped; a value in use stays the same object."""
    shared: Shared[int, list[int]] = Shared(10)
    first = shared.get(0, lambda: [0])
    for number in range(1, 1000):
        shared.get(number, lambda number=number: [number])  # type: ignore[misc]  # bound at once
        assert first is shared.get(0, list)

    assert 20 >= len(shared)


def test_empty_value_is_shared_as_well() -> None:
    """A value that is empty is no missing one."""
    shared: Shared[int, list[int]] = Shared(10)

    assert shared.get(0, list) is shared.get(0, list)
