"""The Lease: acquired, renewed, lost and released, against a fake API server."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from probewatch.clock import Clock
from probewatch.errors import ApiError
from probewatch.kube.lease import Lease
from tests.support import virtual_time
from tests.support.fake_leases import FakeLeases
from tests.support.fake_time import FakeTime

PATH = "/apis/coordination.k8s.io/v1/namespaces/ops/leases/probewatch"

UNREADABLE = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text")
"""What a decoder raises for an answer in another encoding."""


def make(leases: FakeLeases, time: FakeTime, name: str = "one", life: str = "a") -> Lease:
    return Lease(
        requester=leases,
        namespace="ops",
        name="probewatch",
        instance=name,
        identity=f"{name}_{life}",
        clock=time.clock,
    )


@dataclass
class Interrupted(FakeLeases):
    """An API server, while each request to which *act* is done."""

    act: Callable[[], None] | None = None

    async def delay(self) -> None:
        if self.act is not None:
            self.act()


async def test_first_one_holds_it() -> None:
    """If no Lease exists, the first replica creates and holds it."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")

    await one.step()
    await two.step()

    assert one.is_held
    assert not two.is_held
    assert two.known


async def test_it_expires_by_the_watchers_clock() -> None:
    """A standby takes the Lease once it was unchanged for its duration by the standby's clock."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()

    time.seconds += 14.9
    await two.step()
    assert not two.is_held
    time.seconds += 0.2
    await two.step()
    assert two.is_held


async def test_holder_stops_before_another_begins() -> None:
    """A holder that cannot renew stops before the Lease expires."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()

    time.seconds += 9.9
    assert one.is_held
    time.seconds += 0.2
    assert not one.is_held


@pytest.mark.parametrize(("takes", "pause"), [(0.0, 5.0), (3.5, 1.5), (7.0, 0.0)])
async def test_slow_answers_do_not_delay_the_next_renewal(takes: float, pause: float) -> None:
    """Renewals are five seconds apart from request to request, even with slow answers."""
    time = FakeTime()
    leases = FakeLeases(takes=takes, time=time)
    one = make(leases, time)
    await one.step()
    leases.takes = 0.0
    await one.step()
    leases.takes = takes

    assert pause == await one.step()


async def test_a_stopped_holder_finds_out() -> None:
    """A holder that was suspended no longer holds the Lease and cannot renew it."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()
    time.seconds += 16
    await two.step()

    await one.step()
    await one.step()

    assert two.is_held
    assert not one.is_held


async def test_it_knows_since_when_it_is_alone() -> None:
    """`held_since` is kept over renewals and is None while the Lease is not surely held."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    assert one.held_since is None
    await one.step()
    time.seconds += 5
    await one.step()
    assert one.held_since == 1000
    time.seconds += 11
    assert one.held_since is None
    await one.step()
    assert one.held_since == 1000
    leases.version += 1
    await one.step()
    assert one.held_since is None


async def test_each_term_has_its_number() -> None:
    """A renewal keeps the term; a loss, another holder or a new acquisition starts one."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    first = one.term
    time.seconds += 5
    await one.step()
    renewed = one.term
    await two.step()
    time.seconds += 16
    await two.step()
    await one.step()
    lost = one.term
    await two.release()
    await one.step()

    assert first == renewed
    assert one.is_held
    assert len({first, lost, one.term}) == 3


async def test_the_same_instance_follows_itself_at_once() -> None:
    """A restarted process of the same instance takes its Lease at once."""
    leases, time = FakeLeases(), FakeTime()
    await make(leases, time, life="a").step()
    again = make(leases, time, life="b")

    await again.step()

    assert again.is_held


async def test_released_lease_is_free() -> None:
    """A released Lease is taken at the next step of a standby."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()
    await one.release()
    await two.step()

    assert leases.lease is not None
    assert "two_a" == leases.lease["spec"]["holderIdentity"]
    assert two.is_held
    assert not one.is_held


