"""The gate: which findings reach the recorder of Events."""

from dataclasses import dataclass, field

import pytest

from probewatch.core.findings import Finding, PodTracked
from probewatch.core.model import Workload
from probewatch.gates import EventGate
from tests.support.builders import restart, spec

WEB = Workload(namespace="shop", kind="Deployment", name="web")


@dataclass
class Passed:
    """The findings that came through."""

    findings: list[Finding] = field(default_factory=list)

    def publish(self, finding: Finding, workload: Workload) -> None:
        assert workload is WEB
        self.findings.append(finding)


@pytest.mark.parametrize("is_open", [True, False])
def test_only_a_leader_writes_events_for_pods_that_are_to_have_them(*, is_open: bool) -> None:
    """What comes while the gate is closed is dropped for good."""
    passed = Passed()
    EventGate(passed, lambda _finding: is_open).publish(restart(), WEB)

    assert ([restart()] if is_open else []) == passed.findings


def test_findings_that_have_no_event_take_no_place_in_the_queue() -> None:
    """A first list brings a finding for each pod, none of which is worth an Event."""
    passed = Passed()
    tracked = PodTracked(pod=restart().pod, spec=spec())
    EventGate(passed, lambda _finding: True).publish(tracked, WEB)

    assert [] == passed.findings
