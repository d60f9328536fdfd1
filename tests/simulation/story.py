"""Histories: a simulated pod with all that happens to it, and what of that is delivered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from probewatch.core.causes import Cause
from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.model import Condition, ContainerStatus, Pod, PodUid, Termination
from probewatch.core.observe import EvidenceObserved, Observation, PodObserved
from tests.simulation.boxes import Causes
from tests.simulation.clockwork import Clockwork
from tests.simulation.fates import draw_spec
from tests.simulation.kubelet import Kubelet
from tests.simulation.statuses import StatusManager, Window, first_version
from tests.simulation.words import EventRecorder, Said

UID = PodUid("uid")
DAY = 86_400.0
NOT_READY_AFTER = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The true causes, and what reached the API server."""

    truth: dict[tuple[str, int], Causes]
    versions: Sequence[tuple[float, Pod]]
    said: Sequence[Said]
    offset: float
    """By how many seconds the node's clock is ahead."""
    pod_gaps: Sequence[Window]
    event_gaps: Sequence[Window]


def tell(seed: int) -> History:
    """Return the history with this seed."""
    random = Random(seed)
    clock = Clockwork(start=0.0, end=random.choice((300.0, 1200.0, 3600.0, 4 * 3600.0)))
    slow = _windows(random, clock.end, random.choice((0, 0, 0, 1, 4)), (1.0, 5.0, 60.0))
    recorder = EventRecorder(random, UID, lambda at: _arrival(random, slow, at))
    spec = draw_spec(random)
    statuses = StatusManager(random, clock, first_version(UID, spec), slow)
    kubelet = Kubelet(random, clock, spec, recorder, statuses)
    offset = random.choice((0.0, 0.0, 1.5, -3.0, DAY, -DAY))
    clock.at(0.1, kubelet.show)
    clock.at(0.5, kubelet.sync)
    _befall(random, clock, kubelet, offset)
    clock.run()
    return History(
        truth=kubelet.truth,
        versions=statuses.versions,
        said=recorder.said,
        offset=offset,
        pod_gaps=_windows(random, clock.end, random.choice((0, 0, 1, 3)), (5.0, 60.0, 400.0)),
        event_gaps=_windows(random, clock.end, random.choice((0, 0, 1)), (5.0, 60.0, 400.0)),
    )


def _windows(
    random: Random, end: float, number: int, lengths: tuple[float, ...]
) -> tuple[Window, ...]:
    begins = sorted(random.uniform(5.0, end) for _ in range(number))
    return tuple(Window(begin=begin, end=begin + random.choice(lengths)) for begin in begins)


def _arrival(random: Random, slow: Sequence[Window], at: float) -> float:
    """When an Event is written: at once, or with one of the retries every ten seconds."""
    for window in slow:
        if window.contains(at):
            return window.end + random.uniform(0.0, 10.0)
    return at + random.uniform(0.0, 0.5)


def _befall(random: Random, clock: Clockwork, kubelet: Kubelet, offset: float) -> None:
    """Schedule what happens to the whole pod, drawn at random."""
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        at = random.uniform(2.0, clock.end)
        blow = random.choice((_restart, _restart, _hang, _reboot, _lose_sandbox, _change, _resize))
        clock.at(at, partial(blow, random, clock, kubelet, offset))


def _restart(random: Random, clock: Clockwork, kubelet: Kubelet, _offset: float) -> None:
    """The kubelet exits, and another one starts."""
    forgetful = random.random() < 0.5

    def back() -> None:
        kubelet.down = False
        if forgetful:
            kubelet.forget()
        kubelet.sync()

    kubelet.end_process()
    clock.after(random.uniform(1.0, 20.0), back)


def _hang(random: Random, clock: Clockwork, kubelet: Kubelet, offset: float) -> None:
    """The kubelet stops for a while, and continues as if nothing had happened."""
    taken = random.choice((20.0, 90.0, 400.0))
    kubelet.down = True

    def back() -> None:
        kubelet.down = False
        kubelet.sync()

    def lost() -> None:
        kubelet.statuses.mark_not_ready(clock.now, -offset)

    clock.after(taken, back)
    if taken > NOT_READY_AFTER:
        clock.after(NOT_READY_AFTER, lost)


