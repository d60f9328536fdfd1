"""When the log says that records cannot be kept, and that they are kept again."""

import pytest

from probewatch.recording.refusal import Refusal

CANNOT = "Records cannot be kept; metrics and Events go on without them"
AGAIN = "Records are kept again"


def test_a_refusal_that_ended_is_of_no_account(caplog: pytest.LogCaptureFixture) -> None:
    """Each refusal is logged once; a refusal to read ends without a write."""
    caplog.set_level("INFO", "probewatch.recording")
    refusal = Refusal()
    for until_written in (True, False):
        refusal.begin("403: no right to write", until_written=until_written)
    refusal.written()
    for _ in range(2):
        refusal.begin("403: no right to read", until_written=False)
    for _ in range(2):
        refusal.read(is_led=False)

    assert [CANNOT, AGAIN] * 2 == caplog.messages


@pytest.mark.parametrize(
    ("until_written", "is_led", "told"),
    [(False, False, AGAIN), (True, False, CANNOT), (True, True, AGAIN)],
    ids=["reading", "writing", "writing, but another one leads"],
)
def test_what_ends_a_refusal(
    until_written: bool,  # noqa: FBT001  # a column of a table
    is_led: bool,  # noqa: FBT001  # likewise
    told: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Being able to read reports does not end a refusal to write them."""
    caplog.set_level("INFO", "probewatch.recording")
    refusal = Refusal()
    refusal.begin("403: no right", until_written=until_written)
    refusal.read(is_led=is_led)

    assert told == caplog.messages[-1]


def test_a_refused_read_excuses_no_refused_write(caplog: pytest.LogCaptureFixture) -> None:
    """Where both were refused, being able to read again says nothing of the right to write."""
    caplog.set_level("INFO", "probewatch.recording")
    refusal = Refusal()
    refusal.begin("403: no right to write", until_written=True)
    refusal.begin("403: no right to read", until_written=False)
    refusal.read(is_led=False)

    assert [CANNOT] == caplog.messages
