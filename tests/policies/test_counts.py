"""Pods are counted for policies, however many there are of both, and others go on meanwhile."""

import asyncio

from probewatch.core.policies import Count
from probewatch.core.policy import Policy
from probewatch.policies.counts import COMPARED_AT_ONCE, PolicyCounts
from probewatch.policies.index import PolicyIndex
from tests.policies.scene import WEB, FakePod
from tests.support.probe_policies import read_policy

POLICIES, PODS = 100, 250


async def test_others_have_their_turn_while_pods_are_counted() -> None:
    """What is compared in one turn is bounded by pods and policies, not by pods alone."""
    index = PolicyIndex(Policy(), lambda _namespace: None)
    index.load(read_policy(f"p{n}", {**WEB, "priority": n}) for n in range(POLICIES))
    pods = [FakePod({"tier": "web", "number": str(n)}) for n in range(PODS)]
    counts = PolicyCounts(index, lambda: pods)
    counting = asyncio.create_task(counts.renew(anew=True))
    turns = 0
    while not counting.done():
        await asyncio.sleep(0)
        turns += 1

    weakest, strongest = (read_policy(f"p{n}").policy for n in (0, POLICIES - 1))
    assert (Count(matched=PODS), Count(matched=PODS, applied=PODS)) == (
        counts.of(weakest),
        counts.of(strongest),
    )
    assert turns >= POLICIES * PODS / COMPARED_AT_ONCE
