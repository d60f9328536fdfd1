"""Policies are followed whatever happens to the API, and told of where it is worth it."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from probewatch.clock import Clock
from probewatch.core.model import PodUid
from probewatch.core.policy import Policy
from probewatch.errors import ApiError
from probewatch.kube.policies.api import PolicyApi
from probewatch.policies.index import PolicyIndex
from probewatch.policies.statuses import COUNT_SECONDS, PolicyStatuses
from probewatch.policies.upkeep import LIST_SECONDS, PolicyDoor, PolicyUpkeep
from tests.support.probe_policies import BORN, Json, policy_object

DEFAULT = Policy()
LIST = "/apis/probewatch.dev/v1alpha1/probepolicies"
REFUSED = {"kind": "Status", "message": "no"}
MANY_BEATS = 200
LARGEST_PAGE = 25
"""More at once would be a burden: a policy may have a megabyte and a half."""


class Over(BaseException):
    """The test has seen enough."""


@dataclass
class FakeTime:
    """A clock that moves when someone sleeps, up to *end*."""

    seconds: float = 1_800_000_000.0
    end: float = 1_800_000_000.0

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)
        if self.seconds > self.end:
            raise Over

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, monotonic=lambda: self.seconds, sleep=self.sleep)


@dataclass
class FakeApi:
    """Policies by name, as an API server answers; `refuse` is the status of other answers."""

    policies: dict[str, Json] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    """By method."""
    closed: dict[str, str] = field(default_factory=dict)
    """Namespaces whose statuses may not be written, and what is said then."""
    is_away: bool = False
    garbage: bytes = b""
    """Instead of lists."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    written: list[Json] = field(default_factory=list)
    version: int = 100

    def put(self, body: Json) -> None:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.policies[body["metadata"]["name"]] = body

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "",
    ) -> tuple[int, bytes]:
        self.asked.append((verb, path))
        if self.is_away:
            raise ApiError("the API server cannot be reached")
        if verb in self.refuse:
            return self.refuse[verb], json.dumps(REFUSED).encode()
        if verb == "PATCH":
            if words := self.closed.get(path.split("/")[5]):
                return 403, json.dumps({"kind": "Status", "message": words}).encode()
            return self._patch(body, params, content_type)
        return 200, self.garbage or json.dumps(self._page(path, params or {})).encode()

    def _page(self, path: str, params: Mapping[str, str]) -> Json:
        """Two policies in a page, whatever is asked for."""
        wanted = path.split("/")[5] if "/namespaces/" in path else ""
        items = [
            item for item in self.policies.values() if wanted in {"", item["metadata"]["namespace"]}
        ]
        assert int(params["limit"]) <= LARGEST_PAGE
        begin = int(params.get("continue", "0"))
        more = str(begin + 2) if begin + 2 < len(items) else ""
        meta = {"resourceVersion": str(self.version), "continue": more}
        return {"metadata": meta, "items": items[begin : begin + 2] or None}

    def _patch(
        self, body: object, params: Mapping[str, str] | None, content_type: str
    ) -> tuple[int, bytes]:
        assert isinstance(body, dict)
        assert "application/apply-patch+yaml" == content_type
        assert {"fieldManager": "probewatch", "force": "true"} == params
        name = body["metadata"]["name"]
        if name not in self.policies:
            return 404, json.dumps(REFUSED).encode()
        known = self.policies[name]
        if known["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            return 409, json.dumps(REFUSED).encode()
        status = json.loads(msgspec.json.encode(body["status"]))
        self.written.append(status)
        # What others apply stays: conditions are merged by their type.
        before = known.get("status", {}).get("conditions", [])
        others = [each for each in before if each["type"] != "Accepted"]
        after = {**status, "conditions": [*status["conditions"], *others]}
        if after != known.get("status"):
            self.put({**known, "status": after})
        return 200, json.dumps(self.policies[name]).encode()


@dataclass(frozen=True)
class FakePod:
    """A pod of the namespace `shop`."""

    labels: Mapping[str, str]
    uid: PodUid
    namespace: str = "shop"


@dataclass
class Scene:
    """All about policies, against an API that is told what to answer."""

    api: FakeApi = field(default_factory=FakeApi)
    time: FakeTime = field(default_factory=FakeTime)
    pods: list[FakePod] = field(default_factory=list)
    is_leader: bool = True
    leads_for: int = 1000
    """Writes."""
    counted: int = 0
    """How often all pods were gone through."""
    anew: int = 0
    namespaces: tuple[str, ...] = ()
    index: PolicyIndex = field(init=False)
    statuses: PolicyStatuses = field(init=False)
    upkeep: PolicyUpkeep = field(init=False)

    def __post_init__(self) -> None:
        self.index = PolicyIndex(DEFAULT, lambda _namespace: None)
        api = PolicyApi(self.api, self.namespaces)
        self.statuses = PolicyStatuses(
            index=self.index,
            api=api,
            default=DEFAULT,
            pods=self.list_pods,
            may_write=lambda: self.is_leader and len(self.api.written) < self.leads_for,
            clock=self.time.clock,
        )
        self.upkeep = PolicyUpkeep(
            index=self.index,
            api=api,
            changed=self.statuses.touch,
            serve_anew=self.serve_anew,
            clock=self.time.clock,
        )

    def list_pods(self) -> list[FakePod]:
        self.counted += 1
        return self.pods

    async def serve_anew(self) -> None:
        self.anew += 1
        await self.upkeep.served()

    async def go(self, seconds: float) -> None:
        """Let so much time pass for both workers, one after the other at each beat."""
        await self.keep_up(seconds)
        await self.tell(seconds)

    async def keep_up(self, seconds: float) -> None:
        await self._run(self.upkeep.run, seconds)

    async def tell(self, seconds: float = COUNT_SECONDS) -> None:
        await self._run(self.statuses.run, seconds)

    async def _run(self, work: Any, seconds: float) -> None:  # noqa: ANN401  # a bound method
        self.time.end = self.time.seconds + seconds
        with pytest.raises(Over):
            await work()

    async def start(self) -> None:
        self.time.end = self.time.seconds + MANY_BEATS
        await self.upkeep.start()

    def conditions(self) -> dict[str, tuple[str, str]]:
        return {
            name: (
                each["status"]["conditions"][0]["status"],
                each["status"]["conditions"][0]["reason"],
            )
            for name, each in self.api.policies.items()
            if "status" in each
        }


def pods(*tiers: str) -> list[FakePod]:
    return [FakePod({"tier": tier}, PodUid(f"u{n}")) for n, tier in enumerate(tiers)]


WEB = {"selector": {"matchLabels": {"tier": "web"}}}
WRONG = {"selector": {"matchLabels": {"a b": "c"}}}


async def test_all_policies_are_read_before_pods_are_watched() -> None:
    """After the start every policy is known, however many pages they fill."""
    scene = Scene()
    for n in range(5):
        scene.api.put(policy_object(f"p{n}"))
    await scene.start()

    assert 5 == len(scene.index)
    assert await scene.upkeep.served()


async def test_named_namespaces_are_asked_one_by_one() -> None:
    """An operator for two namespaces lists those, and needs no right for others."""
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
    [(404, "There is no definition of ProbePolicy"), (403, "A right is missing: list and watch")],
)
async def test_without_definition_or_right_it_goes_on(
    code: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, kopf is told not to watch, and policies are found when they appear."""
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
    """A definition that goes and comes back starts kopf again twice, and no more often."""
    scene = Scene()
    await scene.start()
    await scene.upkeep.served()
    for refuse in ({"GET": 404}, {}):
        scene.api.refuse = dict(refuse)
        await scene.keep_up(4 * LIST_SECONDS)

    assert 2 == scene.anew


async def test_policies_of_a_definition_that_goes_go_too() -> None:
    """Without the definition no policy holds."""
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
    """It refuses in its first moment what it allows in the next; kopf goes on as well."""
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
    """A server in trouble, or a proxy that answers in its place, takes no policy away."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    await scene.upkeep.served()
    for name, value in trouble.items():
        setattr(scene.api, name, value)
    await scene.keep_up(30)

    assert (1, 0) == (len(scene.index), scene.anew)


async def test_a_server_that_is_away_changes_nothing() -> None:
    """What is known of policies holds while nobody answers, and for kopf as well."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    await scene.upkeep.served()
    scene.api.is_away = True
    await scene.keep_up(4 * LIST_SECONDS)

    assert (1, 0) == (len(scene.index), scene.anew)


async def test_the_start_does_not_wait_for_ever() -> None:
    """A server that is away at the start is asked again soon, and pods are watched meanwhile."""
    scene = Scene()
    scene.api.is_away = True
    scene.api.put(policy_object())
    await scene.start()
    assert 0 == len(scene.index)
    scene.api.is_away = False
    await scene.keep_up(4)

    assert 1 == len(scene.index)


async def test_what_is_as_it_was_is_not_read_again() -> None:
    """Each policy is held once, however large and however often it is listed; changes are read."""
    scene = Scene()
    scene.api.put(policy_object("same", WEB))
    scene.api.put(policy_object("other", WEB))
    await scene.start()
    before = {read.policy.name: read for read in scene.index.reads()}
    scene.api.put(policy_object("other", {**WEB, "priority": 7}))
    await scene.keep_up(30)
    after = {read.policy.name: read for read in scene.index.reads()}

    assert before["same"] is after["same"]
    assert (0, 7) == (before["other"].policy.priority, after["other"].policy.priority)


async def test_a_deletion_that_no_watch_told_is_found() -> None:
    """What was deleted while kopf was away is gone with the next list."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    scene.api.policies.clear()
    scene.api.version += 1
    await scene.keep_up(30)

    assert 0 == len(scene.index)


async def test_what_a_watch_tells_holds_at_once() -> None:
    """Events of all kinds reach the index; what is no policy is passed over."""
    scene = Scene()
    for kind in (None, "ADDED", "MODIFIED"):
        scene.upkeep.take(kind, policy_object(f"p{kind}"))
    scene.upkeep.take("ADDED", {"kind": "Status"})
    assert 3 == len(scene.index)
    scene.upkeep.take("DELETED", policy_object("pADDED"))

    assert 2 == len(scene.index)


async def test_another_loop_may_ask_whether_there_are_policies() -> None:
    """Kopf's thread gets its answer from the operator's loop."""
    scene = Scene()
    await scene.start()
    door = PolicyDoor(scene.upkeep, asyncio.get_running_loop())
    door.take("ADDED", policy_object())

    assert await asyncio.to_thread(lambda: asyncio.run(door.served()))
    assert 1 == len(scene.index)


async def test_what_became_of_each_policy_is_told() -> None:
    """Accepted or not, with the reason and the numbers of pods that are followed."""
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


async def test_nothing_is_written_when_nothing_changes() -> None:
    """Once told, a policy is left alone, for as long as it is as it was."""
    scene = Scene(pods=pods("web"))
    scene.api.put(policy_object())
    await scene.start()
    await scene.tell()
    first = len(scene.api.written)
    for _ in range(3):
        await scene.go(60)

    assert (1, 1) == (first, len(scene.api.written))


async def test_conditions_of_others_are_nothing_to_write_for() -> None:
    """What somebody else says of a policy stays, and is not written against for ever."""
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


async def test_numbers_of_pods_are_told_seldom() -> None:
    """Pods that come all the time lead to one write in half a minute, not to one for each."""
    scene = Scene(pods=pods("web"))
    scene.api.put(policy_object())
    await scene.start()
    begun = scene.time.seconds
    for n in range(100):
        scene.pods.append(FakePod({"n": str(n)}, PodUid(f"n{n}")))
        await scene.tell(1)

    assert 2 <= len(scene.api.written) <= 1 + (scene.time.seconds - begun) / COUNT_SECONDS


async def test_a_change_of_verdict_is_told_at_once() -> None:
    """A policy that becomes wrong says so with the next beat, whenever it was told last."""
    scene = Scene(pods=pods("web"))
    scene.api.put(policy_object())
    await scene.start()
    await scene.tell(1)
    scene.api.put({**scene.api.policies["one"], "spec": WRONG})
    scene.upkeep.take("MODIFIED", scene.api.policies["one"])
    await scene.tell(1)

    assert {"one": ("False", "InvalidSelector")} == scene.conditions()


async def test_only_the_one_that_leads_writes() -> None:
    """The others keep quiet, and the next that leads tells at once."""
    scene = Scene(is_leader=False)
    scene.api.put(policy_object())
    await scene.start()
    await scene.tell()
    before = len(scene.api.written)
    scene.is_leader = True
    await scene.tell(1)

    assert (0, 1) == (before, len(scene.api.written))


async def test_a_status_is_not_given_to_a_namesake() -> None:
    """A policy that was made anew meanwhile is told of as the one that it is."""
    scene = Scene()
    scene.api.put(policy_object())
    await scene.start()
    scene.api.put(policy_object(uid="another"))
    await scene.tell(1)
    assert [] == scene.api.written
    await scene.keep_up(30)
    await scene.tell(1)

    assert 1 == len(scene.api.written)


@pytest.mark.parametrize(("code", "tries"), [(403, 1), (500, 1), (422, 2)])
async def test_a_refusal_is_warned_of_once(
    code: int, tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What is refused is tried again later, not with every other policy, and said once."""
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
    """Where one namespace refuses statuses, the others' are told; a right of all is for all."""
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
    """A hundred policies are told of in a minute, not all at once."""
    scene = Scene()
    for n in range(100):
        scene.api.put(policy_object(f"p{n}"))
    await scene.start()
    await scene.tell(10)
    at_first = len(scene.api.written)
    await scene.tell(60)

    assert 20 <= at_first <= 45
    assert 100 == len(scene.api.written)


async def test_what_people_wait_for_is_told_first() -> None:
    """Behind many policies that were never told of, the one that was applied last comes next."""
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
    """While the numbers of all policies change all the time, each is told, and news at once."""
    scene = Scene()
    for n in range(100):
        scene.api.put(policy_object(f"p{n:03}", {"selector": {"matchLabels": {"app": f"a{n}"}}}))
    await scene.start()
    await scene.tell(80)
    assert 100 == len(scene.api.written)
    for n in range(100):
        scene.pods += [FakePod({"app": f"a{n}"}, PodUid(f"u{n}-{i}")) for i in range(2)]
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
    """However many statuses are left to write, the next leader writes them."""
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
    """A note on a policy, or its new status, is no reason to go through all pods."""
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
