"""Back-off: how long the loop waits after faults in a row."""

from probewatch.watch.backoff import STEADY_SECONDS, Backoff


def test_only_a_watch_that_was_open_for_a_while_begins_anew() -> None:
    """A server that accepts watches and drops them at once is asked less and less often."""
    tired = Backoff(faults=3)

    assert (tired, Backoff()) == (
        tired.after_watching(STEADY_SECONDS - 0.1),
        tired.after_watching(STEADY_SECONDS),
    )


def test_an_answer_of_another_kind_begins_anew() -> None:
    """A server that answers again, or asks for a list, is not waited for as long as before."""
    silent, refused = Backoff(faults=5, silent=True), Backoff(faults=5)

    assert Backoff() == silent.before_fault(silent=False)
    assert Backoff() == refused.before_fault(silent=False, gone=True)
    for same in (silent.before_fault(silent=True), refused.before_fault(silent=True)):
        assert 5 == same.faults