def _reboot(random: Random, clock: Clockwork, kubelet: Kubelet, _offset: float) -> None:
    """The node reboots, and loses all processes."""
    kubelet.end_process()

    def back() -> None:
        kubelet.down = False
        if random.random() < 0.7:
            kubelet.recorder.report_reboot(clock.now)
        kubelet.sync()

    taken = random.uniform(10.0, 200.0)
    clock.after(taken, kubelet.lose_all)
    clock.after(taken + random.uniform(1.0, 10.0), back)


def _lose_sandbox(_random: Random, _clock: Clockwork, kubelet: Kubelet, _offset: float) -> None:
    kubelet.sandbox_lost = True
    kubelet.wake()


def _change(_random: Random, _clock: Clockwork, kubelet: Kubelet, _offset: float) -> None:
    kubelet.change(Cause.SPEC_CHANGE)


def _resize(_random: Random, _clock: Clockwork, kubelet: Kubelet, _offset: float) -> None:
    kubelet.change(Cause.RESIZE)


# --- delivering


def deliver(history: History, random: Random, lost: float) -> Iterator[tuple[float, Observation]]:
    """Yield observations with the time at which the operator gets them.

    *lost* is the share of Events that are lost.
    """
    everything = [*_pods(history, random), *_events(history, random, lost)]
    yield from sorted(everything, key=lambda each: each[0])


def _pods(history: History, random: Random) -> Iterator[tuple[float, Observation]]:
    arrival, missed = 0.0, False
    for written, version in history.versions:
        pod = _on_node_clock(version, history.offset)
        gap = next((each for each in history.pod_gaps if each.contains(written)), None)
        if gap is not None and _is_followed(history, written, gap):
            missed = True
            continue
        at = max(written, gap.end) if gap else written
        arrival = max(arrival, at + random.uniform(0.0, 0.4))
        yield arrival, PodObserved(pod=pod, relisted=missed or gap is not None)
        missed = False
        if random.random() < 0.02:
            yield arrival + random.uniform(0.0, 5.0), PodObserved(pod=pod)


def _is_followed(history: History, written: float, gap: Window) -> bool:
    """Whether there was a newer version by the time of the list after the gap."""
    return any(written < at < gap.end for at, _ in history.versions)


def _on_node_clock(pod: Pod, offset: float) -> Pod:
    if offset == 0.0:
        return pod
    return replace(
        pod,
        statuses=tuple(_shift_status(each, offset) for each in pod.statuses),
        conditions={name: _shift_condition(each, offset) for name, each in pod.conditions.items()},
    )


def _shift_status(status: ContainerStatus, offset: float) -> ContainerStatus:
    return replace(
        status,
        running_since=_shift(status.running_since, offset),
        terminated=_shift_death(status.terminated, offset),
        last=_shift_death(status.last, offset),
    )


def _shift_death(death: Termination | None, offset: float) -> Termination | None:
    if death is None:
        return None
    return replace(
        death,
        started_at=_shift(death.started_at, offset),
        finished_at=_shift(death.finished_at, offset),
    )


def _shift_condition(condition: Condition, offset: float) -> Condition:
    return replace(condition, last_transition=_shift(condition.last_transition, offset))


def _shift(moment: float | None, offset: float) -> float | None:
    return None if moment is None else float(int(moment + offset))


def _events(history: History, random: Random, lost: float) -> Iterator[tuple[float, Observation]]:
    listed: dict[str, tuple[float, Observation]] = {}
    for said in history.said:
        if random.random() < lost:
            continue
        evidence = _shift_evidence(said.evidence, history.offset)
        observed = EvidenceObserved(evidence=evidence)
        gap = next((each for each in history.event_gaps if each.contains(said.at)), None)
        if gap is not None:
            # The list after the gap has the last version of each Event.
            listed[evidence.name] = (gap.end + random.uniform(0.0, 0.5), observed)
            continue
        yield said.at + random.uniform(0.0, 1.0), observed
        if random.random() < 0.01:
            yield said.at + 1.0, EvidenceObserved(evidence=_forged(random, evidence))
    yield from listed.values()


def _shift_evidence(evidence: Evidence, offset: float) -> Evidence:
    return replace(evidence, at=evidence.at + int(offset), first_at=evidence.first_at + int(offset))


def _forged(random: Random, evidence: Evidence) -> Evidence:
    """Return a kill Event that is about another pod, or about a container that does not exist."""
    kill = replace(evidence, kind=EvidenceKind.KILL_LIVENESS, name=f"forged.{evidence.at}")
    if random.random() < 0.5:
        return replace(kill, involved_uid="another")
    return replace(kill, container="nobody")
