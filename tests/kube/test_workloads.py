"""The workload of a pod is read from the API server once, and never guessed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from probewatch.core.model import OwnerRef, PodRef, PodUid, Workload
from probewatch.errors import ApiError
from probewatch.kube.owner_refusals import KEPT_SECONDS
from probewatch.kube.workloads import (
    AT_ONCE,
    DOUBT_SECONDS,
    METADATA_ONLY,
    Workloads,
    nearest_workload,
)
from tests.support.fake_time import FakeTime

REPLICA_SET = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="web-7d9f", uid="rs-1")
JOB = OwnerRef(api_version="batch/v1", kind="Job", name="tidy-123", uid="job-1")
PATH = "/apis/apps/v1/namespaces/shop/replicasets/web-7d9f"


def pod(owner: OwnerRef | None = REPLICA_SET, uid: str = "u-1") -> PodRef:
    return PodRef(uid=PodUid(uid), namespace="shop", name="web-7d9f-x", owner=owner)


def owned_by(kind: str, name: str, *, uid: str = "rs-1", api_version: str = "apps/v1") -> bytes:
    reference = {"apiVersion": api_version, "kind": kind, "name": name, "uid": "o-1"}
    owners = [{"kind": "Other", "name": "not-the-controller"}, {**reference, "controller": True}]
    metadata = {"namespace": "shop", "uid": uid, "ownerReferences": owners}
    return msgspec.json.encode({"metadata": metadata})


def workload(kind: str, name: str, api_version: str = "apps/v1", uid: str = "o-1") -> Workload:
    return Workload(namespace="shop", kind=kind, name=name, api_version=api_version, uid=uid)


NEAREST = workload("ReplicaSet", "web-7d9f", uid="rs-1")


@dataclass
class FakeApi:
    """Gives its answers one after the other, the last one for ever."""

    answers: list[tuple[int, bytes] | ApiError] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    waits: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)

    async def request(
        self, verb: str, path: str, *, params: object = None, accept: str = ""
    ) -> tuple[int, bytes]:
        assert params is None
        self.asked.append((verb, path, accept))
        await self.waits()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ApiError):
            raise answer
        return answer


@dataclass
class NamespacedApi:
    """Reads owners in the namespace `shop`, and forbids it in every other."""

    async def request(
        self, _verb: str, path: str, *, params: object = None, accept: str = ""
    ) -> tuple[int, bytes]:
        assert (None, METADATA_ONLY) == (params, accept)
        await asyncio.sleep(0)
        return (200, owned_by("Deployment", "web")) if "/shop/" in path else FORBIDDEN


def known(*answers: tuple[int, bytes] | ApiError) -> tuple[Workloads, FakeApi, FakeTime]:
    api, time = FakeApi(answers=list(answers)), FakeTime()
    return Workloads(requester=api, clock=time.clock), api, time


async def test_replica_set_stands_for_its_deployment() -> None:
    """The ReplicaSet's controller is the workload; only metadata is requested."""
    workloads, api, _ = known((200, owned_by("Deployment", "web")))

    assert workload("Deployment", "web") == await workloads.resolve(pod())
    assert [("GET", PATH, METADATA_ONLY)] == api.asked


async def test_job_stands_for_its_cron_job() -> None:
    """The workload of a Job's pod is its CronJob."""
    workloads, api, _ = known(
        (200, owned_by("CronJob", "tidy", uid="job-1", api_version="batch/v1"))
    )

    found = await workloads.resolve(pod(JOB))

    assert workload("CronJob", "tidy", api_version="batch/v1") == found
    assert "/apis/batch/v1/namespaces/shop/jobs/tidy-123" == api.asked[0][1]


@pytest.mark.parametrize(
    "owner",
    [
        replace(REPLICA_SET, name="../../../../../../api/v1/namespaces/kube-system/secrets"),
        replace(REPLICA_SET, name=".."),
        replace(REPLICA_SET, name="."),
        replace(REPLICA_SET, name=""),
        replace(REPLICA_SET, name="%2e%2e"),
        replace(REPLICA_SET, name="?resourceVersion=0"),
        replace(REPLICA_SET, name="x#y"),
        replace(REPLICA_SET, name="Web"),
        replace(REPLICA_SET, name="web\n"),
        replace(REPLICA_SET, api_version="apps/v1/../../../metrics"),
        replace(REPLICA_SET, api_version="apps/.."),
        replace(REPLICA_SET, api_version="apps/v1beta1"),
    ],
    ids=lambda owner: f"{owner.api_version} {owner.name}",
)
async def test_owner_that_cannot_be_is_not_asked_for(owner: OwnerRef) -> None:
    """An owner reference is free text: only valid names lead to a request."""
    workloads, api, _ = known((200, b"{}"))

    assert nearest_workload(pod(owner)) == await workloads.resolve(pod(owner))
    assert [] == api.asked


