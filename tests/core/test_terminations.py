"""To which instance a termination in a status belongs: this one, the previous one, or neither."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import Finding, ProbeKillWithoutRestart, Restart
from probewatch.core.model import ContainerStatus, Termination
from probewatch.core.observe import PodObserved
from probewatch.core.remembered import Remembered, RememberedContainer
from probewatch.core.spec import Container, PodSpec, RestartPolicy
from probewatch.core.watermarks import HOOK_FAILED, RESTARTING_ALL
from probewatch.store import Store
from tests.core.test_observe import feed, followed, hear, only, restarted, running
from tests.support.builders import LIVENESS, READINESS, died, pod, spec, status


def told(store: Store, *versions: ContainerStatus, of: PodSpec | None = None) -> list[Restart]:
    """The restarts found in these versions, which arrive ten seconds apart from 100 on."""
    found: list[Finding] = []
    for number, shown in enumerate(versions):
        now = 100.0 + 10 * number
        found += feed(store, pod(10 + number, shown, spec=of or spec()), now)
    found += store.tick(1000.0)
    return [each for each in found if isinstance(each, Restart)]


def waiting(count: int, reason: str = "CrashLoopBackOff", **shown: object) -> ContainerStatus:
    """A waiting container with this restart count."""
    plain = replace(running(count), running_since=None, ready=False, waiting_reason=reason)
    return replace(plain, **shown)  # type: ignore[arg-type]  # names are checked by replace


NAMELESS = died(2, None, None, container_id="")
"""A termination without ID and times, as the kubelet itself writes it."""


def test_an_end_without_id_and_times_is_not_that_of_an_instance() -> None:
    """A termination without ID and times may be old, so the next status decides."""
    store = followed()
    [first, second] = told(
        store, restarted(1, 90.0), waiting(1, last=NAMELESS), restarted(2, 120.0, exit_code=7)
    )

    assert (143, 7) == (first.exit_code, second.exit_code)


@pytest.mark.parametrize("ended", [NAMELESS, died(2, container_id="c0")])
def test_shown_dead_at_once(ended: Termination) -> None:
    """A status `terminated` was seen, with or without ID and times."""
    plain = spec(Container(name="app", readiness=READINESS))
    store = Store()
    feed(store, pod(1, running(), spec=plain), 1)
    [counted] = told(store, waiting(0, "", terminated=ended), restarted(1, 110.0), of=plain)

    assert ("terminated-seen", Confidence.HIGH) == (counted.rule, counted.confidence)


@pytest.mark.parametrize(
    ("relisted", "cause"), [(False, Cause.LIVENESS_PROBE), (True, Cause.UNKNOWN)]
)
def test_a_back_off_that_a_list_showed_first(cause: Cause, *, relisted: bool) -> None:
    """A back-off first shown by a list after a gap says nothing about the order of states."""
    store = followed()
    ended = died(container_id="c0", start=1.0, end=90.0)
    feed(store, pod(2, waiting(0, last=ended)), 92, relisted=relisted)
    [counted] = told(store, replace(restarted(1, 100.0), last=ended))

    assert cause is counted.cause


@pytest.mark.parametrize(
    ("reasons", "cause"),
    [
        (("CrashLoopBackOff",), Cause.LIVENESS_PROBE),
        (("", "CrashLoopBackOff"), Cause.LIVENESS_PROBE),
        ((HOOK_FAILED,), Cause.POST_START_HOOK),
        ((HOOK_FAILED, "CrashLoopBackOff"), Cause.POST_START_HOOK),
    ],
)
def test_only_a_hook_that_failed_is_reported(reasons: tuple[str, ...], cause: Cause) -> None:
    """A failed hook stays the reason through the back-off; back-off alone is no reason."""
    hooked = spec(Container(name="app", liveness=LIVENESS, has_post_start=True))
    store = Store()
    feed(store, pod(1, running(), spec=hooked), 1)
    ended = died(0, 1.0, 90.0, container_id="c0")
    down = [waiting(0, reason, last=ended) for reason in reasons]
    [counted] = told(store, *down, replace(restarted(1, 130.0), last=ended), of=hooked)

    assert cause is counted.cause


def test_another_instance_with_the_same_count() -> None:
    """A termination shown before an instance ran is not that instance's own."""
    store = followed()
    ended = died(1, 1.0, 90.0, container_id="c0")
    again = replace(running(0), container_id="c0-again", running_since=105.0, last=ended)
    after = replace(restarted(1, 120.0), last=ended)
    [counted] = told(store, waiting(0, terminated=ended), again, after)

    assert (Cause.UNOBSERVED, None) == (counted.cause, counted.exit_code)


