"""Packing: the state of a pod is the same after it was packed and unpacked."""

import msgspec
import pytest

from probewatch.commands.stream import Kind, LineType, read_stream
from probewatch.core.findings import Finding
from probewatch.core.observe import EvidenceObserved
from probewatch.core.state import PodState
from probewatch.kube import event_objects, testimony
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.packing import Packer
from probewatch.store import Store
from tests.support.traces import LOOPS


def play(store: Store) -> tuple[list[Finding], list[PodState | None]]:
    """Play the recorded stream as a watch would; return the findings and the states."""
    found: list[Finding] = []
    now = 0.0
    for record in read_stream(str(LOOPS)):
        now = record.received_at
        found += store.tick(now)
        if record.kind is Kind.POD:
            snapshot = msgspec.json.decode(record.object, type=RawPod).take()
            found += store.see(snapshot, now)
            if record.type is LineType.DELETED:
                found += store.gone(snapshot.uid, snapshot.version, now)
        elif record.kind is Kind.EVENT and record.type is not LineType.DELETED:
            event = msgspec.json.decode(record.object, type=event_objects.Event)
            said = testimony.parse_evidence(event)
            found += store.feed(EvidenceObserved(evidence=said), now) if said else ()
    found += store.tick(now + 3600)
    return found, [store.state(header.uid) for header in store.headers()]


@pytest.mark.slow
def test_packing_changes_nothing() -> None:
    """30 minutes of restart loops have the same findings if each pod is packed between versions."""
    kept_open, packed = play(Store()), play(Store(open_limit=1))

    assert 292 < len(kept_open[0])
    assert kept_open == packed


@pytest.mark.slow
def test_states_come_back_equal() -> None:
    """Every state of the recorded pods is equal after packing and unpacking."""
    packer = Packer(PodState)
    states = [state for state in play(Store())[1] if state is not None]

    assert states
    assert states == [packer.unpack(packer.pack(state)) for state in states]
    assert any(state.memories for state in states)