@dataclass
class Silent(FakeLeases):
    """An API server that stops answering."""

    silent: bool = False
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """Once it is set, everything is answered."""

    async def delay(self) -> None:
        if self.silent:
            await self.answers.wait()


async def released_into_silence(*, renewing: bool) -> tuple[Lease, float]:
    leases, time, loop = Silent(), FakeTime(), asyncio.get_running_loop()
    one = make(leases, time)
    await one.step()
    leases.silent = True
    renewal = asyncio.create_task(one.step()) if renewing else None
    await asyncio.sleep(0)
    begun = loop.time()
    await one.release(2.0)
    took = loop.time() - begun
    if renewal is not None:
        renewal.cancel()
    return one, took


@pytest.mark.parametrize("renewing", [False, True], ids=["alone", "while it is renewed"])
def test_release_is_not_waited_for_without_end(renewing: bool) -> None:  # noqa: FBT001  # a parameter
    """A release without an answer ends after the given time."""
    one, took = virtual_time.run(released_into_silence(renewing=renewing))

    assert not one.is_held
    assert 2.0 == pytest.approx(took)


async def test_renewal_that_is_answered_during_a_release_holds_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not while the release waits for the answer, and not after it: all is written by then."""
    time, leases = FakeTime(), Silent()
    one = make(leases, time)
    await one.step()
    leases.silent = True
    renewal = asyncio.create_task(one.step())
    await asyncio.sleep(0)
    release = asyncio.create_task(one.release())
    await asyncio.sleep(0)
    waiting = one.is_held, one.is_elsewhere
    leases.answers.set()
    await asyncio.gather(renewal, release)

    assert [(False, True)] * 2 == [waiting, (one.is_held, one.is_elsewhere)]
    assert not (leases.lease or {})["spec"].get("holderIdentity")
    assert "cannot be renewed" not in caplog.text


async def test_renewal_that_is_answered_after_a_release_holds_nothing() -> None:
    """A release that was given up is for good all the same."""
    time, leases = FakeTime(), Silent()
    one = make(leases, time)
    await one.step()
    leases.silent = True
    renewal = asyncio.create_task(one.step())
    await asyncio.sleep(0)
    await one.release(0.0)
    leases.answers.set()
    await renewal

    assert (False, True) == (one.is_held, one.is_elsewhere)


async def test_released_lease_is_not_taken_again() -> None:
    """A replica that released the Lease does not take it again."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time, "one")
    await one.step()
    await one.release()
    await one.step()

    assert leases.lease is not None
    assert not leases.lease["spec"].get("holderIdentity")
    assert not one.is_held


@pytest.mark.parametrize("status", [0, 403])
async def test_forsaken_lease_is_left_to_expire(status: int) -> None:
    """A replica that gave the Lease up sends no more requests, and lets it expire."""
    leases, time = FakeLeases(status=status), FakeTime()
    one = make(leases, time, "one")
    while not one.is_held:
        time.seconds += await one.step()
    one.forsake()
    asked = len(leases.asked)
    await one.step()
    await one.release()

    assert not one.is_held
    assert asked == len(leases.asked)


@pytest.mark.parametrize("status", [0, 403])
async def test_answer_that_comes_after_giving_up_changes_nothing(status: int) -> None:
    """A Lease that is given up while a renewal is under way stays given up."""
    time = FakeTime()
    leases = Interrupted()
    one = make(leases, time)
    await one.step()
    leases.status, leases.act = status, one.forsake
    time.seconds += 5
    await one.step()

    assert (False, True) == (one.is_held, one.is_elsewhere)


