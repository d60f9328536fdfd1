"""Which reports that cannot be written are named in the log."""

import pytest

from probewatch.kube.reports.answers import Answer, Outcome
from probewatch.kube.reports.complaints import Complaints
from probewatch.records.entry import Key
from tests.support.fake_time import FakeTime


@pytest.mark.parametrize(
    ("outcome", "named"),
    [(Outcome.INVALID, ["shop/a", "shop/b"]), (Outcome.LATER, ["shop/a"])],
    ids=["of one report", "of the server"],
)
def test_what_is_wrong_with_a_report_is_logged_for_each(
    outcome: Outcome, named: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of one report is logged for each report, a fault of the server once for all."""
    complaints = Complaints(FakeTime().clock)
    for name in "ab":
        complaints.add(Key("shop", name), Answer(outcome=outcome, status=422), 1)

    assert named == [vars(each)["report"] for each in caplog.records]
