"""Which Events about containers become evidence, and what they report of probes."""

import pytest

from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import Finding, ProbeFailures
from probewatch.core.spec import Container
from probewatch.store import Store
from tests.core.test_observe import feed, hear, running
from tests.support.builders import LIVENESS, pod, spec, status

TWO = spec(Container(name="app", liveness=LIVENESS), Container(name="b", liveness=LIVENESS))


def told(found: list[Finding]) -> list[tuple[str, str, int, float]]:
    """Container, probe, number and time of the failures that were reported."""
    return [
        (each.container, each.probe_type, each.count, each.at)
        for each in found
        if isinstance(each, ProbeFailures)
    ]


@pytest.mark.parametrize("place", ["spec", "status"])
def test_a_container_is_known_by_its_spec_or_its_status(place: str) -> None:
    """It may have no status yet, or be gone from the spec while it still runs."""
    store = Store()
    if place == "spec":
        feed(store, pod(1, running(), spec=TWO), 1)
    else:
        feed(store, pod(1, running(), status(name="b", container_id="b")), 1)
    found = hear(store, K.PROBE_FAILED, 10.0, container="b", probe_type="Liveness")

    assert [("b", "Liveness", 1, 10.0)] == told(found)


@pytest.mark.parametrize(
    ("kind", "probe_type"), [(K.PROBE_FAILED, ""), (K.KILL_LIVENESS, "Liveness")]
)
def test_only_failures_of_a_known_probe_are_reported(kind: K, probe_type: str) -> None:
    """A message that names no probe, or that tells of a kill, counts as no failure."""
    store = Store()
    feed(store, pod(1, running()), 1)

    assert [] == told(hear(store, kind, 10.0, probe_type=probe_type))