async def test_renewals_that_fail_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Failing renewals are logged once, and so is the recovery."""
    caplog.set_level("INFO")
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    for status in (0, 500, 500, 0):
        leases.status, end = status, time.seconds + 9
        while time.seconds < end:
            time.seconds += await one.step()

    assert [
        "This replica is the leader now",
        "The Lease cannot be renewed; this replica writes nothing until it can",
        "The Lease is renewed again",
    ] == caplog.messages


async def test_lease_that_is_gone_without_is_not_renewed(caplog: pytest.LogCaptureFixture) -> None:
    """Losing the right to the Lease is logged in steps: renewal fails, then no Lease is used."""
    caplog.set_level("INFO")
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    for status in (0, 403):
        leases.status, end = status, time.seconds + 60
        while time.seconds < end:
            time.seconds += await one.step()
    without = [
        "This replica is the leader now",
        "The Lease cannot be renewed; this replica writes nothing until it can",
        "The Lease cannot be used; this replica writes without one",
    ]
    assert without == caplog.messages
    leases.status, end = 0, time.seconds + 60
    while time.seconds < end:
        time.seconds += await one.step()

    assert [*without, "The Lease is renewed again"] == caplog.messages


async def test_who_was_too_slow_lost_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Losing the race for a Lease is not logged as a loss, and the loss of one's own is."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()
    time.seconds += 16
    leases.write_status = 409
    await two.step()
    assert not two.is_held
    assert [] == caplog.messages
    leases.write_status = 0
    await two.step()
    await one.step()

    assert ["The Lease was lost; it is read again"] == caplog.messages


async def test_lease_counts_from_when_it_was_asked_for() -> None:
    """A renewal that takes long holds no longer than one that is answered at once."""
    time = FakeTime()
    leases = FakeLeases(takes=7.0, time=time)
    one = make(leases, time)
    begun = time.seconds
    await one.step()  # two requests: it reads, and creates it
    held_since = one.held_since
    time.seconds = begun + 16.9
    is_held_before_the_end = one.is_held
    time.seconds = begun + 17.1

    assert begun + 7 == held_since
    assert (True, False) == (is_held_before_the_end, one.is_held)


@pytest.mark.parametrize("status", [404, 409])
async def test_lease_that_was_deleted_is_created_again(status: int) -> None:
    """A holder whose Lease is deleted holds none, and creates it again in a new term."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()
    term, leases.lease, leases.write_status = one.term, None, status
    time.seconds += await one.step()
    leases.write_status, lost = 0, one.term
    assert (False, True) == (one.is_held, one.is_elsewhere)
    await one.step()

    assert one.is_held
    assert len({term, lost, one.term}) == 3


async def test_who_held_it_last_is_nobody_else() -> None:
    """A holder that lost the Lease, has it again and cannot renew it knows of no other holder."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()
    leases.lease = None
    await one.step()
    await one.step()
    time.seconds += 11

    assert (False, False) == (one.is_held, one.is_elsewhere)


async def test_race_that_is_lost_after_a_refusal_ends_it() -> None:
    """A replica that wrote without a Lease stops as soon as another one was faster to take it."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await two.step()
    await two.release()
    leases.status = 403
    while not one.is_held:
        time.seconds += await one.step()
    leases.status, leases.write_status = 0, 409
    await one.step()

    assert not one.is_held


async def test_race_to_create_it_is_no_missing_right() -> None:
    """However often another one is faster to create the Lease, nobody writes without it."""
    leases, time = FakeLeases(write_status=409), FakeTime()
    one = make(leases, time)
    for _ in range(20):
        time.seconds += await one.step()

    assert not one.is_held


async def test_lease_shows_since_when_and_how_often_it_changed_hands() -> None:
    """A renewal changes neither the time of acquisition nor the count, and a release no count."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    shown = []
    for act in (one.step, one.step, one.release, two.step):
        await act()
        assert leases.lease is not None
        spec = leases.lease["spec"]
        shown.append((spec.get("holderIdentity"), spec["acquireTime"], spec["leaseTransitions"]))
        time.seconds += 5
    created, renewed, released, taken = shown

    assert created == renewed
    assert (None, 1) == (released[0], released[2])
    assert ("two_a", 2) == (taken[0], taken[2])
    assert taken[1] > created[1]


async def test_released_lease_is_nobodys() -> None:
    """A Lease that was released, and cannot be taken yet, is not held elsewhere."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()
    assert two.is_elsewhere
    await one.release()
    leases.write_status = 500
    await two.step()

    assert (False, False) == (two.is_held, two.is_elsewhere)


