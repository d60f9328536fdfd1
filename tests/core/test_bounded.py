"""The mapping of bounded size: which keys it keeps."""

from probewatch.core.bounded import Bounded


def test_the_key_set_longest_ago_is_dropped() -> None:
    """What happened last stays known, and a key that is set again counts as new."""
    kept: Bounded[str, int] = Bounded(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        kept[key] = value

    assert [("a", 3), ("c", 4)] == list(kept.items())


def test_reading_keeps_no_key() -> None:
    """A key that is asked for again and again is dropped in its turn, as it was set in its turn."""
    kept: Bounded[str, int] = Bounded(2)
    kept["a"], kept["b"] = 1, 2

    assert 1 == kept.get("a") == kept["a"]
    kept["c"] = 3
    assert ["b", "c"] == list(kept)
