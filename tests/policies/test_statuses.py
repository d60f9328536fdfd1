"""The status of policies: what is written, when, and how often."""

import logging
from collections.abc import Callable, Iterable, Iterator

import pytest

from probewatch.core.model import PodUid
from probewatch.policies.statuses import COUNT_SECONDS
from tests.policies.scene import (
    WEB,
    WRONG,
    FakePod,
    Scene,
    pods,
)
from tests.support.probe_policies import BORN, policy_object


async def test_status_of_each_policy_is_written() -> None:
    """The status says whether the policy is accepted, why, and how many pods it applies to."""
    scene = Scene(pods=pods("web", "web", "db"))
    scene.api.put(policy_object("web", {**WEB, "priority": 1}))
    scene.api.put(policy_object("all"))
    scene.api.put(policy_object("web-too", WEB))
    scene.api.put(policy_object("none", {"selector": {"matchLabels": {"tier": "x"}}}))
    scene.api.put(policy_object("wrong", WRONG))
    await scene.start()
    await scene.tell()

    assert {
        "web": ("True", "InEffect"),
        "all": ("True", "InEffect"),
        "web-too": ("True", "Overridden"),
        "none": ("True", "NoPods"),
        "wrong": ("False", "InvalidSelector"),
    } == scene.conditions()
    numbers = {
        name: (each["status"]["matchedPods"], each["status"]["appliedPods"])
        for name, each in scene.api.policies.items()
    }
    assert {
        "web": (2, 2), "all": (3, 1), "web-too": (2, 0), "none": (0, 0), "wrong": (0, 0)
    } == numbers  # fmt: skip


class Meanwhile(list[FakePod]):
    """A list of pods that calls a function when it is first read."""

    def __init__(self, them: Iterable[FakePod], happens: Callable[[], None]) -> None:
        super().__init__(them)
        self._happens = [happens]

    def __iter__(self) -> Iterator[FakePod]:
        while self._happens:
            self._happens.pop()()
        return super().__iter__()


@pytest.mark.parametrize("name", ["another", "first"])
async def test_a_policy_that_comes_during_a_count_waits_for_the_next(name: str) -> None:
    """A policy that arrives during a count gets its status after the next one.

    Until then its counts are not known, and none are written.
    """
    scene = Scene()

    def apply() -> None:
        scene.api.put(policy_object(name, {**WEB, "priority": 1}, generation=2))
        scene.upkeep.take("MODIFIED", scene.api.policies[name])

    scene.api.put(policy_object("first", {"selector": {"matchLabels": {"tier": "x"}}}))
    scene.pods = Meanwhile(pods("web"), apply)
    await scene.start()
    await scene.tell(3)
    told = [
        (each["observedGeneration"], each["matchedPods"])
        for each in scene.api.written
        if each["observedGeneration"] == 2  # the one that arrived during the count
    ]

    assert [(2, 1)] == told


async def test_nothing_is_written_when_nothing_changes() -> None:
    """A status that has not changed is not written again."""
    scene = Scene(pods=pods("web"))
    scene.api.put(policy_object())
    await scene.start()
    await scene.tell()
    first = len(scene.api.written)
    for _ in range(3):
        await scene.go(60)

    assert (1, 1) == (first, len(scene.api.written))


async def test_conditions_of_others_are_nothing_to_write_for() -> None:
    """Conditions that others set stay, and lead to no further writes."""
    scene = Scene(pods=pods("web"))
    other = {"type": "Healthy", "status": "True", "reason": "Synced", "message": "it is"}
    other["lastTransitionTime"] = BORN
    scene.api.put({**policy_object(), "status": {"conditions": [other]}})
    await scene.start()
    for _ in range(5):
        await scene.go(60)

    assert 1 == len(scene.api.written)
    assert ["Accepted", "Healthy"] == [
        each["type"] for each in scene.api.policies["one"]["status"]["conditions"]
    ]


async def test_counts_of_pods_are_written_seldom() -> None:
    """Changes of pod counts are written at most once in half a minute."""
    scene = Scene(pods=pods("web"))
    scene.api.put(policy_object())
    await scene.start()
    begun = scene.time.seconds
    for n in range(100):
        scene.pods.append(FakePod({"n": str(n)}, uid=PodUid(f"n{n}")))
        await scene.tell(1)

    assert 2 <= len(scene.api.written) <= 1 + (scene.time.seconds - begun) / COUNT_SECONDS


async def test_counts_that_another_policy_changes_are_written_later() -> None:
    """Counts that change soon after a write are written half a minute after it."""
    scene = Scene(pods=pods("web", "db"))
    scene.api.put(policy_object("all"))
    await scene.start()
    await scene.tell(1)
    scene.api.put(policy_object("web", {**WEB, "priority": 1}))
    scene.upkeep.take("ADDED", scene.api.policies["web"])
    await scene.tell(5)
    soon = scene.api.policies["all"]["status"]["appliedPods"]
    await scene.tell(COUNT_SECONDS)

    assert (2, 1) == (soon, scene.api.policies["all"]["status"]["appliedPods"])