async def test_processes_of_one_instance_do_not_take_turns() -> None:
    """Two processes that take each other for their predecessor end up with one holder."""
    leases, time = FakeLeases(), FakeTime()
    one, again = make(leases, time, life="a"), make(leases, time, life="b")
    holders = []
    for _ in range(9):
        for each in (one, again):
            await each.step()
            holders.append((one.is_held, again.is_held))
        time.seconds += 1

    assert 1 == len(set(holders[6:]))
    assert holders[-1] in {(True, False), (False, True)}


async def test_longer_duration_of_a_holder_is_heeded() -> None:
    """A Lease is taken after the duration that its holder wrote into it, not after our own."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    assert leases.lease is not None
    leases.lease["spec"]["leaseDurationSeconds"] = 60
    await two.step()
    time.seconds += 59
    await two.step()
    assert not two.is_held
    time.seconds += 2
    await two.step()

    assert two.is_held


async def test_lost_answer_does_not_lose_the_lease() -> None:
    """A renewal whose answer was lost is recognized: the Lease is held on, in the same term."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()
    term = one.term
    leases.lost = True
    time.seconds += 5
    time.seconds += await one.step()
    leases.lost = False
    await one.step()

    assert (True, term) == (one.is_held, one.term)


async def test_lease_that_was_labelled_is_not_lost() -> None:
    """A change by somebody who is no replica neither ends the term nor is it undone."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()
    term, leases.version = one.term, leases.version + 1
    assert leases.lease is not None
    leases.lease["metadata"].update(resourceVersion=str(leases.version), labels={"team": "ops"})
    await one.step()

    assert (True, term) == (one.is_held, one.term)
    assert {"team": "ops"} == leases.lease["metadata"]["labels"]


async def test_lease_that_cannot_be_read_after_a_conflict_is_lost() -> None:
    """A conflict means another holder as long as the Lease cannot be read."""
    leases, time = ReadsFail(), FakeTime()
    one = make(leases, time)
    await one.step()
    leases.version += 1
    await one.step()

    assert (False, True) == (one.is_held, one.is_elsewhere)


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_without_the_right_it_writes_without_a_lease(status: int) -> None:
    """Without the right to Leases a replica writes anyway, and uses a Lease once it may."""
    leases, time = FakeLeases(status=status), FakeTime()
    one = make(leases, time)
    pause = await one.step()
    while not one.known:
        time.seconds += pause
        pause = await one.step()
    assert 3 <= time.seconds - 1000 <= 5
    assert one.is_held
    assert 30 == pause
    leases.status = 0
    await one.step()

    assert one.is_held
    assert leases.lease is not None


async def test_right_that_is_taken_away_is_missed_as_a_holder_is() -> None:
    """A standby without the right waits as long as for a dead holder."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()
    leases.status, begun = 403, time.seconds
    while not two.is_held:
        time.seconds += await two.step()

    assert 15 <= time.seconds - begun <= 47


