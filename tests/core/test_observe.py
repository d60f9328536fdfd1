"""Histories of one pod, observation by observation; time is passed in by the test."""

from dataclasses import replace

from probewatch.core.causes import Cause, Confidence, ReadinessReason
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import (
    CountingBegan,
    Finding,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ProbeFailures,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import Condition, ContainerStatus, Pod, PodUid
from probewatch.core.observe import EvidenceObserved, PodGone, PodObserved, TimePassed, observe
from probewatch.core.policy import Policy
from probewatch.core.spec import Container
from probewatch.metrics.survey import survey
from probewatch.store import Store
from tests.support.builders import LIVENESS, READINESS, died, pod, said, spec, status

UID = PodUid("u1")


def feed(store: Store, version: Pod, now: float, *, relisted: bool = False) -> list[Finding]:
    return list(store.feed(PodObserved(pod=version, relisted=relisted), now))


def hear(store: Store, kind: K, at: float, **more: object) -> list[Finding]:
    return list(store.feed(EvidenceObserved(evidence=said(kind, at, **more)), at))


def restarted(count: int, since: float, **last: object) -> ContainerStatus:
    """A running container whose last instance ended one second before."""
    ended = died(container_id=f"c{count - 1}", start=since - 40, end=since - 1)
    return status(
        restart_count=count,
        container_id=f"c{count}",
        running_since=since,
        last=replace(ended, **last),  # type: ignore[arg-type]  # names are checked by replace
    )


def running(count: int = 0) -> ContainerStatus:
    return status(restart_count=count, container_id=f"c{count}")


def followed() -> Store:
    store = Store()
    feed(store, pod(1, running()), 1)
    return store


def only(kind: type, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if isinstance(finding, kind)]


def test_first_sight_counts_nothing() -> None:
    """The restart count of a pod at first sight is a baseline, not a burst of restarts."""
    found = feed(Store(), pod(1, restarted(7, 50)), 60)

    assert [PodTracked, CountingBegan] == [type(each) for each in found]


def test_pods_without_probes_are_not_tracked() -> None:
    """A pod without probes is not stored and yields no findings."""
    store = Store()
    plain = spec(Container(name="app"))

    assert [] == feed(store, pod(1, running(), spec=plain), 1)
    assert 0 == len(store)
    assert () == store.feed(PodGone(uid=UID), 2)


def test_confirmed_verdict_is_published_at_once() -> None:
    """A restart whose `Killing` Event has arrived is reported at once."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    [restart] = only(Restart, feed(store, pod(2, restarted(1, 42)), 42))

    assert isinstance(restart, Restart)
    assert (Cause.LIVENESS_PROBE, Confidence.CONFIRMED) == (restart.cause, restart.confidence)


def test_late_killing_event_settles_the_verdict() -> None:
    """A restart waits for a `Killing` Event that arrives later."""
    store = followed()

    assert [] == only(Restart, feed(store, pod(2, restarted(1, 42)), 42))
    assert 1 == store.pending()
    assert [Restart] == [type(each) for each in hear(store, K.KILL_LIVENESS, 40.0)]
    assert 0 == store.pending()


def test_unclear_verdict_is_published_after_settling() -> None:
    """Without any evidence the verdict comes after the policy's settle time."""
    store = followed()
    feed(store, pod(2, restarted(1, 42)), 42)

    assert 72 == store.next_due()
    assert () == store.feed(TimePassed(), 71)
    [restart] = store.tick(72)
    assert isinstance(restart, Restart)
    assert (Cause.LIVENESS_PROBE, Confidence.MEDIUM) == (restart.cause, restart.confidence)
    assert store.next_due() is None


def test_repeated_and_older_versions_change_nothing() -> None:
    """A repeated or older version of a pod changes nothing."""
    store = followed()
    feed(store, pod(5, restarted(1, 42)), 42)

    assert [] == feed(store, pod(5, restarted(1, 42)), 43)
    assert [] == feed(store, pod(4, running()), 44)
    assert 1 == store.pending()


def test_jump_counts_every_restart() -> None:
    """A rise by four is four restarts, three of them Unobserved."""
    store = followed()
    feed(store, pod(2, restarted(4, 200, exit_code=1)), 200)
    found = store.tick(230)

    assert [1, 2, 3, 4] == [each.restart_count for each in found if isinstance(each, Restart)]
    assert [Cause.UNOBSERVED] * 3 == [each.cause for each in found[:3] if isinstance(each, Restart)]


def test_jump_keeps_the_death_that_was_seen() -> None:
    """The first restart of a jump gets its cause if its termination was visible before."""
    store = followed()
    dead = status(
        restart_count=0,
        container_id="c0",
        running_since=None,
        terminated=died(7, container_id="c0", end=30.0),
    )
    feed(store, pod(2, dead), 30)
    feed(store, pod(3, restarted(2, 90, exit_code=1)), 90)
    causes = [each.cause for each in store.tick(130) if isinstance(each, Restart)]

    assert [Cause.ERROR, Cause.ERROR] == causes


def test_jump_seen_while_down_is_unobserved() -> None:
    """In a jump seen while the container is down, the termination shown cannot be assigned."""
    store = followed()
    down = status(
        restart_count=2,
        container_id="c2",
        running_since=None,
        waiting_reason="CrashLoopBackOff",
        last=died(1, container_id="c2"),
    )
    feed(store, pod(2, down), 60)

    assert {Cause.UNOBSERVED} == {e.cause for e in store.tick(90) if isinstance(e, Restart)}


def test_jump_over_a_known_death() -> None:
    """If a jump shows only a termination seen before, the newest restart is Unobserved."""
    store = followed()
    gone = died(7, container_id="c0", end=30.0)
    feed(store, pod(2, status(container_id="c0", running_since=None, terminated=gone)), 30)
    feed(
        store, pod(3, status(restart_count=2, container_id="c2", running_since=90.0, last=gone)), 90
    )
    causes = [each.cause for each in store.tick(130) if isinstance(each, Restart)]

    assert [Cause.ERROR, Cause.UNOBSERVED] == causes


def test_rise_without_last_state_is_unobserved() -> None:
    """A restart without a `lastState` is Unobserved: no termination is made up."""
    store = followed()
    feed(store, pod(2, status(restart_count=1, container_id="c1", running_since=42.0)), 42)

    assert [Cause.UNOBSERVED] == [e.cause for e in store.tick(72) if isinstance(e, Restart)]


def test_rise_seen_while_the_next_is_down() -> None:
    """A `lastState` of the next instance is not taken for that of the previous one."""
    store = followed()
    down = status(
        restart_count=1,
        container_id="c1",
        running_since=None,
        waiting_reason="CrashLoopBackOff",
        last=died(1, container_id="c1"),
    )
    feed(store, pod(2, down), 60)
    [first] = store.tick(90)
    feed(store, pod(3, restarted(2, 100, container_id="c1", exit_code=1)), 100)
    [second] = store.tick(130)

    assert isinstance(first, Restart)
    assert isinstance(second, Restart)
    assert (Cause.UNOBSERVED, 1) == (first.cause, second.exit_code)


def test_fallen_count_opens_an_epoch() -> None:
    """A lower count starts a new epoch from there; the fall itself counts as no restart."""
    store = Store()
    feed(store, pod(1, running(7)), 1)

    assert [] == only(Restart, feed(store, pod(2, running(0)), 50))
    found = feed(store, pod(3, restarted(1, 90)), 90)
    found += feed(store, pod(4, restarted(2, 190)), 190)
    found += store.tick(220)
    assert [(1, 1), (1, 2)] == [
        (each.epoch, each.restart_count) for each in found if isinstance(each, Restart)
    ]


def test_relist_says_nothing_of_the_order_of_states() -> None:
    """After a gap, a termination that was not seen is no evidence of a kill."""
    store = followed()
    feed(store, pod(2, restarted(1, 42)), 42, relisted=True)
    [restart] = store.tick(72)

    assert isinstance(restart, Restart)
    assert Cause.UNKNOWN is restart.cause


def test_container_that_appears_later() -> None:
    """Containers without a status at first sight count from 0; later additions are baselined."""
    store = Store()
    feed(store, replace(pod(1), statuses=()), 1)
    feed(store, pod(2, restarted(1, 42)), 42)
    extra = status(name="side", restart_count=3)
    feed(store, pod(3, restarted(1, 42), extra, extra), 43)

    assert 1 == store.pending()


def test_later_count_repairs_a_settled_verdict() -> None:
    """A kill whose Event was dropped is proved by the count of the next one."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    feed(store, pod(3, restarted(2, 142, exit_code=9)), 142)
    [settled] = only(Restart, list(store.tick(172)))
    found = hear(store, K.KILL_LIVENESS, 240.0, count=3, first_at=40.0)
    [corrected] = only(RestartCorrected, found)

    assert isinstance(settled, Restart)
    assert isinstance(corrected, RestartCorrected)
    assert Confidence.MEDIUM is settled.confidence
    assert (Cause.LIVENESS_PROBE, Confidence.HIGH) == (
        corrected.now.cause,
        corrected.now.confidence,
    )
    assert settled == corrected.was


def test_later_count_repairs_a_pending_verdict() -> None:
    """Such a count also corrects a restart that still waits for its verdict."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    feed(store, pod(3, restarted(2, 142)), 142)
    hear(store, K.KILL_LIVENESS, 160.0, count=3, first_at=40.0)
    [restart] = only(Restart, list(store.tick(172)))

    assert isinstance(restart, Restart)
    assert "count-repair" == restart.rule


def test_event_after_settling_confirms() -> None:
    """An Event that arrives minutes late still raises the confidence, and only once."""
    store = followed()
    feed(store, pod(2, restarted(1, 42)), 42)
    store.tick(72)
    found = hear(store, K.KILL_LIVENESS, 40.5)

    assert [RestartCorrected] == [type(each) for each in found]
    assert [] == hear(store, K.KILL_LIVENESS, 40.5)


def test_verdicts_are_not_repaired_for_ever() -> None:
    """After the policy's repair time a verdict stays as it is."""
    store = followed()
    feed(store, pod(2, restarted(1, 42)), 42)
    store.tick(72)
    late = EvidenceObserved(evidence=said(K.KILL_LIVENESS, 40.5))

    assert () == store.feed(late, 72 + Policy().repair)


def test_evidence_may_come_before_its_pod() -> None:
    """Pods and Events are watched independently: early Events are kept for their pod."""
    store = Store()
    assert [] == hear(store, K.PROBE_FAILED, 20.0, probe_type="Liveness", count=2)
    found = feed(store, pod(1, running()), 30)

    assert [2] == [each.count for each in found if isinstance(each, ProbeFailures)]


def test_early_evidence_is_bounded() -> None:
    """The number of Events kept for pods not yet seen is bounded; the oldest are dropped."""
    store = Store()
    for number in range(1001):
        hear(store, K.PROBE_FAILED, 20.0, involved_uid=f"x{number}")
    found = feed(store, replace(pod(1), evidence_uid="x0"), 30)

    assert [PodTracked] == [type(each) for each in found]


def test_probe_failures_count_the_rise() -> None:
    """Event counts are cumulative: only the rise is reported."""
    store = Store()
    feed(store, pod(1, running(3)), 1)
    counts = [5, 7, 7, 9]
    told = [
        each.count
        for n, count in enumerate(counts)
        for each in hear(store, K.PROBE_FAILED, 10.0 + n, probe_type="Liveness", count=count)
        if isinstance(each, ProbeFailures)
    ]

    assert [1, 2, 2] == told


def test_other_evidence_tells_nothing_by_itself() -> None:
    """A `Started` Event is remembered but yields no finding."""
    assert [] == hear(followed(), K.STARTED, 5.0)


def test_combined_events_are_no_evidence_for_one_of_two() -> None:
    """A combined Event names the pod's first container, whichever it is about, so it is ignored."""
    store = Store()
    two = spec(Container(name="app", liveness=LIVENESS), Container(name="b", liveness=LIVENESS))
    feed(store, pod(1, running(), spec=two), 1)

    assert [] == hear(store, K.PROBE_FAILED, 10.0, probe_type="Liveness", combined=True)


def test_pod_level_evidence_reaches_every_pod_of_the_node() -> None:
    """A reboot Event of a node explains the restarts of its pods."""
    store = followed()
    feed(store, pod(2, restarted(1, 142, exit_code=255, reason="Unknown")), 142)
    found = store.feed(
        EvidenceObserved(evidence=said(K.NODE_REBOOTED, 140.0, container="", node="n1")), 143
    )

    assert [Cause.NODE_REBOOT] == [each.cause for each in found if isinstance(each, Restart)]


def test_a_start_of_the_kubelet_is_kept_once_for_all_pods_of_its_node() -> None:
    """A kubelet start is kept per node, changes no pod by itself, and explains a later loss."""
    store = followed()
    before = store.state(UID)
    for at, node in ((140.0, "n1"), (20.0, "n1"), (300.0, "n2")):
        started = said(K.KUBELET_STARTED, at, container="", node=node)
        assert () == store.feed(EvidenceObserved(evidence=started), at)
    assert before is store.state(UID)
    unasked = replace(running(), ready=False)
    lost = feed(store, pod(2, unasked, ready=False, since=141.0), 142)

    assert [ReadinessReason.KUBELET_RESTART] == [
        each.reason for each in lost if isinstance(each, ReadinessChanged)
    ]


def test_new_sandbox_is_seen_in_the_pod() -> None:
    """A new IP or sandbox condition gives Medium, and High with the kubelet's Event."""
    address = (pod(1, running(), pod_ip="10.0.0.1"), pod(2, restarted(1, 142), pod_ip="10.0.0.2"))
    ready = (with_sandbox(pod(1, running()), 0.0), with_sandbox(pod(2, restarted(1, 142)), 140.0))
    same = (with_sandbox(pod(1, running()), 0.0), with_sandbox(pod(2, restarted(1, 142)), 0.0))
    for (before, after), told, expected in (
        (address, True, "SandboxRecreated High"),
        (address, False, "SandboxRecreated Medium"),
        (ready, True, "SandboxRecreated High"),
        (ready, False, "SandboxRecreated Medium"),
        (same, True, "LivenessProbe Medium"),
    ):
        store = Store()
        feed(store, before, 1)
        feed(store, after, 142)
        if told:
            hear(store, K.SANDBOX_CHANGED, 141.0, container="")
        [restart] = only(Restart, list(store.tick(172)))
        assert isinstance(restart, Restart)
        assert expected == f"{restart.cause} {restart.confidence}"


def with_sandbox(version: Pod, since: float) -> Pod:
    ready = {"PodReadyToStartContainers": Condition(status=True, last_transition=since)}
    return replace(version, conditions={**version.conditions, **ready})


def test_one_of_two_containers_is_no_sandbox() -> None:
    """If another container runs on, the sandbox was not replaced."""
    store = Store()
    side = status(name="side", container_id="s", running_since=1.0)
    feed(store, pod(1, running(), side, pod_ip="10.0.0.1"), 1)
    feed(store, pod(2, restarted(1, 142), side, pod_ip="10.0.0.2"), 142)
    [restart] = only(Restart, list(store.tick(172)))

    assert isinstance(restart, Restart)
    assert Cause.SANDBOX_RECREATED is not restart.cause


def test_spec_that_lost_the_container() -> None:
    """Restarts are counted for a status whose container is missing from the spec."""
    store = Store()
    other = spec(Container(name="other", liveness=LIVENESS))
    feed(store, pod(1, running(), spec=other), 1)
    feed(store, pod(2, restarted(1, 42), spec=other), 42)

    assert 1 == store.pending()


def loop(store: Store, times: list[float]) -> list[Finding]:
    found: list[Finding] = []
    for number, now in enumerate(times, 1):
        found += store.tick(now)
        hear(store, K.KILL_LIVENESS, now - 2, count=number, first_at=times[0] - 2)
        found += feed(store, pod(number + 1, restarted(number, now)), now)
    return found


def test_loop_is_seen_at_the_third_restart() -> None:
    """Three kills within the window start one loop, which ends after the quiet time."""
    store = followed()
    found = loop(store, [100, 200, 300, 400])
    [begun] = only(LoopStarted, found)

    assert isinstance(begun, LoopStarted)
    assert (300, Cause.LIVENESS_PROBE, 3) == (begun.at, begun.cause, begun.restarts)
    assert [] == only(LoopEnded, list(store.tick(2199)))
    [ended] = only(LoopEnded, list(store.tick(2200)))
    assert isinstance(ended, LoopEnded)
    assert (300, 2200, False) == (ended.started_at, ended.at, ended.gone)


def test_slow_loop_does_not_end_between_kills() -> None:
    """One kill every half hour, for a day, is one loop for as long as it lasts."""
    store = followed()
    found = loop(store, [1800.0 * n for n in range(1, 49)])

    assert 1 == len(only(LoopStarted, found))
    assert [] == only(LoopEnded, found)


def test_changes_that_people_make_are_no_loop() -> None:
    """Restarts by a changed image do not count for a loop."""
    store = followed()
    found: list[Finding] = []
    for number in (1, 2, 3, 4):
        now = number * 100.0
        hear(store, K.KILL_SPEC_CHANGE, now - 2, count=number, first_at=98.0)
        found += feed(store, pod(number + 1, restarted(number, now)), now)

    assert [] == only(LoopStarted, found)


def test_loop_ends_with_its_pod() -> None:
    """Deleting a pod reports its pending verdicts first, then ends its loop."""
    store = followed()
    loop(store, [100, 200, 300])
    feed(store, pod(9, restarted(4, 400)), 400)
    found = store.feed(PodGone(uid=UID), 410)

    assert [Restart, LoopEnded, PodForgotten] == [type(each) for each in found]


def test_sweep_forgets_what_a_list_did_not_contain() -> None:
    """A missed deletion is found by the next list of the same namespaces."""
    store = followed()

    assert () == store.sweep({UID}, 5)
    assert () == store.sweep(set(), 5, namespaces={"other"})
    assert [PodForgotten] == [type(each) for each in store.sweep(set(), 5)]
    assert 0 == len(store)


def test_opting_out_forgets() -> None:
    """The annotation that opts a pod out takes effect at once."""
    found = feed(followed(), replace(pod(2, running()), ignored=True), 5)

    assert [PodForgotten] == [type(each) for each in found]


def probed() -> Store:
    store = Store()
    both = spec(Container(name="app", readiness=READINESS))
    feed(store, pod(1, running(), spec=both), 1)
    return store


def change(
    store: Store, version: int, *, ready: bool, since: float, **more: object
) -> list[Finding]:
    both = spec(Container(name="app", readiness=READINESS))
    container = replace(running(), ready=ready)
    return feed(store, pod(version, container, ready=ready, since=since, spec=both, **more), since)


def reasons(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.to, each.reason) for each in found if isinstance(each, ReadinessChanged)]


