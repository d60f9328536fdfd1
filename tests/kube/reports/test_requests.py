"""Requests for reports: what is sent to the API server, and whom a refusal concerns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from probewatch.errors import ApiError
from probewatch.kube.reports import objects
from probewatch.kube.reports.answers import LONGEST_WORDS, Answer, Outcome, sort_answer
from probewatch.kube.reports.api import ReportApi, loaded
from probewatch.kube.reports.parsing import decode_report
from probewatch.records.entry import Key

KEY = Key("shop", "pod-web")


@dataclass
class Recorder:
    """An API server that refuses everything, and keeps what it was sent."""

    bodies: list[Any] = field(default_factory=list)

    async def request(
        self, verb: str, path: str, *, body: object | None = None, **_more: object
    ) -> tuple[int, bytes]:
        assert ("POST", "/apis/probewatch.dev/v1alpha1/namespaces/shop/probereports") == (
            verb,
            path,
        )
        self.bodies.append(msgspec.json.decode(msgspec.json.encode(body)))
        return 403, b"{}"


@pytest.mark.parametrize(("uid", "owners"), [("u1", ["u1"]), ("", [])])
async def test_a_report_is_owned_by_its_workload_where_its_uid_is_known(
    uid: str, owners: list[str]
) -> None:
    """The API server rejects an owner without a uid, and the report with it."""
    server = Recorder()
    workload = objects.Workload(api_version="v1", kind="Pod", name="web", uid=uid)
    await ReportApi(server).create(KEY, objects.Status(workload=workload))
    [sent] = server.bodies

    assert owners == [each["uid"] for each in sent["metadata"].get("ownerReferences", ())]


@pytest.mark.parametrize(
    ("namespaces", "words", "is_of_one"),
    [
        ((), "", False),
        (("shop",), "", False),
        (("shop", "bank"), "", True),
        (("shop",), 'admission webhook "policy" denied the request', True),
    ],
    ids=["all namespaces", "one namespace", "several namespaces", "by admission"],
)
def test_a_missing_right_concerns_all_reports_that_share_it(
    namespaces: tuple[str, ...], words: str, *, is_of_one: bool
) -> None:
    """Each of several namespaces has a role of its own; admission refuses a single object."""
    missing = 'User "probewatch" cannot update resource "probereports"'
    answer = Answer(outcome=Outcome.REFUSED, status=403, words=words or missing)

    assert is_of_one is ReportApi(Recorder(), namespaces).is_of_one(answer)


@dataclass
class Lists:
    """An API server that has one report in each namespace, and a text that is none."""

    statuses: dict[str, int]
    """What a list of a namespace is answered with."""
    accepted: set[str] = field(default_factory=set)

    async def request(
        self, verb: str, path: str, *, accept: str = "", **_more: object
    ) -> tuple[int, bytes]:
        assert verb == "GET"
        self.accepted.add(accept)
        namespace = path.split("/")[5]
        report = {"metadata": {"namespace": namespace, "name": "web", "resourceVersion": "7"}}
        items = [{"metadata": "broken"}, report]
        return self.statuses[namespace], msgspec.json.encode({"metadata": {}, "items": items})


async def listed(api: ReportApi) -> list[str]:
    return [each.metadata.namespace async for each in api.list()]


async def test_namespace_that_may_not_be_read_is_left_out() -> None:
    """A list that is forbidden costs only its namespace, until it is allowed."""
    server = Lists({"shop": 200, "bank": 403, "mail": 200})
    api = ReportApi(server, ("shop", "bank", "mail"))

    assert (["shop", "mail"], frozenset({"bank"})) == (await listed(api), api.refused)
    server.statuses["bank"] = 200
    assert (["shop", "bank", "mail"], frozenset()) == (await listed(api), api.refused)


@pytest.mark.parametrize("statuses", [(403, 403), (200, 500), (200, 404)])
async def test_list_that_fails_is_no_empty_list(statuses: tuple[int, int]) -> None:
    """Neither a missing right everywhere nor any other failure is read as having no reports."""
    api = ReportApi(Lists(dict(zip(("shop", "bank"), statuses, strict=True))), ("shop", "bank"))

    with pytest.raises(ApiError):
        await listed(api)


async def test_versions_are_read_without_the_reports() -> None:
    """Looking for changes requests metadata only."""
    server = Lists({"shop": 200})
    found = [each async for each in ReportApi(server, ("shop",)).versions()]

    assert [(Key("shop", "web"), "7")] == found
    assert all("PartialObjectMetadata" in each for each in server.accepted)


@dataclass
class Odd:
    """An API server with one answer."""

    answer: tuple[int, bytes] | Exception

    async def request(self, verb: str, path: str, **_more: object) -> tuple[int, bytes]:
        assert ("GET", True) == (verb, path.endswith("/pod-web"))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ApiError("cut off"), "cut off"),
        (ConnectionResetError("reset"), "reset"),
        ((200, b"<html>"), "the answer is no ProbeReport"),
        ((201, b"[]"), "the answer is no ProbeReport"),
    ],
    ids=["no answer", "no connection", "no JSON", "no object"],
)
async def test_answer_that_says_nothing_is_asked_for_again(
    answer: tuple[int, bytes] | Exception, words: str
) -> None:
    """Without an answer, or with one of somebody else, a report counts as not written."""
    assert Answer(outcome=Outcome.LATER, words=words) == await ReportApi(Odd(answer)).read(KEY)


MISSING: Mapping[str, object] = {"details": {"kind": "probereports"}}
NO_NAMESPACE: Mapping[str, object] = {"details": {"kind": "namespaces"}}
MANY = {"reason": "FieldValueTooMany", "field": "status.incidents"}


@pytest.mark.parametrize(
    ("status", "said", "outcome", "is_too_large"),
    [
        (400, {}, Outcome.INVALID, False),
        (403, {}, Outcome.REFUSED, False),
        (404, {}, Outcome.REFUSED, False),
        (404, MISSING, Outcome.MISSING, False),
        (404, NO_NAMESPACE, Outcome.GOING, False),
        (405, {}, Outcome.REFUSED, False),
        (409, {}, Outcome.CHANGED, False),
        (413, {}, Outcome.INVALID, True),
        (422, {}, Outcome.INVALID, False),
        (422, {"details": {"causes": [MANY]}}, Outcome.INVALID, True),
        (429, {}, Outcome.LATER, False),
        (500, {}, Outcome.LATER, False),
        (500, {"message": "etcdserver: request is too large"}, Outcome.INVALID, True),
        (503, {"message": "etcdserver: request is too large"}, Outcome.LATER, False),
    ],
)
def test_meaning_of_an_answer(
    status: int, said: Mapping[str, object], outcome: Outcome, *, is_too_large: bool
) -> None:
    """Each status of the API server has one meaning; only the size can be helped."""
    answer = sort_answer(status, msgspec.json.encode(said))

    assert (outcome, is_too_large, status) == (answer.outcome, answer.is_too_large, answer.status)


def test_words_of_an_answer_that_is_no_status() -> None:
    """A plain text is told as it is, cut off; an empty one as such."""
    assert "404 page not found" == sort_answer(404, b"404 page not found\n").words
    assert LONGEST_WORDS == len(sort_answer(404, b"x" * 9999).words)
    assert "no words" == sort_answer(404, b"").words


@pytest.mark.parametrize("digest", ["", "0123"])
def test_report_that_was_edited_is_loaded_as_such(digest: str) -> None:
    """A report whose digest is not its own was edited."""
    status = {"workload": {"kind": "Pod", "name": "web"}, "digest": digest}
    body = {"metadata": {"namespace": "shop", "name": "x", "resourceVersion": "7"}}
    found = loaded(decode_report(msgspec.json.encode({**body, "status": status})))

    assert found is not None
    assert ("7", False) == (found.version, found.intact)
