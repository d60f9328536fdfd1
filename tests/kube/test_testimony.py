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


def say_of_pod(
    *, name: str = "web", uid: str = "u1", container: str = "app", namespace: str = "shop"
) -> Evidence | None:
    """An Event about a pod, as it is read; the pod itself is said to be in another namespace."""
    return parse_evidence(
        msgspec.convert(
            {
                "metadata": {"name": "web.1", "namespace": namespace},
                "involvedObject": {
                    "kind": "Pod",
                    "namespace": "bank",
                    "name": name,
                    "uid": uid,
                    "fieldPath": f"spec.containers{{{container}}}",
                },
                "reason": "Killing",
                "message": f"Container {container} failed liveness probe, will be restarted",
                "source": {"component": "kubelet", "host": "n1"},
                "lastTimestamp": "2026-11-29T08:00:00Z",
            },
            event_objects.Event,
        )
    )


def test_where_an_event_is_counts_not_what_it_says() -> None:
    """Who wrote it may write in its own namespace; that of the pod it names is only a claim."""
    said = say_of_pod()

    assert said is not None
    assert "shop" == said.namespace
    assert say_of_pod(namespace="") is None


def test_names_that_no_object_has() -> None:
    """What is kept of Events is bounded by how long names can be."""
    assert say_of_pod(name="n" * 253, uid="u" * 253, container="c" * 63) is not None
    assert say_of_pod(name="n" * 254) is None
    assert say_of_pod(uid="u" * 254) is None
    long = say_of_pod(container="c" * 64)
    assert long is not None
    assert "" == long.container