async def test_one_refusal_is_no_missing_right() -> None:
    """A single refusal, as by a starting server, makes no standby write."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()
    for _ in range(6):
        leases.status = 403
        time.seconds += await two.step()
        leases.status = 0
        await one.step()
        assert (True, False) == (one.is_held, two.is_held)
        time.seconds += 5
        await two.step()

    assert two.is_elsewhere


class ReadsFail(FakeLeases):
    """An API server that writes the Lease, and does not show it once it exists."""

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        answer = await FakeLeases.request(self, verb, path, body=body)
        return answer if verb != "GET" or not self.lease else (500, b"{}")


class ReadOnly(FakeLeases):
    """Lets a replica read the Lease, and not write it."""

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        answer = await FakeLeases.request(self, verb, path, body=body)
        return answer if verb == "GET" else (403, b"{}")


async def test_right_to_read_alone_is_a_missing_right() -> None:
    """A replica that may read the Lease writes without it, if its holder is dead, and only then."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time, "one")
    read_only = ReadOnly()
    two = make(read_only, time, "two")
    for _ in range(10):
        time.seconds += await one.step()
        read_only.lease = leases.lease
        await two.step()
        assert not two.is_held
    begun = at = time.seconds
    while not two.is_held and at - begun < 60:
        at = time.seconds
        time.seconds += await two.step()

    assert 25 <= at - begun <= 40


@pytest.mark.parametrize("is_holder", [True, False])
async def test_refusals_of_two_starts_are_no_missing_right(is_holder: bool) -> None:  # noqa: FBT001  # a parameter
    """A server that refuses at each of two starts, with an outage between, refuses for a moment."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()
    each = one if is_holder else two
    for status in (403, *[503] * 20, 403):
        leases.status = status
        time.seconds += await each.step()

    assert not each.is_held


@pytest.mark.parametrize("error", [ApiError("away"), ConnectionResetError(), UNREADABLE])
async def test_refusals_before_and_after_silence_are_no_missing_right(error: Exception) -> None:
    """Two refusals with an outage between do not add up to one that lasts."""
    leases, time = Interrupted(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()

    def fail() -> None:
        raise error

    for status, act in ((403, None), *[(403, fail)] * 20, (403, None)):
        leases.status, leases.act = status, act
        time.seconds += await two.step()

    assert not two.is_held


async def test_trouble_is_no_answer() -> None:
    """Server errors neither grant nor end a Lease."""
    leases, time = FakeLeases(status=500), FakeTime()
    one = make(leases, time)
    await one.step()

    assert not one.is_held
    assert not one.known


async def test_scope_is_written_and_kept() -> None:
    """The agreed scope is written at once and kept over renewals by others."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await one.agree("all")
    await one.release()
    await two.step()
    await two.step()

    assert "all" == two.scope
    assert leases.lease is not None
    assert {"probewatch.dev/recorded-scope": "all"} == leases.lease["metadata"]["annotations"]


async def test_scope_that_was_not_written_yet_is_written_with_the_release() -> None:
    """A release without a scope of its own keeps the one that was agreed before."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()
    leases.status = 500
    await one.agree("all")
    leases.status = 0
    await one.release()

    assert leases.lease is not None
    assert {"probewatch.dev/recorded-scope": "all"} == leases.lease["metadata"]["annotations"]
    assert not leases.lease["spec"].get("holderIdentity")


async def test_released_lease_lasts_for_a_second() -> None:
    """Nobody has to wait for a Lease that is released, not even one who reads its duration.

    Source: client-go/tools/leaderelection/leaderelection.go (release).
    """
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    durations = []
    for act in (one.step, one.release):
        await act()
        assert leases.lease is not None
        durations.append(leases.lease["spec"]["leaseDurationSeconds"])

    assert [15, 1] == durations


async def test_scope_is_on_the_lease_at_once_or_with_the_next_renewal() -> None:
    """A new scope, also an empty one, is written at once, and counts even if that failed."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()

    def written() -> str:
        assert leases.lease is not None
        return str(leases.lease["metadata"]["annotations"]["probewatch.dev/recorded-scope"])

    await one.agree("all")
    assert "all" == written()
    leases.status = 500
    await one.agree("")
    assert ("all", "") == (written(), one.scope)
    leases.status = 0
    await one.step()

    assert "" == written()


