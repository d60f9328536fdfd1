"""What a record holds after findings, in any order and with repetitions."""

import re
from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Confidence, Readiness, ReadinessReason
from probewatch.core.findings import (
    CountingBegan,
    Finding,
    LoopEnded,
    LoopStarted,
    PodTracked,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.incidents import tell_again
from probewatch.core.ledger import fold, fold_count
from probewatch.core.ledger_details import fold_departure, forget_versions, tell_apart
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.recollection import recollect
from probewatch.core.record_names import report_name
from probewatch.core.record_sizes import has_room, marks_size
from probewatch.core.records import OTHER_CONTAINERS, TALLIES_KEPT, Mark, PodMarks, Record, Tally
from probewatch.core.remembered import Remembered
from probewatch.core.sighting import Sighting
from probewatch.core.spec import PodSpec

POD = PodRef(uid=PodUid("u1"), namespace="shop", name="cart-1", node="n1")
CART = Workload(namespace="shop", kind="Deployment", name="cart", api_version="apps/v1")
EMPTY = Record(workload=CART)
KEY = ("app", Cause.ERROR)


def restart(count: int, version: int = 0, **more: object) -> Restart:
    """A restart of the container `app`, seen in its own version of the pod."""
    seen = Sighting(resource_version=version or count * 10, restart_count=count)
    plain = Restart(
        pod=POD,
        container="app",
        restart_count=count,
        epoch=0,
        cause=Cause.ERROR,
        confidence=Confidence.HIGH,
        rule="exit-code",
        observed_at=1000.0 + count,
        evidence=("a", "b", "c", "d"),
        termination=f"c{count}",
        seen=seen,
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace


def told(*findings: Finding, record: Record = EMPTY, limit: int = 50) -> Record:
    for finding in findings:
        record = fold(record, finding, limit=limit)
    return record


def began(count: int, version: int, epoch: int = 0) -> CountingBegan:
    return CountingBegan(
        pod=POD, container="app", restart_count=count, epoch=epoch, resource_version=version
    )


def counted(record: Record) -> int:
    return record.restarts


CASES: dict[str, tuple[int, list[Finding]]] = {
    "one": (1, [restart(1)]),
    "told twice": (1, [restart(1), restart(1)]),
    "one after the other": (3, [restart(1), restart(2), restart(3)]),
    "an old one, late": (2, [restart(1), restart(2), restart(1)]),
    "one that was missed is counted with the next": (3, [restart(1), restart(3)]),
    "seen again in a newer version": (2, [restart(1), restart(2), restart(2, version=35)]),
    "an older version that shows more is of another time": (
        1,
        [restart(1, version=50), restart(2, version=40)],
    ),
    "a baseline is not counted": (0, [began(7, 100)]),
    "after a baseline": (1, [began(7, 100), restart(8, version=110)]),
    "a baseline of another, who did not know": (3, [restart(1), restart(2), began(3, 40)]),
    "a baseline that is known": (2, [restart(1), restart(2), began(2, 40)]),
    "of before our time": (0, [restart(1, baseline=True)]),
    "a fall is the new base": (
        2,
        [
            restart(5, seen=Sighting(resource_version=50, restart_count=5, counted_from=4)),
            began(1, 60, epoch=1),
            restart(2, version=70, epoch=1),
        ],
    ),
    "a fall that only another saw": (
        6,
        [restart(5, version=50), restart(2, version=70)],
    ),
    "without versions only counts tell": (
        2,
        [restart(n, seen=Sighting(restart_count=n)) for n in (1, 2, 1)],
    ),
    "a jump, told one by one": (
        3,
        [restart(n, seen=Sighting(resource_version=30, restart_count=3)) for n in (1, 2, 3)],
    ),
    "what is no restart": (0, [PodTracked(pod=POD, spec=PodSpec())]),
}


@pytest.mark.parametrize(("count", "findings"), CASES.values(), ids=CASES)
def test_each_restart_counts_once(count: int, findings: list[Finding]) -> None:
    """A restart counts if it is above the mark, and mark and totals move together."""
    assert count == counted(told(*findings))


def test_half_a_jump_claims_no_version() -> None:
    """Half a jump does not claim its version: another operator may add the rest later."""
    jump = Sighting(resource_version=30, restart_count=2)
    half = told(restart(1, seen=jump))

    assert 2 == counted(told(restart(2, version=25), record=half))


def test_gap_is_unobserved() -> None:
    """Restarts between the mark and the reported one are counted as Unobserved."""
    record = told(restart(1), restart(4))

    assert {("app", Cause.ERROR): 2, ("app", Cause.UNOBSERVED): 2} == {
        key: tally.counted for key, tally in record.tallies.items()
    }
    assert [1, 4] == [incident.restart_count for incident in record.incidents]


def test_count_is_brought_up() -> None:
    """A count that was seen but never reported is counted as Unobserved, once."""
    seen = Sighting(resource_version=90, restart_count=4, counted_from=1)
    record = fold_count(EMPTY, POD.uid, "app", seen)

    assert {("app", Cause.UNOBSERVED): Tally(counted=3)} == record.tallies
    assert record is fold_count(record, POD.uid, "app", seen)
    assert EMPTY is fold_count(EMPTY, POD.uid, "app", Sighting(restart_count=0))


def test_incidents_are_few_and_short() -> None:
    """Only the latest incidents are kept, with the strongest of their evidence."""
    record = told(*(restart(count) for count in range(1, 8)), limit=3)

    assert [5, 6, 7] == [incident.restart_count for incident in record.incidents]
    assert ("a", "b", "c") == record.incidents[0].evidence
    assert record.last_restart is record.incidents[-1]


def test_containers_without_end_share_a_place() -> None:
    """A workload whose container names keep changing does not fill its report."""
    record = told(restart(1), record=replace(EMPTY, tallies=FULL))

    assert TALLIES_KEPT + 1 == len(record.tallies)
    assert 1 == record.tallies[OTHER_CONTAINERS, Cause.ERROR].counted


def corrected(count: int = 1, cause: Cause = Cause.LIVENESS_PROBE) -> RestartCorrected:
    was = restart(count)
    return RestartCorrected(was=was, now=replace(was, cause=cause, confidence=Confidence.CONFIRMED))


def test_correction_moves_what_is_attributed() -> None:
    """A correction changes the incident and the attributed totals, never the counted ones."""
    record = told(restart(1), corrected(), corrected())
    (incident,) = record.incidents

    assert Tally(counted=1, corrected=-1) == record.tallies[KEY]
    assert 0 == record.tallies[KEY].attributed
    assert 1 == record.tallies["app", Cause.LIVENESS_PROBE].attributed
    assert Cause.LIVENESS_PROBE is record.top_cause
    assert (Cause.LIVENESS_PROBE, Cause.ERROR) == (incident.cause, incident.first_cause)


def test_correction_of_what_is_gone_changes_nothing() -> None:
    """A correction of an incident that is no longer kept is ignored."""
    record = told(restart(1), restart(2), limit=1)

    assert record is told(corrected(1), record=record)


def test_surer_verdict_moves_no_total() -> None:
    """A correction that only raises confidence leaves the totals, even if the table is full."""
    record = told(restart(1), corrected(cause=Cause.ERROR))

    assert {KEY: Tally(counted=1)} == record.tallies
    assert record.incidents[0].first_cause is None


FULL = {(f"c{n}", Cause.ERROR): Tally(counted=1) for n in range(TALLIES_KEPT)}
KILLED = ("app", Cause.LIVENESS_PROBE)
TOTALS: dict[str, tuple[dict[tuple[str, Cause], Tally], tuple[str, str]]] = {
    "both pairs are kept": ({KEY: Tally(), KILLED: Tally()}, ("app", "app")),
    "the new pair is not": ({KEY: Tally()}, ("app", OTHER_CONTAINERS)),
    "the old pair is not": ({KILLED: Tally()}, (OTHER_CONTAINERS, "app")),
    "neither is": ({}, (OTHER_CONTAINERS, OTHER_CONTAINERS)),
}


@pytest.mark.parametrize(("kept", "places"), TOTALS.values(), ids=TOTALS)
def test_correction_where_totals_are_full(
    kept: dict[tuple[str, Cause], Tally], places: tuple[str, str]
) -> None:
    """A correction is taken from where the restart was counted: totals and incident agree."""
    full = {**kept, **FULL}
    record = told(restart(1), corrected(), record=replace(EMPTY, tallies=full))
    was, now = places

    assert Tally(counted=1, corrected=-1) == record.tallies[was, Cause.ERROR]
    assert Tally(corrected=1) == record.tallies[now, Cause.LIVENESS_PROBE]
    assert len(FULL) + 1 == record.restarts
    assert record.restarts == sum(tally.attributed for tally in record.tallies.values())
    assert len(record.tallies) == len({*full, (was, Cause.ERROR), (now, Cause.LIVENESS_PROBE)})


def ready(to: Readiness, at: float, **more: object) -> ReadinessChanged:
    plain = ReadinessChanged(pod=POD, to=to, reason=ReadinessReason.READINESS_PROBE, at=at)
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace


def test_readiness_is_added_up_once() -> None:
    """Losses and their durations are added once each, recognized by their times."""
    lost = ready(Readiness.NOT_READY, 10.0)
    back = ready(Readiness.READY, 15.0, not_ready_seconds=5.0)
    record = told(lost, lost, back, back, lost)

    assert {ReadinessReason.READINESS_PROBE: 1} == record.readiness.losses
    assert 5.0 == record.readiness.not_ready_seconds


@pytest.mark.parametrize(
    "change",
    [
        ready(Readiness.NOT_READY, 10.0, reason=ReadinessReason.TERMINATING),
        ready(Readiness.READY, 10.0, reason=ReadinessReason.STARTUP, not_ready_seconds=9.0),
        ready(Readiness.READY, 10.0),
    ],
    ids=["a pod that ends", "a pod that begins", "nothing was lost"],
)
def test_no_loss_of_readiness(change: ReadinessChanged) -> None:
    """Termination, start-up and a return without a duration are no losses."""
    assert EMPTY is told(change)


def loop(at: float = 2000.0, **more: object) -> LoopStarted:
    plain = LoopStarted(
        pod=POD,
        container="app",
        cause=Cause.ERROR,
        restarts=3,
        window=900.0,
        at=at,
        restart_count=3,
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace


def ended(at: float) -> LoopEnded:
    return LoopEnded(pod=POD, container="app", cause=Cause.ERROR, started_at=1.0, at=at)


def test_loop_is_kept_with_its_mark() -> None:
    """A loop is kept until it ends; reported again it is the same loop."""
    record = told(restart(3), loop())
    (found,) = record.loops()

    assert ("cart-1", 2000.0, 3) == (found[2].pod, found[2].since, found[2].restart_count)
    assert record is told(loop(at=2500.0), record=record)
    assert record is told(ended(1500.0), record=record)
    assert () == told(ended(3000.0), record=record).loops()


def test_loop_without_a_mark_is_no_news() -> None:
    """A loop of restarts that the record does not have is ignored."""
    assert EMPTY is told(loop())


def test_departure_keeps_what_was_counted() -> None:
    """Removing a pod removes its marks; its restarts stay counted."""
    record = told(restart(1), restart(2))
    without = fold_departure(record, {POD.uid})

    assert {} == without.pods
    assert 2 == without.restarts
    assert without is fold_departure(without, {POD.uid})


def test_recollection_goes_on_from_the_mark() -> None:
    """A new process starts from what is recorded of a pod, including its loop."""
    record = told(restart(1), restart(2), restart(3), loop())
    remembered = recollect(record, POD.uid, from_zero=True)
    app = remembered.containers["app"]

    assert (3, 30, "c3") == (app.count, app.resource_version, app.termination)
    assert 2000.0 == app.loop.started_at
    assert [1001.0, 1002.0, 1003.0] == [at for at, _ in app.loop.recent]
    assert 30 == remembered.resource_version
    assert Remembered(from_zero=False) == recollect(record, PodUid("other"), from_zero=False)


def test_incidents_of_a_loop_share_their_strings() -> None:
    """Incidents share equal strings in memory, and keep their own values."""

    def copied(count: int, *evidence: str) -> Restart:
        own = "".join
        return restart(
            count,
            container=own(["a", "pp"]),
            pod=replace(POD, name=own(["cart", "-1"]), node=own(["n", "1"])),
            evidence=tuple(own(list(each)) for each in evidence),
        )

    other = replace(POD, uid=PodUid("u2"), name="cart-2", node="n2")
    record = told(
        copied(1, "killed", "once"),
        restart(1, pod=other, evidence=("killed",)),
        copied(2, "killed", "twice"),
        copied(3, "killed", "twice"),
    )
    first, stranger, second, third = record.incidents

    assert ("cart-2", "n2", "app", ("killed",)) == (
        stranger.pod,
        stranger.node,
        stranger.container,
        stranger.evidence,
    )
    assert (("killed", "once"), ("killed", "twice")) == (first.evidence, second.evidence)
    assert second.evidence is third.evidence
    assert first.evidence[0] is second.evidence[0]
    assert (first.pod, first.container) == (third.pod, third.container) == ("cart-1", "app")
    assert first.container is third.container
    assert first.node is third.node


def test_incident_is_told_again_as_it_was() -> None:
    """An incident becomes the same finding again, so that its Event has the same name."""
    record = told(restart(1), corrected())
    again = tell_again(record.incidents[0], CART)

    assert (Cause.ERROR, 1, 0) == (again.cause, again.restart_count, again.epoch)
    assert (POD.uid, "shop", "cart-1") == (again.pod.uid, again.pod.namespace, again.pod.name)


@pytest.mark.parametrize(
    ("workload", "part", "expected"),
    [
        (CART, 0, "deployment-cart"),
        (CART, 2, "deployment-cart.3"),
        (replace(CART, kind="Pod", api_version="v1"), 0, "pod-cart"),
        (
            replace(CART, kind="Rollout", api_version="argoproj.io/v1"),
            0,
            "rollout.argoproj.io-cart",
        ),
    ],
)
def test_names_of_reports(workload: Workload, part: int, expected: str) -> None:
    """A report is named after its workload."""
    assert expected == report_name(workload, part)


def test_long_names_stay_apart() -> None:
    """Names that are too long are cut and still differ."""
    names = {report_name(replace(CART, name="x" * 250 + end)) for end in ("abc", "abd")}

    assert 2 == len(names)
    assert all(len(name) <= 253 for name in names)


SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

STRANGE = [
    *({"name": each} for each in ("My Thing!", "a/b", "x.", "-", "system:node", "ä", "\udc80")),
    *({"name": each} for each in ("../../x", "a..b", "A" * 300, "." * 300, "x\n")),
    *({"kind": each} for each in ("Odd Kind", "!", "...")),
    *(
        {"api_version": each}
        for each in ("UP.example/v1", "-/v1", "a_b/v1", "/v1", "x" * 317 + "/v")
    ),
]


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
@pytest.mark.parametrize("part", [0, 3])
def test_names_are_valid_whatever_an_owner_is_called(strange: dict[str, str], part: int) -> None:
    """Whatever the owner of a pod is called, the report's name is a valid DNS subdomain."""
    name = report_name(replace(CART, **strange), part)

    assert SUBDOMAIN.fullmatch(name)
    assert len(name) <= 253


def test_strange_names_stay_apart() -> None:
    """Names that sanitize to the same text differ by their digest."""
    names = ("my thing", "my-thing", "My-Thing", "my_thing")

    assert 4 == len({report_name(replace(CART, name=each)) for each in names})


def test_record_fills_up() -> None:
    """A record with very many pods has no room for another."""
    marks = {PodUid(f"u{n}"): PodMarks(containers={"app": Mark(count=1)}) for n in range(1000)}

    assert has_room(EMPTY)
    assert not has_room(replace(EMPTY, pods=marks))
    assert 0 == marks_size(EMPTY)


def test_size_is_kept_up_to_date() -> None:
    """The cached size of the marks is their real size."""
    record = EMPTY
    for finding in (
        restart(1),
        restart(2),
        restart(1, container="sidecar"),
        restart(1, pod=replace(POD, uid=PodUid("u2"))),
        ready(Readiness.NOT_READY, 10.0),
        ready(Readiness.NOT_READY, 10.0, pod=replace(POD, uid=PodUid("u3"))),
        loop(),
    ):
        record = told(finding, record=record)
        assert marks_size(record) == marks_size(replace(record, pods=dict(record.pods)))

    assert marks_size(record) > marks_size(fold_departure(record, {POD.uid})) > 0
    assert record.pods == dict(record.pods)


def test_fold_leaves_the_record_before_as_it_was() -> None:
    """Folding a finding leaves the old record unchanged, as it may be being written."""
    before = told(restart(1))
    after = told(restart(2), ready(Readiness.NOT_READY, 10.0), record=before)

    assert (1, 2) == (before.pods[POD.uid].containers["app"].count, after.restarts)
    assert told(restart(1)) == before != after


def test_empty_record_says_so() -> None:
    """An empty record has no top cause, no last restart and no marks."""
    assert EMPTY.top_cause is None
    assert EMPTY.last_restart is None
    assert EMPTY.mark(POD.uid, "app") is None


def test_counters_go_on_from_what_they_showed() -> None:
    """Restarts that were recorded but never shown stay hidden; later ones are shown."""
    record = told(restart(1), restart(2), restart(3, cause=Cause.OOM_KILLED))

    apart, left = tell_apart(record, {KEY: 1, ("side", Cause.ERROR): 4})

    assert {KEY: 0, ("app", Cause.OOM_KILLED): 0, ("side", Cause.ERROR): 4} == left
    assert [1, 0] == [tally.shown for tally in apart.tallies.values()]
    later = told(restart(4), restart(5, cause=Cause.OOM_KILLED), record=apart)
    assert [2, 1] == [tally.shown for tally in later.tallies.values()]
    assert 5 == later.restarts


def test_marks_do_not_rest_on_versions_that_were_lost() -> None:
    """Lost versions are dropped from marks: else a restored pod looks older. Counts stay."""
    side = replace(restart(1, 7), container="side")
    record = told(restart(1), restart(2), side)

    after = forget_versions(record, 10)

    versions = {
        name: mark.resource_version for name, mark in after.pods[POD.uid].containers.items()
    }
    assert {"app": 0, "side": 7} == versions
    assert after is told(restart(1, 9), restart(2, 9), side, record=after)
    assert 4 == counted(told(restart(3, 9), record=after))
    assert record is forget_versions(record, 20)


def test_counters_that_show_more_than_is_recorded_leave_nothing_out() -> None:
    """A record that lost restarts does not make a counter fall."""
    apart, left = tell_apart(told(restart(1)), {KEY: 3})

    assert Tally(counted=1) == apart.tallies[KEY]
    assert {KEY: 2} == left
