"""Upkeep: policies are listed and watched in spite of API errors, and kopf follows suit."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from probewatch.kube.policies.api import READ_AT_ONCE
from probewatch.policies.upkeep import LIST_SECONDS, RANKED_AT_ONCE, ThreadsafeUpkeep
from tests.policies.scene import WEB, Scene
from tests.support.probe_policies import policy_object


async def test_all_policies_are_read_before_pods_are_watched() -> None:
    """After the start all policies are known, over several pages of the list."""
    scene = Scene()
    for n in range(5):
        scene.api.put(policy_object(f"p{n}"))
    await scene.start()

    assert 5 == len(scene.index)
    assert await scene.upkeep.served()


async def test_named_namespaces_are_asked_one_by_one() -> None:
    """With namespaces configured, only these are listed, so no other rights are needed."""
    scene = Scene(namespaces=("shop", "cart"))
    scene.api.put(policy_object(namespace="shop"))
    scene.api.put(policy_object("two", namespace="other"))
    await scene.start()

    prefix = "/apis/probewatch.dev/v1alpha1/namespaces"
    assert [f"{prefix}/shop/probepolicies", f"{prefix}/cart/probepolicies"] == [
        path for _, path in scene.api.asked
    ]
    assert 1 == len(scene.index)


@pytest.mark.parametrize(
    ("code", "words"),
    [(404, "The CRD of ProbePolicy is not installed"), (403, "A right is missing: list and watch")],
)
async def test_without_definition_or_right_it_goes_on(
    code: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A missing CRD or right is logged once; policies are found once there is one.

    Until then kopf does not watch them.
    """
    scene = Scene()
    scene.api.refuse["GET"] = code
    await scene.start()
    assert not await scene.upkeep.served()
    await scene.keep_up(4 * LIST_SECONDS)
    assert [words] == [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert 0 == scene.anew

    scene.api.refuse.clear()
    scene.api.put(policy_object())
    await scene.keep_up(30)

    assert (1, 1) == (len(scene.index), scene.anew)


async def test_kopf_is_started_anew_once_for_each_change() -> None:
    """Removing the CRD restarts kopf once, and so does installing it again."""
    scene = Scene()
    await scene.start()
    await scene.upkeep.served()
    for refuse in ({"GET": 404}, {}):
        scene.api.refuse = dict(refuse)
        await scene.keep_up(4 * LIST_SECONDS)

    assert 2 == scene.anew


async def test_policies_of_a_definition_that_goes_go_too() -> None:
    """When the CRD is removed, no policy applies any more."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    scene.api.refuse["GET"] = 404
    await scene.keep_up(LIST_SECONDS + 15)

    assert 0 == len(scene.index)


@pytest.mark.parametrize("code", [403, 404])
async def test_server_that_starts_takes_no_policy_away(
    code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A single 403 or 404, as from a starting server, removes no policy.

    Nor does it restart kopf.
    """
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    await scene.upkeep.served()
    scene.api.refuse["GET"] = code
    before = len(scene.api.asked)
    while len(scene.api.asked) == before:
        await scene.keep_up(1)
    held = len(scene.index)
    scene.api.refuse.clear()
    await scene.keep_up(30)

    assert (1, 1, 0, []) == (held, len(scene.index), scene.anew, caplog.messages)


@pytest.mark.parametrize("trouble", [{"refuse": {"GET": 500}}, {"garbage": b"<html>"}])
async def test_an_answer_that_is_none_changes_nothing(trouble: dict[str, Any]) -> None:
    """A server error, or a response that is no list, removes no policy."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    await scene.upkeep.served()
    for name, value in trouble.items():
        setattr(scene.api, name, value)
    await scene.keep_up(30)

    assert (1, 0) == (len(scene.index), scene.anew)


async def test_a_server_that_is_away_changes_nothing() -> None:
    """Policies stay in effect while the server cannot be reached, and kopf is not restarted."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    await scene.upkeep.served()
    scene.api.is_away = True
    await scene.keep_up(4 * LIST_SECONDS)

    assert (1, 0) == (len(scene.index), scene.anew)


async def test_the_start_does_not_wait_for_ever() -> None:
    """If the server cannot be reached at the start, policies are listed again soon after it."""
    scene = Scene()
    scene.api.is_away = True
    scene.api.put(policy_object())
    await scene.start()
    assert 0 == len(scene.index)
    scene.api.is_away = False
    await scene.keep_up(4)

    assert 1 == len(scene.index)


async def test_what_is_as_it_was_is_not_read_again() -> None:
    """An unchanged policy keeps its decoded object; a changed one is decoded again."""
    scene = Scene()
    scene.api.put(policy_object("same", WEB))
    scene.api.put(policy_object("other", WEB))
    await scene.start()
    before = {read.policy.name: read for read in scene.index.reads()}
    scene.api.put(policy_object("other", {**WEB, "priority": 7}))
    await scene.keep_up(30)
    after = {read.policy.name: read for read in scene.index.reads()}

    assert before["same"].policy is after["same"].policy
    assert (0, 7) == (before["other"].policy.priority, after["other"].policy.priority)


async def test_one_spec_from_several_sources_is_held_once() -> None:
    """A list, a watch and a response to a status write share one decoded spec."""
    scene = Scene()
    scene.api.put(policy_object(spec=WEB))
    await scene.start()
    (listed,) = scene.index.reads()
    scene.upkeep.take(None, scene.api.policies["one"])  # as JSON with other white space
    (watched,) = scene.index.reads()
    await scene.tell(1)
    (written,) = scene.index.reads()
    await scene.keep_up(30)
    (again,) = scene.index.reads()

    assert listed.policy is watched.policy is written.policy is again.policy
    assert listed.version < written.version == again.version
    assert 1 == again.status.observed_generation


async def test_what_is_made_anew_is_another_policy() -> None:
    """A recreated policy with the same spec has its own uid and creation time."""
    scene = Scene()
    scene.api.put(policy_object(spec=WEB))
    await scene.start()
    (before,) = scene.index.reads()
    scene.api.put(policy_object(spec=WEB, uid="new", creationTimestamp="2026-11-21T10:00:00Z"))
    scene.upkeep.take("ADDED", scene.api.policies["one"])
    (after,) = scene.index.reads()

    assert "new" == after.policy.uid
    assert before.policy.created_at < after.policy.created_at


async def test_others_have_their_turn_while_policies_are_read() -> None:
    """Lists of large or of many policies are decoded in portions, so that other tasks run."""
    scene, policies = Scene(), 40
    note = {"note": "x" * READ_AT_ONCE}
    keys = {f"k{n}": "v" for n in range(32)}
    for n in range(policies):
        labels = {**keys, "k0": str(n)}
        spec = {"selector": {"matchLabels": labels}}
        annotations = note if n < policies // 2 else {}
        scene.api.put(policy_object(f"p{n}", spec, annotations=annotations))
    starting = asyncio.create_task(scene.start())
    turns = 0
    while not starting.done():
        await asyncio.sleep(0)
        turns += 1

    assert policies == len(scene.index)
    assert turns > policies // 2
    again = asyncio.create_task(scene.keep_up(30))
    ranked = 0
    while not again.done():
        await asyncio.sleep(0)
        ranked += 1
    assert ranked > policies * len(keys) // RANKED_AT_ONCE


async def test_a_server_that_asks_to_wait_is_not_asked_before() -> None:
    """After a Retry-After, policies are not listed before its end."""
    scene = Scene()
    scene.api.put(policy_object())
    scene.api.refuse["GET"], scene.api.wait = 429, 20.0
    begun = scene.time.seconds
    await scene.start()
    await scene.keep_up(19 - (scene.time.seconds - begun))
    early = len(scene.api.asked)
    scene.api.refuse.clear()
    await scene.keep_up(4)

    assert (1, 1) == (early, len(scene.index))


async def test_a_deletion_that_the_watch_missed_is_found() -> None:
    """A deletion that the watch missed is found by the next list."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    scene.api.policies.clear()
    scene.api.version += 1
    await scene.keep_up(30)

    assert 0 == len(scene.index)


async def test_what_a_watch_tells_holds_at_once() -> None:
    """Watch events of all types update the index; objects that are no policies are ignored."""
    scene = Scene()
    for kind in (None, "ADDED", "MODIFIED"):
        scene.upkeep.take(kind, policy_object(f"p{kind}"))
    scene.upkeep.take("ADDED", {"kind": "Status"})
    assert 3 == len(scene.index)
    scene.upkeep.take("DELETED", policy_object("pADDED"))

    assert 2 == len(scene.index)


async def test_another_loop_may_ask_whether_there_are_policies() -> None:
    """The thread of kopf can use the upkeep, which runs in another event loop."""
    scene = Scene()
    await scene.start()
    door = ThreadsafeUpkeep(scene.upkeep, asyncio.get_running_loop())

    assert await asyncio.to_thread(lambda: asyncio.run(door.served()))
    await asyncio.to_thread(lambda: asyncio.run(door.take("ADDED", policy_object())))
    assert 1 == len(scene.index)


async def test_policies_of_one_moment_are_processed_one_by_one() -> None:
    """Policies from kopf's thread are processed in order, one in each turn of the event loop."""
    scene, many = Scene(), 20
    door = ThreadsafeUpkeep(scene.upkeep, asyncio.get_running_loop())
    telling = [
        asyncio.ensure_future(door.take("MODIFIED", policy_object(resourceVersion=str(1 + n))))
        for n in range(many)
    ]
    telling += [
        asyncio.ensure_future(door.take("ADDED", policy_object(f"p{n}"))) for n in range(many)
    ]
    known = [0]
    while not all(each.done() for each in telling):
        await asyncio.sleep(0)
        known.append(len(scene.index))

    assert 1 + many == known[-1]
    assert 1 == max(after - before for before, after in pairwise(known))
    assert many == next(each.version for each in scene.index.reads() if each.policy.name == "one")
