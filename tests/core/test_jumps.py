"""A jump of the restart count that is too large for one finding each is still counted in full."""

from collections.abc import Sequence
from functools import cache

from probewatch.commands.outcome import Outcome, render_json
from probewatch.core.causes import Cause
from probewatch.core.findings import Restart
from probewatch.core.jumps import TOLD_ONE_BY_ONE
from probewatch.core.ledger import fold
from probewatch.core.model import Workload
from probewatch.core.observe import PodObserved
from probewatch.core.records import Record
from probewatch.core.spec import PodSpec
from probewatch.kube.events.making import draft_event
from probewatch.store import Store
from tests.metrics.scene import Scene
from tests.support.builders import died, pod, status

GREATEST = 2**31 - 1
"""`restartCount` is an int32."""

WEB = Workload(namespace="shop", kind="Deployment", name="web")


@cache
def jump(to: int, *, seen_dead: bool = False) -> Sequence[Restart]:
    """The restarts reported when the count of a followed container rises to this."""
    store = Store()
    store.feed(PodObserved(pod=pod(1, status(container_id="c0"))), 1)
    if seen_dead:
        end = died(7, container_id="c0", end=30.0)
        dead = status(container_id="c0", running_since=None, terminated=end)
        store.feed(PodObserved(pod=pod(2, dead)), 30)
    last = died(1, container_id="last", start=100.0, end=199.0)
    risen = status(restart_count=to, container_id="new", running_since=200.0, last=last)
    found = [*store.feed(PodObserved(pod=pod(3, risen)), 200), *store.tick(400)]
    return tuple(each for each in found if isinstance(each, Restart))


def test_restarts_of_a_believable_jump_are_reported_one_by_one() -> None:
    """Up to a thousand restarts are reported one by one."""
    told = jump(TOLD_ONE_BY_ONE)

    assert [each.restart_count for each in told] == list(range(1, TOLD_ONE_BY_ONE + 1))
    assert {each.stands_for for each in told} == {1}


def test_the_largest_jump_there_can_be() -> None:
    """A count near 2^31 yields a thousand findings; the oldest stands for all before it."""
    told = jump(GREATEST)

    assert len(told) == TOLD_ONE_BY_ONE
    assert told[0].cause is Cause.UNOBSERVED
    assert told[0].stands_for == told[0].restart_count == GREATEST - TOLD_ONE_BY_ONE + 1
    assert sum(each.stands_for for each in told) == told[-1].restart_count == GREATEST


def test_a_death_that_was_seen_is_told_by_itself() -> None:
    """The first restart of a jump keeps a finding of its own if its end was seen."""
    told = jump(2 * TOLD_ONE_BY_ONE, seen_dead=True)

    assert [(1, 1), (TOLD_ONE_BY_ONE + 1, TOLD_ONE_BY_ONE)] == [
        (each.restart_count, each.stands_for) for each in told[:2]
    ]
    assert Cause.ERROR is told[0].cause
    assert sum(each.stands_for for each in told) == 2 * TOLD_ONE_BY_ONE


def test_records_count_all_of_it() -> None:
    """A record counts the whole rise, whichever of the findings reaches it."""
    told = jump(GREATEST)
    record = Record(workload=WEB)
    for each in told:
        record = fold(record, each, limit=50)

    assert record.restarts == GREATEST
    assert fold(Record(workload=WEB), told[-1], limit=50).restarts == GREATEST
    assert len(record.incidents) == 50


def test_the_counter_counts_all_of_it() -> None:
    """The counters of /metrics add up to the rise."""
    scene = Scene()
    for each in jump(GREATEST):
        scene.publish(each)

    shown = scene.show("container_restarts_total").splitlines()

    assert GREATEST == sum(float(line.rpartition(" ")[2]) for line in shown)
    assert sum(scene.counters.verdicts.values()) == GREATEST


def test_one_event_tells_of_it() -> None:
    """All unobserved restarts of a jump share one Event."""
    drafts = [draft_event(each, WEB, PodSpec()) for each in jump(GREATEST)]

    assert len({draft.name for draft in drafts if draft is not None}) == 2


def test_a_replay_balances() -> None:
    """A replay's ledger counts every restart that a finding stands for, and shows the number."""
    outcome = Outcome()
    outcome.add(jump(GREATEST))
    ledger = outcome.ledger(GREATEST)
    rendered = render_json(outcome, ledger)["restarts"]

    assert ledger.balanced
    assert isinstance(rendered, list)
    assert [GREATEST - TOLD_ONE_BY_ONE + 1] == [
        each["standsFor"] for each in rendered if "standsFor" in each
    ]