def test_readiness_lost_and_found_by_its_probe() -> None:
    """A failing readiness probe is the reason of the loss; the return has its duration."""
    store = probed()

    assert [("NotReady", "ReadinessProbe")] == reasons(change(store, 2, ready=False, since=50.0))
    assert [(UID, "web", 50.0)] == survey(store.headers()).not_ready
    [back] = change(store, 3, ready=True, since=80.0)
    assert isinstance(back, ReadinessChanged)
    assert (30.0, None) == (back.not_ready_seconds, back.time_to_ready)


def test_first_ready_has_its_time() -> None:
    """The first Ready of a pod has the time since its container started."""
    store = Store()
    feed(store, pod(1, replace(running(), ready=False), ready=False, since=0.0), 1)
    [first] = feed(store, pod(2, running(), since=21.0), 21)

    assert isinstance(first, ReadinessChanged)
    assert (ReadinessReason.STARTUP, 20.0) == (first.reason, first.time_to_ready)


def test_ready_before_any_condition_was_seen() -> None:
    """A pod first seen without conditions is followed from its first Ready."""
    store = Store()
    feed(store, replace(pod(1), conditions={}, statuses=()), 1)

    assert [] == reasons(feed(store, replace(pod(2), conditions={}), 2))
    assert [("Ready", "Startup")] == reasons(feed(store, pod(3, running(), since=21.0), 21))


