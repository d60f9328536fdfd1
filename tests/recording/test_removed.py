"""What happens while the CRD of the reports is removed, and after it is installed again."""

import pytest

from tests.recording.scene import SETTINGS, Cluster, Replica
from tests.support.fake_reports import Json
from tests.support.fake_time import FakeTime

TERMINATING = {
    "message": "create not allowed while custom resource definition is terminating",
    "reason": "MethodNotAllowed",
}
"""Answered to a create. Source: customresource_handler.go of the apiextensions-apiserver."""


def remove(cluster: Cluster, *, slowly: bool) -> None:
    """Remove the CRD: first its objects are deleted, and last the path is not served any more."""
    cluster.api.reports.clear()
    asked: list[str] = []

    def answer(verb: str, _path: str) -> tuple[int, Json] | None:
        asked.append(verb)
        if slowly and len(asked) < 10:
            return (405, TERMINATING) if verb == "POST" else None
        return 404, {"message": "404 page not found"}

    cluster.api.answer = answer


@pytest.mark.parametrize("slowly", [False, True])
async def test_definition_that_is_removed_costs_no_restart(slowly: bool) -> None:  # noqa: FBT001  # a case
    """Restarts are passed on without records, and recorded once the CRD is back; each once."""
    time, cluster = FakeTime(), Cluster()
    cluster.agree(SETTINGS)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    for name in "ab":
        replica.see(name, 0, 10)
        replica.see(name, 2, 11)
    await replica.pass_time(60)
    remove(cluster, slowly=slowly)
    replica.see("a", 3, 20)
    await replica.pass_time(300)
    told = list(replica.told.restarts)
    asked = len(cluster.api.asked)
    await replica.pass_time(300)
    again = len(cluster.api.asked) - asked
    cluster.api.answer = lambda _verb, _path: None
    replica.see("a", 4, 30)
    await replica.pass_time(60)

    assert [1, 2, 1, 2, 3] == told
    assert again <= 30
    assert {"a": 4, "b": 2} == cluster.totals()
    assert [1, 2, 1, 2, 3, 4] == replica.told.restarts