async def test_owner_without_an_owner_is_the_workload() -> None:
    """A ReplicaSet without a controller is the workload, for good."""
    workloads, api, time = known((200, b'{"metadata": {"namespace": "shop", "uid": "rs-1"}}'))

    assert NEAREST == await workloads.resolve(pod())
    time.seconds += 10 * DOUBT_SECONDS
    assert NEAREST == workloads.find(pod())
    assert 1 == len(api.asked)


OTHERS = {
    "StatefulSet": OwnerRef(api_version="apps/v1", kind="StatefulSet", name="db", uid="s-1"),
    "DaemonSet": OwnerRef(api_version="apps/v1", kind="DaemonSet", name="agent", uid="d-1"),
    "custom": OwnerRef(api_version="argoproj.io/v1", kind="Workflow", name="w", uid="w-1"),
    "a namesake": OwnerRef(api_version="example.com/v1", kind="ReplicaSet", name="r", uid="r-1"),
}


@pytest.mark.parametrize("owner", OTHERS.values(), ids=OTHERS.keys())
async def test_other_owners_are_not_asked_about(owner: OwnerRef) -> None:
    """Owners of other kinds are the workload themselves."""
    workloads, api, _ = known((500, b""))

    found = await workloads.resolve(pod(owner))

    assert (owner.kind, owner.name) == (found.kind, found.name)
    assert [] == api.asked


@pytest.mark.parametrize(
    "owner", [None, OwnerRef(api_version="v1", kind="Node", name="n1", uid="n-1")]
)
def test_pod_without_a_controller_is_its_own_workload(owner: OwnerRef | None) -> None:
    """A pod without a controller, or of a node (a static pod), is its own workload."""
    expected = Workload(namespace="shop", kind="Pod", name="web-7d9f-x", uid="u-1")

    assert expected == nearest_workload(pod(owner))


async def test_owner_of_another_namespace_is_not_taken_for_its_own() -> None:
    """An owner's uid claimed from another namespace is not trusted."""
    workloads, api, _ = known((200, owned_by("Deployment", "web")), (404, b""))
    theirs = replace(pod(uid="u-2"), namespace="other")

    assert workload("Deployment", "web") == await workloads.resolve(pod())
    assert workloads.find(theirs) is None
    found = await workloads.resolve(theirs)
    assert ("other", "ReplicaSet", "web-7d9f") == (found.namespace, found.kind, found.name)
    assert "/apis/apps/v1/namespaces/other/replicasets/web-7d9f" == api.asked[1][1]
    assert workload("Deployment", "web") == workloads.find(pod())


async def test_each_owner_is_asked_about_once() -> None:
    """Each owner is requested once, also by concurrent lookups."""
    workloads, api, _ = known((200, owned_by("Deployment", "web")))

    found = await asyncio.gather(*(workloads.resolve(pod(uid=f"u-{n}")) for n in range(5)))

    assert {workload("Deployment", "web")} == set(found)
    assert workload("Deployment", "web") == workloads.find(pod(uid="u-9"))
    assert 1 == len(api.asked)


@pytest.mark.parametrize("status", [401, 408, 429, 500])
async def test_trouble_that_passes_is_waited_out(status: int) -> None:
    """A server that is busy, or knows a token no longer, is asked again within a time limit."""
    workloads, api, _ = known((status, b""), (503, b""), (200, owned_by("Deployment", "web")))

    assert workload("Deployment", "web") == await workloads.resolve(pod())
    assert 3 == len(api.asked)


ELSEWHERE = owned_by("Deployment", "secret").replace(b'"shop"', b'"bank"')
UNKNOWN = {
    "gone": (404, b"{}"),
    "another of that name": (200, owned_by("Deployment", "other", uid="rs-2")),
    "of another namespace": (200, ELSEWHERE),
    "garbage": (200, b"<html>"),
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN.keys())
async def test_what_cannot_be_known_is_not_guessed(answer: tuple[int, bytes]) -> None:
    """If the owner cannot be read, the nearest owner is used and it is read a minute later."""
    workloads, api, time = known(answer, (200, owned_by("Deployment", "web")))

    assert NEAREST == await workloads.resolve(pod())
    assert NEAREST == workloads.find(pod())
    time.seconds += DOUBT_SECONDS
    assert None is workloads.find(pod())
    assert workload("Deployment", "web") == await workloads.resolve(pod())
    assert 2 == len(api.asked)