def test_not_ready_as_the_first_condition_is_no_loss() -> None:
    """A pod that starts as not ready has not lost readiness."""
    store = Store()
    feed(store, replace(pod(1), conditions={}, statuses=()), 1)

    assert [] == reasons(feed(store, pod(2, running(), ready=False, since=2.0), 2))


def test_why_readiness_was_lost() -> None:
    """Each way to lose readiness has its own reason."""
    down = replace(running(), ready=False, running_since=None)
    fresh = replace(restarted(1, 50), ready=False)
    unstarted = replace(running(), ready=False, started=False)
    gates = replace(spec(), readiness_gates=("x",))
    cases = {
        "Terminating": pod(2, running(), ready=False, since=50.0, deletion_at=50.0),
        "Completed": pod(2, running(), ready=False, since=50.0, phase="Succeeded"),
        "NodeNotReady": unready_by("ContainersNotReady"),
        "ReadinessGate": replace(unready_by("ReadinessGatesNotReady"), spec=gates),
        "ContainerRestart": pod(2, down, ready=False, since=50.0),
        "KubeletRestart": pod(2, unstarted, ready=False, since=50.0),
        "Unknown": pod(2, running(), ready=False, since=50.0),
    }
    for reason, version in cases.items():
        assert [("NotReady", reason)] == reasons(feed(followed(), version, 50))
    assert [("NotReady", "ContainerRestart")] == reasons(
        feed(followed(), pod(2, fresh, ready=False, since=50.0), 50)
    )
    no_probe = pod(2, replace(running(), ready=False), ready=False, since=50.0)
    assert [("NotReady", "KubeletRestart")] == reasons(feed(followed(), no_probe, 50))


