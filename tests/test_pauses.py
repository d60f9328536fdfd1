"""Exponential back-off: how long each pause between tries is."""

from probewatch.pauses import Pauses


def test_pauses_double_up_to_the_longest() -> None:
    """The first fault costs the first pause, and each further one in a row twice as much."""
    pauses = Pauses(first=0.5, longest=3.0)

    assert [0.5, 1.0, 2.0, 3.0, 3.0] == [pauses.after(faults) for faults in range(1, 6)]


def test_pauses_stay_at_their_cap_however_long_an_outage_lasts() -> None:
    """A day of faults leads to thousands of tries, whose power of two no number can hold."""
    assert 30.0 == Pauses(first=0.8, longest=30.0).after(10_000)


def test_chance_takes_at_most_half_of_a_pause() -> None:
    """Many clients of a server that failed do not all come back at the same moment."""
    pauses = Pauses(first=4.0, longest=30.0)

    assert [2.0, 3.0, 4.0] == [pauses.after(1, chance) for chance in (0.0, 0.5, 1.0)]
