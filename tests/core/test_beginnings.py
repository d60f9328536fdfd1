"""Where counting begins, and what the records are told of it."""

import pytest

from probewatch.core.findings import CountingBegan, Finding, Restart
from probewatch.core.spec import Container
from probewatch.store import Store
from tests.core.test_observe import feed, only, restarted, running
from tests.support.builders import LIVENESS, died, pod, spec, status

TWO = spec(Container(name="app", liveness=LIVENESS), Container(name="b", liveness=LIVENESS))


def begun(found: list[Finding]) -> list[tuple[str, int, int, int]]:
    """Container, count, epoch and version of each beginning that the records are told of."""
    return [
        (each.container, each.restart_count, each.epoch, each.resource_version)
        for each in found
        if isinstance(each, CountingBegan)
    ]


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, [("b", 1, 0, 7)])])
def test_a_container_that_appears_is_counted_from_where_it_stands(
    count: int, expected: list[tuple[str, int, int, int]]
) -> None:
    """The next process would count its restarts from 0 if the records did not know of it."""
    store = Store()
    feed(store, pod(1, running(), spec=TWO), 1)
    later = status(name="b", restart_count=count, container_id="b")

    assert expected == begun(feed(store, pod(7, running(), later, spec=TWO), 2))


def test_a_count_that_falls_begins_again_in_a_new_epoch() -> None:
    """A newer version shows a lower count where the kubelet lost its containers."""
    store = Store()
    feed(store, pod(1, running(5)), 1)

    assert [("app", 2, 1, 8)] == begun(feed(store, pod(8, running(2)), 2))


def test_a_status_that_comes_twice_hides_no_other() -> None:
    """The first of two with one name counts, and so do those after them."""
    store = Store()
    first = status(name="b", container_id="b0")
    feed(store, pod(1, running(), first, spec=TWO), 1)
    last = died(1, end=90.0, container_id="b0")
    again = status(name="b", restart_count=1, container_id="b1", last=last)
    found = feed(store, pod(2, running(), running(9), again, spec=TWO), 100)
    found += store.tick(1000)

    assert [("b", 1)] == [
        (each.container, each.restart_count)
        for each in only(Restart, found)
        if isinstance(each, Restart)
    ]


def test_a_restart_says_in_which_version_it_was_seen() -> None:
    """By that, records tell what another replica counted already."""
    store = Store()
    feed(store, pod(1, running()), 1)
    found = [*feed(store, pod(9, restarted(1, 300)), 300), *store.tick(1000)]
    [told] = [each for each in found if isinstance(each, Restart)]

    assert (9, 1, 0) == (
        told.seen.resource_version,
        told.seen.restart_count,
        told.seen.counted_from,
    )