def unready_by(reason: str) -> Pod:
    lost = {"Ready": Condition(status=False, reason=reason, last_transition=50.0)}
    base = pod(2, running())
    return replace(base, conditions={**base.conditions, **lost})


def test_container_that_was_down_before_is_not_blamed() -> None:
    """A container that was already not ready does not explain a loss."""
    store = Store()
    lame = status(name="lame", ready=False, container_id="z")
    idle = status(name="idle", ready=False, container_id="", running_since=None)
    feed(store, pod(1, running(), lame, idle), 1)
    found = feed(store, pod(2, running(), lame, idle, ready=False, since=50.0), 50)

    assert [("NotReady", "Unknown")] == reasons(found)


def test_the_container_that_lost_it_is_named() -> None:
    """Of several containers, the one that became unready is named."""
    store = Store()
    side = status(name="side", container_id="s")
    feed(store, pod(1, running(), side), 1)
    lost = pod(2, running(), replace(side, ready=False), ready=False, since=50.0)
    [found] = only(ReadinessChanged, feed(store, lost, 50))

    assert isinstance(found, ReadinessChanged)
    assert "side" == found.container


def test_hidden_loss_is_found_by_its_time() -> None:
    """The same status with a newer transition time means that a loss was missed."""
    found = feed(followed(), pod(2, running(), since=60.0), 60)
    after_restart = feed(followed(), pod(2, restarted(1, 42), since=42.0), 42)

    assert [("NotReady", "Hidden"), ("Ready", "Hidden")] == reasons(found)
    assert [("NotReady", "ContainerRestart"), ("Ready", "ContainerRestart")] == reasons(
        after_restart
    )