async def test_server_that_has_just_started_is_not_believed() -> None:
    """A starting server's refusal does not lead to a wrong workload."""
    forbidden = (403, b"{}")
    workloads, _, _ = known(forbidden, forbidden, (200, owned_by("Deployment", "web")))

    assert workload("Deployment", "web") == await workloads.resolve(pod())


async def test_right_that_is_missing_is_waited_for_once() -> None:
    """With a missing right the wait happens once; later owners take one request each."""
    workloads, api, time = known((403, b"{}"))
    before = time.seconds
    assert NEAREST == await workloads.resolve(pod())
    waited, tries = time.seconds - before, len(api.asked)
    for number in range(3):
        await workloads.resolve(pod(replace(REPLICA_SET, name=f"r{number}", uid=f"{number}")))

    assert 3 <= waited <= 5
    assert tries + 3 == len(api.asked)
    assert waited == time.seconds - before


FORBIDDEN = (403, b"{}")


def other(name: str, *, namespace: str = "shop") -> PodRef:
    """A pod of another owner, whose uid is the owner's name."""
    return replace(of(namespace), owner=replace(REPLICA_SET, name=name, uid=name))


def found(name: str, *, namespace: str = "shop") -> tuple[int, bytes]:
    """The answer about that owner, which belongs to a Deployment."""
    return 200, owned_by("Deployment", "web", uid=name).replace(
        b'"shop"', f'"{namespace}"'.encode()
    )


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("Deployment", found("r1")), ("ReplicaSet", (404, b"{}"))],
    ids=["an owner", "no such owner"],
)
async def test_right_that_was_granted_is_not_given_up_again(
    kind: str, answer: tuple[int, bytes]
) -> None:
    """After a request was answered, a refusal is doubted again, as by a server that restarts."""
    workloads, _, _ = known(*[FORBIDDEN] * 5, answer, FORBIDDEN, found("r2"))
    assert "ReplicaSet" == (await workloads.resolve(other("r0"))).kind
    assert kind == (await workloads.resolve(other("r1"))).kind

    assert "Deployment" == (await workloads.resolve(other("r2"))).kind


async def test_right_that_is_missing_in_one_namespace_is_no_sign_for_another() -> None:
    """A right missing in one namespace does not shorten the doubt in another."""
    bank = found("r1", namespace="bank")
    workloads, _, _ = known(*[FORBIDDEN] * 5, FORBIDDEN, bank)
    assert "ReplicaSet" == (await workloads.resolve(other("r0"))).kind

    assert "Deployment" == (await workloads.resolve(other("r1", namespace="bank"))).kind


async def test_right_that_is_missing_for_one_kind_is_no_sign_for_another() -> None:
    """However many namespaces refuse ReplicaSets, a Job that is refused is asked for again."""
    web = (200, owned_by("CronJob", "web", uid="j-1"))
    workloads, _, _ = known(*[FORBIDDEN] * 10, FORBIDDEN, web)
    for name in ("shop", "bank"):
        assert "ReplicaSet" == (await workloads.resolve(of(name))).kind
    job = OwnerRef(api_version="batch/v1", kind="Job", name="web-1", uid="j-1")

    assert "CronJob" == (await workloads.resolve(pod(owner=job))).kind


async def test_right_that_is_missing_everywhere_is_waited_for_in_two_namespaces() -> None:
    """With a right missing everywhere, a first sync waits in two namespaces only."""
    workloads, api, time = known(FORBIDDEN)
    before = time.seconds
    for name in ("shop", "bank", "mail", "blog"):
        assert "ReplicaSet" == (await workloads.resolve(of(name))).kind

    assert 6 <= time.seconds - before <= 10
    assert 12 == len(api.asked)


async def test_right_that_some_have_is_doubted_elsewhere() -> None:
    """After an owner could be read somewhere, missing rights from before are no sign for others."""
    mail, blog = found("r1", namespace="mail"), found("r2", namespace="blog")
    workloads, _, _ = known(*[FORBIDDEN] * 10, mail, FORBIDDEN, blog)
    for name in ("shop", "bank"):
        assert "ReplicaSet" == (await workloads.resolve(of(name))).kind
    assert "Deployment" == (await workloads.resolve(other("r1", namespace="mail"))).kind

    assert "Deployment" == (await workloads.resolve(other("r2", namespace="blog"))).kind


