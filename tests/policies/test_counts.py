"""Counting the pods of each policy, in portions, so that other tasks run in between."""

import asyncio

from probewatch.core.model import PodUid
from probewatch.core.policies import Count
from probewatch.core.policy import Policy
from probewatch.policies.counts import COMPARED_AT_ONCE, PODS_AT_ONCE, PolicyCounts
from probewatch.policies.index import PolicyIndex
from tests.policies.scene import WEB, FakePod
from tests.support.probe_policies import read_policy

POLICIES, PODS = 100, 250
NUMBERED = {
    "matchLabels": {"tier": "web"},
    "matchExpressions": [{"key": "n", "operator": "Exists"}],
}
ASKED = 2
"""The number of labels that these policies select by."""


def make_index(*reads: object) -> PolicyIndex:
    index = PolicyIndex(Policy(), lambda _namespace: None)
    index.load(reads)  # type: ignore[arg-type]  # of policies
    return index


async def count_turns(counts: PolicyCounts) -> int:
    counting = asyncio.create_task(counts.renew(anew=True))
    turns = 0
    while not counting.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


async def test_others_have_their_turn_while_pods_are_counted() -> None:
    """The comparisons in one turn are bounded, for many pods and for many policies."""
    policies = [
        read_policy(f"p{n}", {"selector": NUMBERED, "priority": n}) for n in range(POLICIES)
    ]
    pods = [FakePod({"tier": "web", "n": str(n)}) for n in range(PODS)]
    counts = PolicyCounts(make_index(*policies), lambda: pods)
    turns = await count_turns(counts)

    weakest, strongest = policies[0].policy, policies[-1].policy
    assert (Count(matched=PODS), Count(matched=PODS, applied=PODS)) == (
        counts.of(weakest),
        counts.of(strongest),
    )
    assert turns >= POLICIES * PODS * ASKED * 2 // COMPARED_AT_ONCE


async def test_others_have_their_turn_while_all_pods_are_gone_through() -> None:
    """Pods of namespaces without policies are also read in portions."""
    pods = [FakePod({"tier": "web"}, namespace="other")] * (3 * PODS_AT_ONCE)
    counts = PolicyCounts(make_index(read_policy(spec=WEB)), lambda: pods)

    assert await count_turns(counts) >= len(pods) // PODS_AT_ONCE


async def test_each_pod_is_counted_by_what_policies_ask_about() -> None:
    """Each pod counts once, whether or not it shares its labels with others."""
    shared = {"tier": "web"}
    pods = [
        FakePod(shared),
        FakePod(shared),
        FakePod({"tier": "web", "hash": "a"}),
        FakePod({"tier": "db", "hash": "b"}),
        FakePod(shared, namespace="other"),
    ]
    web = read_policy("web", {**WEB, "priority": 1})
    counts = PolicyCounts(make_index(web, every := read_policy("every")), lambda: pods)
    await counts.renew(anew=True)

    assert Count(matched=3, applied=3) == counts.of(web.policy)
    assert Count(matched=4, applied=1) == counts.of(every.policy)


async def test_nothing_is_known_before_the_first_count() -> None:
    """Before the first count there are no numbers, rather than zeros."""
    web = read_policy("web", WEB)
    counts = PolicyCounts(make_index(web), lambda: [FakePod({"tier": "web"})])
    before = counts.of(web.policy)
    await counts.renew(anew=False)

    assert (None, Count(matched=1, applied=1)) == (before, counts.of(web.policy))


async def test_what_changes_while_it_is_counted_is_counted_for_the_next_time() -> None:
    """A policy that changes during a count is included in the next one.

    So all numbers belong to the policies of one moment.
    """
    pods = [FakePod({"tier": "web", "n": str(n)}, uid=PodUid(f"u{n}")) for n in range(PODS_AT_ONCE)]
    index = make_index(weak := read_policy("weak", {"selector": NUMBERED}))
    counts = PolicyCounts(index, lambda: pods)
    counting = asyncio.create_task(counts.renew(anew=True))
    await asyncio.sleep(0)
    index.take(strong := read_policy("strong", {"selector": NUMBERED, "priority": 1}))
    await counting
    first = (counts.of(weak.policy), counts.of(strong.policy))
    await counts.renew(anew=False)

    assert (Count(matched=len(pods), applied=len(pods)), None) == first
    assert Count(matched=len(pods)) == counts.of(weak.policy)
    assert Count(matched=len(pods), applied=len(pods)) == counts.of(strong.policy)