def test_hidden_gain_is_reported_in_order() -> None:
    """A missed Ready is reported before the loss that followed it."""
    store = probed()
    change(store, 2, ready=False, since=50.0)

    assert [("Ready", "Hidden"), ("NotReady", "Hidden")] == reasons(
        change(store, 3, ready=False, since=90.0)
    )


def test_flapping_begins_and_ends_with_hysteresis() -> None:
    """Six losses in 15 minutes are flapping, until half an hour passes without one."""
    store = probed()
    found: list[Finding] = []
    for number in range(14):
        since = 100.0 + number * 10
        found += change(store, number + 2, ready=bool(number % 2), since=since)
    begun = [each for each in found if isinstance(each, FlappingChanged)]

    assert [True] == [each.flapping for each in begun]
    last = 100.0 + 12 * 10
    assert () == store.tick(last + 1799)
    [over] = store.tick(last + 1800)
    assert isinstance(over, FlappingChanged)
    assert not over.flapping


def test_pod_states() -> None:
    """Tracked pods are counted by namespace and state."""
    for expected, version in {
        "Ready": pod(2, running()),
        "NotReady": pod(2, running(), ready=False, since=50.0),
        "Completed": pod(2, running(), phase="Failed"),
        "Terminating": pod(2, running(), deletion_at=5.0),
    }.items():
        store = followed()
        feed(store, version, 50)
        assert {("shop", expected): 1} == survey(store.headers()).groups


