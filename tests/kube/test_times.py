"""Times of the API."""

import pytest

from probewatch.kube.times import parse_time, render_micro_time, render_time

TIMES = {
    "2026-11-30T20:00:00Z": 1_796_068_800.0,
    "2026-11-30T20:00:00.250000Z": 1_796_068_800.25,
    "2026-11-30T22:00:00+02:00": 1_796_068_800.0,
    "2026-11-30T20:00:00": None,
    "1970-01-01T00:00:00Z": None,
    "0001-01-01T00:00:00Z": None,
    "yesterday": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize(("text", "at"), TIMES.items(), ids=map(str, TIMES))
def test_times_are_read(text: str | None, at: float | None) -> None:
    """A time without a zone is none: it would be another one on each machine."""
    assert at == parse_time(text)


def test_times_are_written_as_the_api_does() -> None:
    """Parts of a second are left out where there are none, except in a MicroTime."""
    assert "2026-11-30T20:00:00Z" == render_time(1_796_068_800)
    assert "2026-11-30T20:00:00.250000Z" == render_time(1_796_068_800.25)
    assert "2026-11-30T20:00:00.000000Z" == render_micro_time(1_796_068_800)