async def test_term_of_another_is_a_new_one_at_each_look() -> None:
    """What a standby knows belongs to no term, since the holder may have changed between."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    terms = []
    for _ in range(3):
        await two.step()
        terms.append(two.term)

    assert 3 == len(set(terms))


async def test_times_are_micro_times() -> None:
    """Times of a Lease have six digits: the API accepts no others."""
    leases, time = FakeLeases(), FakeTime()
    await make(leases, time).step()

    assert leases.lease is not None
    assert "1970-01-01T00:16:40.000000Z" == leases.lease["spec"]["renewTime"]


async def test_a_look_makes_nobody_less_sure() -> None:
    """A holder that reads the Lease, as it cannot renew it, is sure for no shorter a time."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()
    sure_until = one.sure_until
    leases.write_status = 500
    time.seconds += 5
    await one.step()

    assert sure_until == one.sure_until


async def test_holder_that_cannot_renew_sees_that_no_other_can() -> None:
    """If only writes of the Lease fail, it stays known that no other replica has it."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()
    leases.write_status = 500
    for _ in range(30):
        time.seconds += await one.step()

    assert not one.is_held
    assert not one.is_elsewhere
    assert one.sure_until is not None
    assert 3.0 >= time.seconds - one.sure_until


async def test_holder_that_cannot_renew_sees_who_can() -> None:
    """A holder whose renewals fail learns of the next one as soon as there is one."""
    leases, time = FakeLeases(), FakeTime()
    one, two = make(leases, time, "one"), make(leases, time, "two")
    await one.step()
    await two.step()
    time.seconds += 16
    await two.step()
    leases.write_status = 500
    before = one.is_elsewhere
    await one.step()

    assert two.is_held
    assert (False, True) == (before, one.is_elsewhere)


@dataclass
class Hanging(FakeLeases):
    """An API server that answers after *after* seconds, and some requests never."""

    after: float = 0.0
    hangs: int = 0
    """How many of the next requests are not answered."""

    async def delay(self) -> None:
        self.hangs -= 1
        await asyncio.sleep(CLIENT_SECONDS if self.hangs >= 0 else self.after)
        if self.hangs >= 0:
            raise ApiError("no answer in time")


CLIENT_SECONDS = 30.0
"""When the client gives up a request."""


async def time_without_lease(leases: Hanging, *, hangs: int, after: float) -> float:
    """Return for how many seconds of a minute a leader does not hold its Lease."""
    loop = asyncio.get_running_loop()
    clock = Clock(now=loop.time, monotonic=loop.time, sleep=asyncio.sleep)
    one = Lease(
        requester=leases,
        namespace="ops",
        name="probewatch",
        instance="one",
        identity="one_a",
        clock=clock,
    )
    await asyncio.sleep(await one.step())
    leases.hangs, leases.after = hangs, after
    renewing = asyncio.create_task(one.run())
    without = 0
    for _ in range(600):
        await asyncio.sleep(0.1)
        without += not one.is_held
    renewing.cancel()
    return without / 10


@pytest.mark.parametrize(
    ("hangs", "after", "without"),
    [(0, 0.0, 0.0), (1, 0.0, 0.0), (2, 0.0, 7.0), (0, 4.5, 3.5)],
    ids=["all answered", "one hangs", "two hang", "slow"],
)
def test_renewal_that_hangs_is_sent_again_in_time(hangs: int, after: float, without: float) -> None:
    """One hanging request leaves no gap; slow answers leave one, until the limit is raised."""
    leases = Hanging()
    lost = virtual_time.run(time_without_lease(leases, hangs=hangs, after=after))

    assert without == pytest.approx(lost, abs=0.2)


async def test_steps_do_not_overlap() -> None:
    """Concurrent steps of one replica do not conflict with each other."""
    leases, time = FakeLeases(), FakeTime()
    one = make(leases, time)
    await one.step()
    await asyncio.gather(one.step(), one.agree("all"), one.step())

    assert one.is_held