def test_a_kill_of_the_instance_before_is_none_of_the_last() -> None:
    """A kill of the previous instance does not explain the exit of the last one."""
    store = Store()
    once = spec(restart_policy=RestartPolicy.ON_FAILURE)
    feed(store, pod(1, running(), spec=once), 1)
    hear(store, K.KILL_LIVENESS, 41.5)
    again = restarted(1, 41.0, finished_at=41.0)
    [told] = only(Restart, feed(store, pod(2, again, spec=once), 42))
    ended = died(0, 41.0, 45.0, container_id="c1")
    over = replace(again, running_since=None, ready=False, terminated=ended)
    found = feed(store, pod(3, over, spec=once, phase="Succeeded"), 46)

    assert isinstance(told, Restart)
    assert Cause.LIVENESS_PROBE is told.cause
    assert [] == only(ProbeKillWithoutRestart, found)


def test_the_end_that_records_know_is_not_counted_again() -> None:
    """A rise that still shows the recorded termination is Unobserved."""
    known = RememberedContainer(count=2, resource_version=10, termination="c1")
    seen = pod(20, status(restart_count=3, container_id="c3", last=died(1, container_id="c1")))
    remembered = Remembered(containers={"app": known}, from_zero=True)
    store = Store(remember=lambda _newcomer: remembered)
    store.feed(PodObserved(pod=seen, relisted=True), 5000.0)
    [told] = only(Restart, list(store.tick(5100.0)))

    assert isinstance(told, Restart)
    assert (Cause.UNOBSERVED, None, "") == (told.cause, told.exit_code, told.termination)


WORDS = Termination(exit_code=137, reason=RESTARTING_ALL)
"""The kubelet's termination for a restart of all containers; it stays if no later one is known."""


def test_words_that_stood_there_before_us_are_not_of_a_later_end() -> None:
    """A declared termination that was there at first sight is not that of a later end."""
    known = RememberedContainer(count=1, resource_version=5, termination="c0")
    seen = pod(6, status(restart_count=1, container_id="c1", last=WORDS))
    store = Store(remember=lambda _newcomer: Remembered(containers={"app": known}, from_zero=True))
    store.feed(PodObserved(pod=seen, relisted=True), 50.0)
    [counted] = told(store, replace(restarted(2, 100.0), last=WORDS))

    assert (Cause.UNOBSERVED, None) == (counted.cause, counted.exit_code)


CREATED = waiting(1, "", container_id="c1", last=died(143, 1.0, 90.0, container_id="c0"))
"""The next instance is created but not started; the termination shown is the previous one's."""


@pytest.mark.parametrize(
    ("met", "reason", "expected"),
    [(False, "", [143, 7]), (False, "RunContainerError", [143, 7]), (True, "", [7])],
)
@pytest.mark.parametrize("times", [1, 2])
def test_the_end_shown_while_the_next_one_is_made(
    reason: str, times: int, expected: list[int], *, met: bool
) -> None:
    """While the next instance is created, the termination shown is that of the previous one."""
    store = Store() if met else followed()
    made = replace(CREATED, waiting_reason=reason)
    found = told(store, *(made,) * times, restarted(2, 200.0, exit_code=7))

    assert expected == [each.exit_code for each in found]


def test_met_while_all_are_restarted() -> None:
    """While all containers restart the count has risen already: the end is the previous one's."""
    store = Store()
    down = waiting(1, RESTARTING_ALL, container_id="", last=WORDS)
    [counted] = told(store, down, restarted(2, 200.0, exit_code=7))

    assert (Cause.ERROR, 7) == (counted.cause, counted.exit_code)


def test_met_in_back_off() -> None:
    """At first sight in back-off, the order of states is unknown."""
    store = Store()
    down = waiting(1, last=died(143, 1.0, 90.0, container_id="c1"))
    [counted] = told(store, down, replace(restarted(2, 200.0), last=down.last))

    assert (Cause.UNKNOWN, 143) == (counted.cause, counted.exit_code)


def test_an_end_of_which_no_trace_is_left_when_the_next_one_runs() -> None:
    """A termination that was shown once counts even if `lastState` is missing later."""
    store = followed()
    ended = waiting(0, "", terminated=died(7, 1.0, 90.0, container_id="c0"))
    [counted] = told(store, ended, replace(restarted(1, 100.0), last=None))

    assert (Cause.ERROR, 7) == (counted.cause, counted.exit_code)