def test_workload_type_is_the_kind_in_lower_case() -> None:
    """The label `workload_type` is spelled as in the kubernetes-mixin."""
    from probewatch.core.model import Workload  # noqa: PLC0415  # used here only

    assert "statefulset" == Workload(namespace="a", kind="StatefulSet", name="b").workload_type


def test_nothing_comes_of_nothing() -> None:
    """Passing time for an unknown pod changes nothing."""
    assert observe(None, TimePassed(), Policy(), 5).state is None


def test_combined_events_of_several_probes_tell_one_failure() -> None:
    """With several probes only the last failure of a combined Event is counted."""
    store = Store()
    both = spec(Container(name="app", liveness=LIVENESS, readiness=READINESS))
    feed(store, pod(1, running(), spec=both), 1)
    told = [
        (each.probe_type, each.count)
        for count, kind in ((1, "Liveness"), (9, "Readiness"))
        for each in hear(
            store, K.PROBE_FAILED, 10.0 + count, probe_type=kind, combined=True, count=count
        )
        if isinstance(each, ProbeFailures)
    ]

    assert [("Liveness", 1), ("Readiness", 1)] == told


def test_combined_events_of_the_only_probe_tell_all() -> None:
    """With a single probe all failures that a combined Event counts are of that probe."""
    store = Store()
    one = spec(Container(name="app", liveness=LIVENESS), Container(name="quiet"))
    feed(store, pod(1, running(), spec=one), 1)
    hear(store, K.PROBE_FAILED, 10.0, probe_type="Liveness", combined=True)
    [told] = only(
        ProbeFailures,
        hear(store, K.PROBE_FAILED, 90.0, probe_type="Liveness", combined=True, count=9),
    )

    assert isinstance(told, ProbeFailures)
    assert 8 == told.count