async def test_right_that_was_missing_long_ago_is_asked_for_anew() -> None:
    """A refusal is believed for ten minutes; later one is doubted as if it were the first."""
    workloads, _, time = known(*[FORBIDDEN] * 5, FORBIDDEN, found("r1"))
    assert "ReplicaSet" == (await workloads.resolve(other("r0"))).kind
    time.seconds += KEPT_SECONDS

    assert "Deployment" == (await workloads.resolve(other("r1"))).kind


async def test_missing_right_is_believed_from_a_slow_server() -> None:
    """A slow server is asked less often, so that a refusal is still certain in time."""
    workloads, api, time = known(FORBIDDEN)
    api.waits = lambda: time.sleep(1)
    before = time.seconds
    await workloads.resolve(pod())
    waited, tries = time.seconds - before, len(api.asked)

    await workloads.resolve(other("r1"))

    assert waited <= 5
    assert tries + 1 == len(api.asked)


async def test_wait_for_a_right_holds_up_nobody_else() -> None:
    """Waiting for forbidden namespaces does not delay lookups in others."""
    api, time = NamespacedApi(), FakeTime()
    workloads = Workloads(requester=api, clock=time.clock)
    forbidden = [of(f"n{number}") for number in range(2 * AT_ONCE)]
    waiting = [asyncio.create_task(workloads.resolve(each)) for each in forbidden]
    await asyncio.sleep(0)

    assert workload("Deployment", "web") == await workloads.resolve(pod())
    assert not any(each.done() for each in waiting)
    assert {"ReplicaSet"} == {each.kind for each in await asyncio.gather(*waiting)}


async def test_missing_right_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A missing right is logged once a minute, however many owners and namespaces lack it."""
    workloads, _, time = known(FORBIDDEN)
    for number in range(3):
        await workloads.resolve(other(f"r{number}"))
        await workloads.resolve(other(f"r{number}", namespace="bank"))
    assert 1 == len(caplog.messages)
    time.seconds += 60

    await workloads.resolve(other("r3", namespace="mail"))

    assert ["A right is missing: get; workloads are named by their nearest owner"] * 2 == (
        caplog.messages
    )
    assert ["shop", "mail"] == [vars(each)["namespace"] for each in caplog.records]


async def test_server_that_is_away_is_not_asked_for_every_owner() -> None:
    """Without an answer no request is made for a while: findings are not delayed."""
    workloads, api, time = known(ApiError("no answer"))
    await workloads.resolve(pod())
    tries = len(api.asked)
    other = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="other", uid="rs-9")

    before = time.seconds
    found = await workloads.resolve(pod(other))

    assert ("other", tries, before) == (found.name, len(api.asked), time.seconds)


def of(namespace: str) -> PodRef:
    """The pod in another namespace."""
    return replace(pod(), namespace=namespace)


async def test_one_namespace_does_not_silence_another() -> None:
    """A failed lookup in one namespace does not stop those in others."""
    workloads, _, time = known(ApiError("no answer"), (200, owned_by("Deployment", "web")))
    await workloads.resolve(of("noisy"))

    before = time.seconds
    assert workload("Deployment", "web") == await workloads.resolve(pod())
    assert before == time.seconds


async def test_server_that_answers_nobody_is_left_alone_by_all() -> None:
    """After failures in two namespaces no lookup waits; a while later it is tried again."""
    workloads, api, time = known(*[ApiError("-")] * 2, (200, owned_by("Deployment", "web")))
    await workloads.resolve(of("noisy"))
    await workloads.resolve(of("loud"))

    assert NEAREST == await workloads.resolve(pod())
    assert 2 == len(api.asked)
    time.seconds += DOUBT_SECONDS
    assert workload("Deployment", "web") == await workloads.resolve(pod())


async def test_namespaces_without_an_answer_do_not_silence_those_that_have_one() -> None:
    """Any answer shows that the API server is there."""
    deployment = (200, owned_by("Deployment", "web"))
    workloads, _, time = known(ApiError("-"), (404, b""), ApiError("-"), deployment)
    await workloads.resolve(of("noisy"))
    time.seconds += 0.1
    await workloads.resolve(pod(replace(REPLICA_SET, uid="rs-0")))
    time.seconds += 0.1
    await workloads.resolve(of("loud"))

    assert workload("Deployment", "web") == await workloads.resolve(pod())


async def test_request_outlives_its_first_caller() -> None:
    """Cancelling the first lookup does not cancel it for the others."""
    workloads, api, _ = known((200, owned_by("Deployment", "web")))
    first = asyncio.create_task(workloads.resolve(pod()))
    await asyncio.sleep(0)
    second = asyncio.create_task(workloads.resolve(pod(uid="u-2")))
    first.cancel()

    assert workload("Deployment", "web") == await second
    assert 1 == len(api.asked)
