"""The parts that follow policies, against an API whose responses the test decides."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from probewatch.core.model import PodUid
from probewatch.core.policy import Policy
from probewatch.errors import ApiError
from probewatch.kube.policies.api import PolicyApi
from probewatch.policies.index import PolicyIndex
from probewatch.policies.statuses import COUNT_SECONDS, PolicyStatuses
from probewatch.policies.upkeep import PolicyUpkeep
from tests.support.fake_time import FakeTime
from tests.support.probe_policies import Json

DEFAULT = Policy()
ONE = PodUid("u1")
REFUSED = {"kind": "Status", "message": "no"}
MANY_BEATS = 200
LARGEST_PAGE = 25
"""The largest page that may be asked for: a policy may have 1.5 MB."""


class Over(BaseException):
    """Ends a worker when the test's time is up."""


@dataclass
class EndingTime(FakeTime):
    """A clock that moves when someone sleeps, up to *end*."""

    seconds: float = 1_800_000_000.0
    end: float = 1_800_000_000.0

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.seconds > self.end:
            raise Over


@dataclass
class FakePolicies:
    """The policies of an API server by name; `refuse` maps a verb to an error status."""

    policies: dict[str, Json] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    """By verb."""
    wait: float = 0.0
    """The Retry-After of those errors in seconds; 0 for none."""
    broken: set[str] = field(default_factory=set)
    """Policies whose status writes fail with an internal error."""
    closed: dict[str, str] = field(default_factory=dict)
    """Namespaces whose status writes are forbidden, with the message."""
    is_away: bool = False
    garbage: bytes = b""
    """Returned instead of lists."""
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
            return self.refuse[verb], json.dumps(self._refusal()).encode()
        if verb == "PATCH":
            if path.split("/")[7] in self.broken:
                return 500, json.dumps(REFUSED).encode()
            if words := self.closed.get(path.split("/")[5]):
                return 403, json.dumps({"kind": "Status", "message": words}).encode()
            return self._patch(body, params, content_type)
        return 200, self.garbage or json.dumps(self._page(path, params or {})).encode()

    def _refusal(self) -> Json:
        return {**REFUSED, "details": {"retryAfterSeconds": self.wait}} if self.wait else REFUSED

    def _page(self, path: str, params: Mapping[str, str]) -> Json:
        """Return a page of two policies, whatever limit is asked for."""
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
        # As in a server-side apply, conditions of others stay: they are merged by type.
        before = known.get("status", {}).get("conditions", [])
        others = [each for each in before if each["type"] != "Accepted"]
        after = {**status, "conditions": [*status["conditions"], *others]}
        if after != known.get("status"):
            self.put({**known, "status": after})
        return 200, json.dumps(self.policies[name]).encode()


@dataclass(frozen=True)
class FakePod:
    """The fields of a pod that policies look at."""

    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = "shop"
    uid: PodUid = ONE


@dataclass
class Scene:
    """The index, the status writer and the upkeep of policies, against a fake API."""

    api: FakePolicies = field(default_factory=FakePolicies)
    time: EndingTime = field(default_factory=EndingTime)
    pods: list[FakePod] = field(default_factory=list)
    is_leader: bool = True
    leads_for: int = 1000
    """The number of writes after which it is no longer the leader."""
    counted: int = 0
    """How often the list of all pods was read."""
    anew: int = 0
    namespaces: tuple[str, ...] = ()
    index: PolicyIndex = field(init=False)
    statuses: PolicyStatuses = field(init=False)
    upkeep: PolicyUpkeep = field(init=False)

    def __post_init__(self) -> None:
        self.index = PolicyIndex(DEFAULT, lambda _namespace: None)
        api = PolicyApi(self.api, self.namespaces, known=self.index.find)
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
            restart_kopf=self.restart_kopf,
            clock=self.time.clock,
        )

    def list_pods(self) -> list[FakePod]:
        self.counted += 1
        return self.pods

    async def restart_kopf(self) -> None:
        self.anew += 1
        await self.upkeep.served()

    async def go(self, seconds: float) -> None:
        """Let so much time pass for the upkeep, and then for the status writer."""
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
    return [FakePod({"tier": tier}, uid=PodUid(f"u{n}")) for n, tier in enumerate(tiers)]


WEB = {"selector": {"matchLabels": {"tier": "web"}}}
WRONG = {"selector": {"matchLabels": {"a b": "c"}}}
