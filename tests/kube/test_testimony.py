"""What the kubelet says of its node."""

import msgspec
import pytest

from probewatch.core.evidence import Evidence
from probewatch.kube import event_objects
from probewatch.kube.testimony import parse_evidence


def say(reason: str, component: str = "kubelet") -> Evidence | None:
    """An Event about a node, as it is read."""
    return parse_evidence(
        msgspec.convert(
            {
                "metadata": {"name": "n1.1"},
                "involvedObject": {"kind": "Node", "name": "n1", "uid": "n1"},
                "reason": reason,
                "source": {"component": component, "host": "n1"},
                "lastTimestamp": "2026-11-29T08:00:00Z",
            },
            event_objects.Event,
        )
    )


@pytest.mark.parametrize(
    ("reason", "kind"), [("Rebooted", "NodeRebooted"), ("Starting", "KubeletStarted")]
)
def test_what_is_said_of_a_node(reason: str, kind: str) -> None:
    """A reboot, and that the kubelet starts."""
    said = say(reason)

    assert said is not None
    assert (kind, "n1") == (said.kind, said.node)


def test_what_is_not_listened_to() -> None:
    """Other news of a node, and the start of another component."""
    assert say("NodeReady") is None
    assert say("Starting", component="kube-proxy") is None
