"""Requests for reports: what is sent to the API server, and whom a refusal concerns."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from probewatch.kube.reports import objects
from probewatch.kube.reports.answers import Answer, Outcome
from probewatch.kube.reports.api import ReportApi
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
