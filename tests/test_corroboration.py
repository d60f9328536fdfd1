"""Corroboration: uncertain verdicts let the operator read the kubelet's probe counters."""

import asyncio
from dataclasses import dataclass, field

import pytest

from probewatch.core.causes import Cause, Confidence
from probewatch.core.counters import Reading
from probewatch.core.findings import Restart
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.observe import CountersRead, Observation
from probewatch.core.spec import ProbeType
from probewatch.corroboration import TOLD_SECONDS, WAITING_KEPT, Corroboration
from probewatch.errors import ApiError
from probewatch.kube.kubelet_metrics import NodeCounters
from tests.support import builders
from tests.support.fake_time import FakeTime

WEB = Workload(namespace="shop", kind="Pod", name="web")
FAILED = {("u1", "app", ProbeType.LIVENESS): 3, ("u1", "app", ProbeType.STARTUP): 0}


@dataclass
class FakeKubelets:
    """Returns the same counters for every node; nodes in `silent` fail."""

    asked: list[str] = field(default_factory=list)
    silent: frozenset[str] = frozenset()
    why: str = "no answer"

    async def read(self, node: str) -> NodeCounters:
        self.asked.append(node)
        if node in self.silent:
            raise ApiError(self.why)
        return NodeCounters(process=7.0, failed=FAILED)


def restart(
    node: str = "n1",
    confidence: Confidence = Confidence.MEDIUM,
    cause: Cause = Cause.LIVENESS_PROBE,
    *,
    baseline: bool = False,
) -> Restart:
    return builders.restart(
        pod=PodRef(uid=PodUid("u1"), namespace="shop", name="web", node=node),
        cause=cause,
        confidence=confidence,
        rule="unknown",
        baseline=baseline,
    )


async def ask(*restarts: Restart, kubelets: FakeKubelets, time: FakeTime) -> list[Observation]:
    seen: list[Observation] = []
    made = Corroboration(kubelets=kubelets, observe=seen.append, per_minute=6.0, clock=time.clock)
    for each in restarts:
        made.publish(each, WEB)
    task = asyncio.create_task(made.run())
    for _ in range(100):
        await asyncio.sleep(0)
    task.cancel()
    return seen


async def test_what_the_kubelet_counted_is_observed() -> None:
    """The counters of each container become one observation, with the time of the response."""
    reading = Reading(at=1000.0, process=7.0, liveness=3, startup=0)
    expected = CountersRead(uid=PodUid("u1"), container="app", reading=reading)

    assert [expected] == await ask(restart(), kubelets=FakeKubelets(), time=FakeTime())


async def test_only_uncertain_verdicts_ask() -> None:
    """No kubelet is asked for sure verdicts, unobserved or old restarts, or pods without a node."""
    kubelets = FakeKubelets()
    sure = restart(confidence=Confidence.HIGH)
    unseen = restart(confidence=Confidence.LOW, cause=Cause.UNOBSERVED)
    found = await ask(
        sure, unseen, restart(baseline=True), restart(""), kubelets=kubelets, time=FakeTime()
    )

    assert ([], []) == (found, kubelets.asked)


async def test_nodes_are_asked_one_by_one_at_a_bounded_rate() -> None:
    """Several restarts on a node lead to one request, and requests are ten seconds apart."""
    kubelets, time = FakeKubelets(), FakeTime()
    await ask(restart("a"), restart("b"), restart("a"), restart("c"), kubelets=kubelets, time=time)

    assert (["a", "b", "c"], 1020.0) == (kubelets.asked, time.seconds)


async def test_a_silent_kubelet_costs_only_its_own_answer() -> None:
    """A kubelet that cannot be reached does not keep others from being asked."""
    kubelets = FakeKubelets(silent=frozenset({"a"}))
    found = await ask(restart("a"), restart("b"), kubelets=kubelets, time=FakeTime())

    assert 1 == len(found)


async def test_kubelet_that_cannot_be_read_is_told_of_once_an_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One warning an hour for each node says why; it comes at once if the reason changes."""
    kubelets, time = FakeKubelets(silent=frozenset({"a"})), FakeTime()
    made = Corroboration(
        kubelets=kubelets, observe=lambda _: None, per_minute=6.0, clock=time.clock
    )
    task = asyncio.create_task(made.run())

    async def ask_again() -> int:
        made.publish(restart("a"), WEB)
        for _ in range(20):
            await asyncio.sleep(0)
        return len(caplog.messages)

    assert [1, 1] == [await ask_again(), await ask_again()]
    time.seconds += TOLD_SECONDS
    assert 2 == await ask_again()
    kubelets.why = "another reason"
    assert 3 == await ask_again()
    task.cancel()


async def test_waiting_nodes_are_bounded() -> None:
    """When too many nodes are queued, the one that has waited longest is dropped."""
    kubelets = FakeKubelets()
    many = [restart(f"n{number}") for number in range(WAITING_KEPT + 1)]
    await ask(*many, kubelets=kubelets, time=FakeTime())

    assert "n1" == kubelets.asked[0]
