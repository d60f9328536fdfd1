"""Loops that continue across processes of the operator by means of the ProbeReport."""

from dataclasses import dataclass

import msgspec
import pytest

from probewatch.core.policy import Policy
from probewatch.core.recollection import recollect
from probewatch.kube.custom_resources import Metadata
from probewatch.kube.reports import objects
from probewatch.kube.reports.parsing import decode_report, parse_record
from probewatch.kube.reports.status import render_status
from probewatch.store import Store
from tests.core.test_loop_histories import CLOCKS, HOUR, WEEK, History


@dataclass
class Reported(History):
    """A new process starts from the ProbeReport in the cluster."""

    def start_anew(self) -> None:
        status = render_status(self.record, before=None, now=WEEK)
        report = objects.Report(metadata=Metadata(namespace="shop", name="web"), status=status)
        record = parse_record(decode_report(msgspec.json.encode(report)))
        assert record is not None
        self.record = record
        self.store = Store(remember=lambda each: recollect(record, each.uid, from_zero=True))


@pytest.mark.parametrize("ahead", CLOCKS)
def test_a_loop_that_is_reported_goes_on(ahead: float) -> None:
    """Across any number of processes it stays one loop, and ends at the usual time."""
    history = Reported(ahead=ahead)
    history.restart(WEEK - 5 * HOUR)
    for k in range(9):
        history.restart(WEEK + k * 300.25)
        history.pass_until(WEEK + k * 300.25 + 100)
        history.come_back(WEEK + k * 300.25 + 120)
    history.pass_until(WEEK + 9 * HOUR)

    assert ["begins", *(["goes on"] * 7), "ends"] == history.words
    assert history.told[-1][0] == pytest.approx(WEEK + 2402 + Policy().loop_quiet, abs=1)


@pytest.mark.parametrize("ahead", CLOCKS)
def test_a_loop_that_was_reported_is_over(ahead: float) -> None:
    """After a reported loop one restart hours later is none; a second soon after is."""
    history = Reported(ahead=ahead)
    history.restart(*(WEEK + k * 120 for k in range(9)))
    history.pass_until(WEEK + 2 * HOUR)
    history.come_back(WEEK + 2 * HOUR)
    history.restart(WEEK + 3 * HOUR)
    history.pass_until(WEEK + 3 * HOUR + 100)
    history.come_back(WEEK + 3 * HOUR + 120)
    assert ["begins", "ends"] == history.words

    history.restart(WEEK + 3 * HOUR + 600)
    history.pass_until(WEEK + 3 * HOUR + 700)
    assert ["begins", "ends", "begins"] == history.words