async def test_a_changed_condition_is_written_at_once() -> None:
    """A policy that becomes invalid gets its new status at once."""
    scene = Scene(pods=pods("web"))
    scene.api.put(policy_object())
    await scene.start()
    await scene.tell(1)
    scene.api.put({**scene.api.policies["one"], "spec": WRONG})
    scene.upkeep.take("MODIFIED", scene.api.policies["one"])
    await scene.tell(1)

    assert {"one": ("False", "InvalidSelector")} == scene.conditions()


async def test_only_the_one_that_leads_writes() -> None:
    """Only the leader writes status, and a new leader does so at once."""
    scene = Scene(is_leader=False)
    scene.api.put(policy_object())
    await scene.start()
    await scene.tell()
    before = len(scene.api.written)
    scene.is_leader = True
    await scene.tell(1)

    assert (0, 1) == (before, len(scene.api.written))


async def test_a_status_is_not_given_to_a_namesake() -> None:
    """A status is not written to another policy that was created under the same name."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    scene.api.put(policy_object(uid="another"))
    await scene.tell(1)
    assert [] == scene.api.written
    await scene.keep_up(30)
    await scene.tell(1)

    assert 1 == len(scene.api.written)


async def test_a_policy_that_is_gone_is_no_trouble(caplog: pytest.LogCaptureFixture) -> None:
    """A policy that was deleted since it was read delays the status of no other one."""
    caplog.set_level(logging.WARNING)
    scene = Scene()
    scene.api.put(policy_object("one"))
    scene.api.put(policy_object("two"))
    await scene.start()
    del scene.api.policies["two"]  # it would be written first, as it was applied last
    await scene.tell(1)

    assert (1, []) == (len(scene.api.written), caplog.messages)


@pytest.mark.parametrize(("code", "tries"), [(403, 1), (500, 1), (422, 2)])
async def test_a_refusal_is_warned_of_once(
    code: int, tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused write is logged once and tried again later, not for every other policy."""
    caplog.set_level(logging.WARNING)
    scene = Scene()
    scene.api.put(policy_object("one"))
    scene.api.put(policy_object("two"))
    scene.api.refuse["PATCH"] = code
    await scene.start()
    await scene.tell(COUNT_SECONDS - 2)
    patches = sum(verb == "PATCH" for verb, _ in scene.api.asked)
    await scene.tell(COUNT_SECONDS)
    messages = [each.message for each in caplog.records]
    scene.api.refuse.clear()
    await scene.tell(2 * COUNT_SECONDS)

    assert tries == patches
    assert ["The status of a policy could not be written"] == messages
    assert 2 == len(scene.api.written)


async def test_a_server_that_asks_to_wait_is_left_alone() -> None:
    """After a Retry-After, no status is written before its end."""
    scene = Scene()
    for n in range(5):
        scene.api.put(policy_object(f"p{n}"))
    scene.api.refuse["PATCH"], scene.api.wait = 429, 10.0
    await scene.start()
    await scene.tell(9)
    early = sum(verb == "PATCH" for verb, _ in scene.api.asked)
    scene.api.refuse.clear()
    await scene.tell(3)

    assert (1, 5) == (early, len(scene.api.written))


async def test_a_server_in_trouble_is_asked_ever_more_seldom() -> None:
    """Pauses grow while the server keeps refusing, and start over after a success."""
    scene = Scene()
    for n in range(50):
        scene.api.put(policy_object(f"p{n}"))
    scene.api.refuse["PATCH"], scene.api.wait = 429, 1.0
    await scene.start()
    tries = []
    for _ in range(2):
        before = len(scene.api.asked)
        await scene.tell(64)
        tries.append(len(scene.api.asked) - before)
    scene.api.refuse.clear()
    await scene.tell(31)
    assert scene.api.written
    scene.api.refuse["PATCH"] = 429
    before = len(scene.api.asked)
    await scene.tell(4)

    assert [7, 2] == tries
    assert 2 <= len(scene.api.asked) - before


@pytest.mark.slow
async def test_a_server_in_trouble_for_hours_is_still_asked() -> None:
    """After hours of refusals, statuses are written soon after the server accepts them."""
    scene = Scene()
    scene.api.put(policy_object())
    scene.api.refuse["PATCH"], scene.api.wait = 429, 1.0
    await scene.start()
    await scene.tell(9 * 3600)
    scene.api.refuse.clear()
    await scene.tell(31)

    assert 1 == len(scene.api.written)


