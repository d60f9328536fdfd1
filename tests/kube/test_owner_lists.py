"""Before the first sync, owners of pods are read by lists where that is allowed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from probewatch.clock import Clock
from probewatch.core.model import OwnerRef, PodRef, PodUid, Workload
from probewatch.errors import ApiError
from probewatch.kube import owner_lists
from probewatch.kube.workloads import Workloads, nearest_workload

REPLICA_SETS, JOBS = "/apis/apps/v1/replicasets", "/apis/batch/v1/jobs"
IN_SHOP = "/apis/apps/v1/namespaces/shop/replicasets"

Answer = tuple[int, bytes] | ApiError
Asked = tuple[str, str]
"""A path and a continue token."""


@dataclass
class FakeApi:
    """Answers by path and continue token; everything else is 404."""

    answers: Mapping[Asked, Answer]
    asked: list[Asked] = field(default_factory=list)

    async def request(
        self,
        verb: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        accept: str = "application/json",
    ) -> tuple[int, bytes]:
        assert verb == "GET"
        assert "PartialObjectMetadata" in accept
        assert path not in {REPLICA_SETS, JOBS} or int((params or {})["limit"]) > 0
        asked = (path, (params or {}).get("continue", ""))
        self.asked.append(asked)
        answer = self.answers.get(asked, (404, b"{}"))
        if isinstance(answer, ApiError):
            raise answer
        return answer


def item(
    uid: str, deployment: str = "", namespace: str = "shop", revision: str = ""
) -> dict[str, object]:
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": deployment,
        "uid": f"uid-{deployment}",
        "controller": True,
    }
    metadata: dict[str, object] = {"name": f"name-{uid}", "namespace": namespace, "uid": uid}
    if revision:
        metadata["annotations"] = {owner_lists.REVISION: revision, "of-others": "any"}
    return {"metadata": {**metadata, "ownerReferences": [owner] if deployment else []}}


def page(*items: dict[str, object], token: str = "") -> tuple[int, bytes]:
    return 200, msgspec.json.encode({"metadata": {"continue": token}, "items": list(items)})


def deployment(name: str) -> Workload:
    uid = f"uid-{name}"
    return Workload(namespace="shop", kind="Deployment", name=name, api_version="apps/v1", uid=uid)


def pod(uid: str) -> PodRef:
    owner = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name=f"name-{uid}", uid=uid)
    return PodRef(uid=PodUid(f"pod-of-{uid}"), namespace="shop", name="x", owner=owner)


JOB = OwnerRef(api_version="batch/v1", kind="Job", name="name-job-1", uid="job-1")


def learn(api: FakeApi, *namespaces: str) -> Workloads:
    workloads = Workloads(requester=api, clock=Clock())
    asyncio.run(workloads.learn(namespaces))
    return workloads


def test_pages_are_read_to_the_end() -> None:
    """Owners on any page are known without a single request."""
    api = FakeApi(
        {
            (REPLICA_SETS, ""): page(item("rs-1", "web"), token="next"),
            (REPLICA_SETS, "next"): page(item("rs-2", "api")),
            (JOBS, ""): page(),
        }
    )

    workloads = learn(api)

    assert workloads.find(pod("rs-1")) == deployment("web")
    assert workloads.find(pod("rs-2")) == deployment("api")
    assert api.asked == [(REPLICA_SETS, ""), (REPLICA_SETS, "next"), (JOBS, "")]


def test_page_without_items_is_empty() -> None:
    """A server may write null for an empty list, which ends no listing."""
    empty = (200, b'{"metadata": {}, "items": null}')
    api = FakeApi({(REPLICA_SETS, ""): empty, (JOBS, ""): page(item("job-1", "web"))})

    assert learn(api).find(replace(pod("job-1"), owner=JOB)) == deployment("web")


def test_named_namespaces_are_listed_each_by_itself() -> None:
    """If namespaces are named, each is listed by itself, so Roles are enough."""
    api = FakeApi({(IN_SHOP, ""): page(item("rs-1", "web"))})

    assert learn(api, "shop", "bank").find(pod("rs-1")) == deployment("web")
    assert {path.split("/")[5] for path, _ in api.asked} == {"shop", "bank"}


def test_an_owner_of_its_own_is_the_workload() -> None:
    """A ReplicaSet without a controller is the workload itself."""
    api = FakeApi({(REPLICA_SETS, ""): page(item("rs-1"))})

    assert learn(api).find(pod("rs-1")) == nearest_workload(pod("rs-1"))


@pytest.mark.parametrize(
    ("field", "most"), [("name", 253), ("kind", 63), ("apiVersion", 317), ("uid", 128)]
)
def test_a_controller_of_which_no_report_can_speak_is_none(field: str, most: int) -> None:
    """A controller of which one text is too long for a report is ignored."""
    owned = item("rs-1", "web")
    [owner] = msgspec.convert(owned["metadata"], dict[str, Any])["ownerReferences"]
    owner[field] = "n" * most
    at_most = FakeApi({(REPLICA_SETS, ""): page(owned)})
    assert learn(at_most).find(pod("rs-1")) != nearest_workload(pod("rs-1"))

    owner[field] += "n"
    api = FakeApi({(REPLICA_SETS, ""): page(owned)})

    assert learn(api).find(pod("rs-1")) == nearest_workload(pod("rs-1"))


def test_an_owner_of_another_namespace_is_not_taken_from_a_list() -> None:
    """Whoever creates a pod may name any uid: that does not count as a workload of others."""
    workloads = learn(FakeApi({(REPLICA_SETS, ""): page(item("rs-1", "web"))}))

    assert workloads.find(replace(pod("rs-1"), namespace="bank")) is None
    assert workloads.find(pod("rs-1")) == deployment("web")


def test_a_refused_or_broken_list_costs_nothing() -> None:
    """If a list fails, what was read counts and other owners are read one by one."""
    path = "/apis/apps/v1/namespaces/shop/replicasets/name-rs-2"
    one = msgspec.json.encode(item("rs-2", "api"))
    bad: tuple[Answer, ...] = ((403, b""), (410, b"{}"), (200, b'{"items": 1'), ApiError("away"))
    for answer in bad:
        first = page(item("rs-1", "web"), token="next")
        api = FakeApi(
            {(REPLICA_SETS, ""): first, (REPLICA_SETS, "next"): answer, (path, ""): (200, one)}
        )

        workloads = learn(api)

        assert workloads.find(pod("rs-1")) == deployment("web")
        assert workloads.find(pod("rs-2")) is None
        assert asyncio.run(workloads.resolve(pod("rs-2"))) == deployment("api")


def test_lists_are_forgotten_but_for_what_was_asked() -> None:
    """After the first sync only owners that were used are kept."""
    api = FakeApi({(REPLICA_SETS, ""): page(item("rs-1", "web"), item("rs-0", "web"))})
    workloads = learn(api)
    workloads.find(pod("rs-1"))

    workloads.forget_lists()

    assert workloads.find(pod("rs-1")) == deployment("web")
    assert workloads.find(pod("rs-0")) is None


def test_old_revisions_leave_room_for_others() -> None:
    """Only the newest two ReplicaSets of each Deployment are kept, in any order."""
    revisions = ("9", "11", "8", "10")
    api = FakeApi(
        {
            (REPLICA_SETS, ""): page(
                *(item(f"web-{each}", "web", revision=each) for each in revisions),
                item("api-1", "api", revision="1"),
                item("odd-1", "odd", revision="first"),
                item("odd-2", "odd", revision="first"),
                item("odd-3", "odd"),
            )
        }
    )

    found = asyncio.run(owner_lists.list_owners(api))

    assert set(found) == {"web-10", "web-11", "api-1", "odd-1", "odd-2", "odd-3"}
    assert found["web-10"] is found["web-11"]


def test_old_revisions_are_counted_in_each_namespace() -> None:
    """A ReplicaSet that names a Deployment of another namespace drops none of that one's."""
    theirs = [item(f"a-{each}", "web", revision=each) for each in ("1", "2")]
    others = [item(f"b-{each}", "web", "bank", revision=each) for each in ("8", "9")]
    api = FakeApi({(REPLICA_SETS, ""): page(*theirs, *others)})

    assert {"a-1", "a-2", "b-8", "b-9"} == set(asyncio.run(owner_lists.list_owners(api)))


