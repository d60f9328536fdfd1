"""Parsing Events about pods and nodes into evidence."""

from collections.abc import Mapping

import msgspec
import pytest

from probewatch.core.evidence import Evidence
from probewatch.kube import event_objects
from probewatch.kube.testimony import parse_evidence


def say(reason: str, component: str = "kubelet") -> Evidence | None:
    """An Event about a node, parsed."""
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
    """A node's reboot and the start of its kubelet are evidence."""
    said = say(reason)

    assert said is not None
    assert (kind, "n1") == (said.kind, said.node)


def test_what_is_not_listened_to() -> None:
    """Other Events of a node, or of another component, are no evidence."""
    assert say("NodeReady") is None
    assert say("Starting", component="kube-proxy") is None


def say_of_pod(
    *, name: str = "web", uid: str = "u1", container: str = "app", namespace: str = "shop"
) -> Evidence | None:
    """An Event about a pod, parsed; it claims another namespace for its pod."""
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
    """The Event's own namespace counts: authors are only authorized for that one."""
    said = say_of_pod()

    assert said is not None
    assert "shop" == said.namespace
    assert say_of_pod(namespace="") is None


def test_names_that_no_object_has() -> None:
    """Names too long for any object are refused, which bounds memory."""
    assert say_of_pod(name="n" * 253, uid="u" * 253, container="c" * 63) is not None
    assert say_of_pod(name="n" * 254) is None
    assert say_of_pod(uid="u" * 254) is None
    long = say_of_pod(container="c" * 64)
    assert long is not None
    assert "" == long.container


BEGAN, LATEST = "2026-11-29T08:00:00.500000Z", "2026-11-29T08:05:00.500000Z"
NEWER = {
    "metadata": {"name": "web.1", "namespace": "shop"},
    "regarding": {"kind": "Pod", "uid": "u1", "fieldPath": "spec.containers{app}"},
    "reason": "Unhealthy",
    "note": "Liveness probe failed: HTTP probe failed with statuscode: 500",
    "reportingController": "kubelet",
    "eventTime": BEGAN,
    "series": {"count": 3, "lastObservedTime": LATEST},
}


def read(event: Mapping[str, object]) -> Evidence:
    said = parse_evidence(event_objects.read_event(msgspec.json.encode(event)))
    assert said is not None
    return said


def test_a_series_begins_with_its_event_time() -> None:
    """A series begins at `eventTime`, not at its last occurrence."""
    said = read(NEWER)

    assert (300.0, 3) == (said.at - said.first_at, said.count)


def test_both_faces_of_an_event_say_the_same() -> None:
    """core/v1 and events.k8s.io/v1 Events give the same evidence."""
    core = {
        "metadata": NEWER["metadata"],
        "involvedObject": NEWER["regarding"],
        "reason": NEWER["reason"],
        "message": NEWER["note"],
        "source": {"component": "kubelet", "host": "n1"},
        "firstTimestamp": "2026-11-29T08:00:00Z",
        "lastTimestamp": "2026-11-29T08:05:00Z",
        "count": 3,
    }
    newer = {
        **NEWER,
        "deprecatedSource": core["source"],
        "deprecatedFirstTimestamp": core["firstTimestamp"],
        "deprecatedLastTimestamp": core["lastTimestamp"],
        "deprecatedCount": core["count"],
        "eventTime": None,
        "series": None,
    }

    assert read(core) == read(newer)
