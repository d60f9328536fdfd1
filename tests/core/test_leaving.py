"""What a process judges at its end, because the next one could not see it any more."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause
from probewatch.core.findings import Restart
from probewatch.core.model import ContainerStatus
from probewatch.core.observe import PodObserved, TimePassed
from probewatch.store import Store
from tests.support.builders import died, pod, status

FIRST = died(3, container_id="c0", start=10, end=49)
SECOND = died(1, container_id="c1", start=50, end=59)


def again(count: int = 1, **more: object) -> ContainerStatus:
    """The container after its restarts, the first of them in second 50."""
    shown = status(restart_count=count, container_id=f"c{count}", running_since=50.0, last=FIRST)
    return replace(shown, **more)  # type: ignore[arg-type]  # names are checked by replace


def leave(*versions: ContainerStatus) -> tuple[list[int], int]:
    """Let a process observe these versions, and end.

    Returns the restarts that it published at its end, and how many are left to the next one.
    """
    store = Store()
    store.feed(PodObserved(pod=pod(1, status(container_id="c0"))), 10)
    for number, version in enumerate(versions):
        assert () == store.feed(PodObserved(pod=pod(number + 2, version)), 51 + number)
    found = store.reconsider(store.waiting_in(None), 70, TimePassed(leaving=True))
    told = [each.restart_count for each in found if isinstance(each, Restart)]
    return told, store.pending()


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(again(waiting_reason="CrashLoopBackOff", last=SECOND), id="it ended again"),
        pytest.param(again(last=None), id="the dead container was removed"),
    ],
)
def test_a_restart_whose_end_is_not_shown_any_more_is_judged(later: ContainerStatus) -> None:
    """The next process could only call it unobserved."""
    assert ([1], 0) == leave(again(), later)


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(again(), id="it runs"),
        pytest.param(again(terminated=SECOND, running_since=None), id="it has just ended"),
    ],
)
def test_a_restart_whose_end_is_shown_is_left_to_the_next_process(later: ContainerStatus) -> None:
    """Late evidence may still come, and the next process will have it."""
    assert ([], 1) == leave(later)


def test_only_the_last_of_several_restarts_is_left() -> None:
    """A pod shows one termination of each container."""
    assert ([1], 1) == leave(again(), again(2, last=SECOND))


def test_a_restart_whose_end_nobody_saw_is_left() -> None:
    """Nothing is lost by that, and a later count of its kill may explain it."""
    assert ([], 1) == leave(again(last=None))


def test_a_restart_is_judged_by_what_is_known() -> None:
    """It has the cause and the termination that were seen."""
    store = Store()
    store.feed(PodObserved(pod=pod(1, status(container_id="c0"))), 10)
    dead = again(0, container_id="c0", terminated=FIRST, running_since=None, last=None)
    for number, version in enumerate((dead, again(), again(2, last=SECOND))):
        store.feed(PodObserved(pod=pod(number + 2, version)), 50 + number)

    (found,) = store.reconsider(store.waiting_in(None), 70, TimePassed(leaving=True))

    assert isinstance(found, Restart)
    assert (Cause.ERROR, 3, 49.0) == (found.cause, found.exit_code, found.finished_at)
