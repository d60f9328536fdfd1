"""Compares the verdicts on random pods with the truth.

Use: `python -m tests.random_pods.judge FIRST LAST`, to look for mistakes among other seeds.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from probewatch.core.causes import Cause
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import PodUid
from probewatch.core.observe import PodGone
from tests.random_pods.delivery import DELIVERIES, Delivered, Delivery, deliver
from tests.random_pods.fates import Causes
from tests.random_pods.manifests import UID
from tests.random_pods.world import World
from tests.simulation.processes import Processes
from tests.simulation.score import Score, last_words

DELIVERIES_EACH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A sure but wrong verdict that is accepted, since the API shows no difference."""

    said: Cause
    true: Cause
    exit_code: int
    reason: str


AFTER_SIGTERM = (
    "SIGTERM from outside ends a container, its probe fails by that, and the kubelet decides to "
    "kill it before it notices: that looks like the SIGTERM of the kubelet"
)
ACCEPTED = (
    Accepted(
        said=Cause.POST_START_HOOK,
        true=Cause.SIGNAL,
        exit_code=143,
        reason="SIGTERM from outside ends a container and its postStart hook, which fails by that: "
        "within one second that looks like the SIGTERM that the kubelet sends for a failed hook",
    ),
    Accepted(
        said=Cause.POST_START_HOOK,
        true=Cause.SIGNAL,
        exit_code=137,
        reason="with its Events lost, nobody knows whether the hook failed so early that the "
        "kubelet can have sent SIGKILL",
    ),
    *(
        Accepted(said=said, true=Cause.SIGNAL, exit_code=143, reason=AFTER_SIGTERM)
        for said in (Cause.LIVENESS_PROBE, Cause.STARTUP_PROBE)
    ),
)


def is_accepted(verdict: Restart, true: Causes) -> bool:
    """Whether a wrong verdict is one of the accepted ones."""
    said = (verdict.cause, verdict.exit_code)
    return any(said == (each.said, each.exit_code) and each.true in true for each in ACCEPTED)


def judge_pod(seed: int, deliveries: Iterable[Delivery], score: Score) -> None:
    """Add the verdicts on the pod with this seed to the score, for each delivery."""
    world = World(seed)
    world.play()
    score.mistakes += [f"pod {seed}: {each}" for each in world.failures]
    truth = world.truth()
    for delivery in deliveries:
        where = f"pod {seed}, {delivery.name}"
        random = Random(f"{seed} {delivery.name}")
        observed = deliver(world, delivery, random)
        told, number = last_words(_observe(observed, delivery.restarts, random))
        counted = Counter[str]()
        for (container, _, count), verdict in told.items():
            counted[container] += verdict.stands_for
            # A restart that never happened has no right cause.
            true, before = truth.get((container, count), frozenset()), len(score.mistakes)
            score.add(verdict, true, f"{where}, {container} {count}")
            if is_accepted(verdict, true):
                del score.mistakes[before:]
        risen = Counter(container for container, _ in _shown(world, truth))
        if number != len(told) or counted != risen:
            score.unbalanced.append(f"{where}: {dict(counted)} of {dict(risen)}")


def _shown(world: World, truth: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    """Return the restarts that the last version of the pod shows: a last one may not be shown."""
    shown = {each.name: each.restart_count for each in world.versions[-1][1].statuses}
    return [(container, count) for container, count in truth if count <= shown[container]]


def _observe(observed: Delivered, restarts: int, random: Random) -> list[Finding]:
    """Let the operator observe, in a process that is restarted so often."""
    processes, now = Processes(), observed[0][0]
    # The first version is seen by the first process: later ones count only what they know of.
    times = [random.uniform(now, observed[-1][0]) for _ in range(restarts)]
    stops = sorted(times, reverse=True)
    for at, observation in observed:
        while stops and stops[-1] <= at:
            processes.restart(stops.pop(), killed=random.random() < 0.5)
        processes.observe(observation, at)
    processes.observe(PodGone(uid=PodUid(UID)), processes.settle(observed[-1][0]))
    return processes.findings


def judge_pods(seeds: Iterable[int]) -> Score:
    """Return the score of several pods, each with all Events and with two other deliveries."""
    score = Score()
    for seed in seeds:
        others = Random(seed).sample(DELIVERIES[1:], DELIVERIES_EACH - 1)
        judge_pod(seed, (DELIVERIES[0], *others), score)
    return score


if __name__ == "__main__":
    total = judge_pods(range(int(sys.argv[1]), int(sys.argv[2])))
    lines = [*total.unbalanced, *total.mistakes]
    lines += [f"{name} {outcome}: {n}" for (name, outcome), n in sorted(total.rules.items())]
    right = f"{total.right} right, {total.open} open, {total.wrong} wrong"
    print("\n".join((*lines, f"{total.restarts} restarts, {right}")))  # noqa: T201  # its output