def test_a_controller_is_taken_for_no_other_of_its_uid() -> None:
    """Two controllers with the same uid and different names stay apart."""
    status, body = page(item("rs-1", "web"), item("rs-2", "api"))
    api = FakeApi({(REPLICA_SETS, ""): (status, body.replace(b"uid-api", b"uid-web"))})

    found = asyncio.run(owner_lists.list_owners(api))

    assert [found["rs-1"].name, found["rs-2"].name] == ["web", "api"]


def test_what_is_held_is_bounded() -> None:
    """Listing stops once the bound is reached."""
    endless = page(*(item(f"rs-{number}", "web") for number in range(500)), token="")
    more = msgspec.json.decode(endless[1])
    bodies = {}
    for turn in range(owner_lists.LISTED_MOST // 500 + 1):
        for number, each in enumerate(more["items"]):
            each["metadata"]["uid"] = f"rs-{turn}-{number}"
        more["metadata"]["continue"] = str(turn + 1)
        bodies[REPLICA_SETS, str(turn) if turn else ""] = (200, msgspec.json.encode(more))
    api = FakeApi(bodies)

    found = asyncio.run(owner_lists.list_owners(api))

    assert len(found) == owner_lists.LISTED_MOST
    assert len(api.asked) == owner_lists.LISTED_MOST // owner_lists.PAGE