async def test_one_that_is_broken_does_not_stand_before_all_others() -> None:
    """A policy whose status write always fails does not keep others from getting theirs."""
    scene = Scene()
    for name in ("one", "two", "three"):
        scene.api.put(policy_object(name))
    scene.api.broken = {"three"}
    await scene.start()
    await scene.tell(3 * COUNT_SECONDS)

    assert {"one", "two"} == scene.conditions().keys()


NO_RIGHT = 'User "probewatch" cannot patch resource "probepolicies/status"'


@pytest.mark.parametrize(
    ("words", "namespaces", "told"),
    [
        ("denied by a webhook", (), 2),
        (NO_RIGHT, ("aaa", "shop", "zzz"), 2),
        (NO_RIGHT, (), 0),
    ],
)
async def test_a_namespace_that_is_refused_does_not_concern_the_others(
    words: str, namespaces: tuple[str, ...], told: int
) -> None:
    """A refusal in one namespace stops no writes in others.

    Only a missing right of an operator for the whole cluster does.
    """
    scene = Scene(namespaces=namespaces)
    scene.api.closed["aaa"] = words
    for namespace in ("aaa", "shop", "zzz"):
        scene.api.put(policy_object(f"first-{namespace}", namespace=namespace))
    scene.api.put(policy_object("second-aaa", namespace="aaa"))
    await scene.start()
    await scene.tell(COUNT_SECONDS - 2)

    assert told == len(scene.api.written)
    assert told + 1 == sum(verb == "PATCH" for verb, _ in scene.api.asked)


async def test_many_statuses_are_written_at_a_steady_rate() -> None:
    """The statuses of a hundred policies are spread over a minute."""
    scene = Scene()
    for n in range(100):
        scene.api.put(policy_object(f"p{n}"))
    await scene.start()
    await scene.tell(10)
    at_first = len(scene.api.written)
    await scene.tell(60)

    assert 20 <= at_first <= 45
    assert 100 == len(scene.api.written)


async def test_the_policy_that_was_applied_last_comes_first() -> None:
    """A policy that was just applied gets its status before many that wait for their first one."""
    scene = Scene()
    for n in range(200):
        scene.api.put(policy_object(f"p{n}"))
    await scene.start()
    await scene.tell(10)
    scene.api.put(policy_object("mine", WRONG))
    scene.upkeep.take("ADDED", scene.api.policies["mine"])
    await scene.tell(2)

    assert ("False", "InvalidSelector") == scene.conditions()["mine"]


async def test_verdicts_come_before_numbers_and_these_in_turn() -> None:
    """While all counts keep changing, each is written in turn, and changed conditions at once."""
    scene = Scene()
    for n in range(100):
        scene.api.put(policy_object(f"p{n:03}", {"selector": {"matchLabels": {"app": f"a{n}"}}}))
    await scene.start()
    await scene.tell(80)
    assert 100 == len(scene.api.written)
    for n in range(100):
        scene.pods += [FakePod({"app": f"a{n}"}, uid=PodUid(f"u{n}-{i}")) for i in range(2)]
    await scene.tell(100)
    scene.pods = [each for each in scene.pods if not each.uid.endswith("-1")]
    scene.pods = [each for each in scene.pods if each.labels["app"] != "a99"]
    await scene.tell(COUNT_SECONDS)
    conditions = scene.conditions()
    await scene.tell(2 * COUNT_SECONDS)

    assert ("True", "NoPods") == conditions.pop("p099")
    assert {("True", "InEffect")} == set(conditions.values())
    numbers = {each["status"]["matchedPods"] for each in scene.api.policies.values()}
    assert {0, 1} == numbers


async def test_who_does_not_lead_any_more_stops_in_the_middle() -> None:
    """A leader that loses its Lease stops writing at once; the next one writes the rest."""
    scene = Scene(leads_for=5)
    for n in range(100):
        scene.api.put(policy_object(f"p{n}"))
    await scene.start()
    await scene.tell(60)
    before = len(scene.api.written)
    scene.leads_for = 1000
    await scene.tell(60)

    assert (5, 100) == (before, len(scene.api.written))


async def test_pods_are_counted_again_where_policies_select_otherwise() -> None:
    """Only a changed selection causes a new count of pods, not an annotation or a status."""
    scene = Scene(pods=pods("web", "db"))
    scene.api.put(policy_object())
    await scene.start()
    await scene.tell(1)
    for n in range(10):
        one = scene.api.policies["one"]
        scene.api.put({**one, "metadata": {**one["metadata"], "annotations": {"n": str(n)}}})
        scene.upkeep.take("MODIFIED", scene.api.policies["one"])
        await scene.tell(1)
    noted = scene.counted
    scene.api.put(policy_object(spec=WEB, generation=2))
    scene.upkeep.take("MODIFIED", scene.api.policies["one"])
    await scene.tell(1)

    assert (1, 2) == (noted, scene.counted)
    assert 1 == scene.api.policies["one"]["status"]["matchedPods"]