def test_a_full_book_keeps_the_counts_of_kills() -> None:
    """Many different failures do not displace the counts of kills."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    for number in range(40):
        hear(store, K.PROBE_FAILED, 50.0 + number, probe_type="Liveness", name=f"f{number}")
    feed(store, pod(3, restarted(2, 142, exit_code=9)), 142)
    store.tick(172)
    found = hear(store, K.KILL_LIVENESS, 240.0, count=3, first_at=40.0)
    new = hear(store, K.PROBE_FAILED, 250.0, probe_type="Liveness", name="f0", count=7)

    assert [RestartCorrected] == [type(each) for each in found]
    assert [1] == [each.count for each in new if isinstance(each, ProbeFailures)]


def test_flapping_is_told_by_losses_that_nobody_saw() -> None:
    """Hidden losses count as flapping, even if the node's clock is a day ahead."""
    store, found = probed(), []
    for number in range(6):
        both = spec(Container(name="app", readiness=READINESS))
        version = pod(2 + number, running(), since=86_400.0 + number, spec=both)
        found += feed(store, version, 10.0 + number)
    flapping = [each for each in found if isinstance(each, FlappingChanged)]
    over = [each for each in store.tick(15 + 1800.0) if isinstance(each, FlappingChanged)]

    assert [True, False] == [each.flapping for each in (*flapping, *over)]
