"""Parsing Events about pods and nodes into evidence."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from probewatch.core.evidence import Evidence
from probewatch.kube import event_objects
from probewatch.kube.testimony import parse_evidence


def say(reason: str, component: str = "kubelet", node: str = "n1") -> Evidence | None:
    """An Event about a node, parsed."""
    return parse_evidence(
        msgspec.convert(
            {
                "metadata": {"name": "n1.1"},
                "involvedObject": {"kind": "Node", "name": node, "uid": node},
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
    *,
    name: str = "web",
    uid: str = "u1",
    container: str = "app",
    namespace: str = "shop",
    host: str = "n1",
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
                "source": {"component": "kubelet", "host": host},
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
    assert say_of_pod(host="n" * 253) is not None
    assert say_of_pod(host="n" * 254) is None
    assert say("Rebooted", node="n" * 253) is not None
    assert say("Rebooted", node="n" * 254) is None
    assert find({**CORE, "metadata": {"name": "e" * 254, "namespace": "shop"}}) is None
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


CORE: Mapping[str, object] = {
    "metadata": {"name": "web.1", "namespace": "shop"},
    "involvedObject": {
        "kind": "Pod",
        "name": "web",
        "uid": "u1",
        "fieldPath": "spec.containers{app}",
    },
    "reason": "Unhealthy",
    "message": "Liveness probe failed: HTTP probe failed with statuscode: 500",
    "source": {"component": "kubelet", "host": "n1"},
    "firstTimestamp": "2026-11-29T08:00:00Z",
    "lastTimestamp": "2026-11-29T08:05:00Z",
    "count": 3,
}


def find(event: Mapping[str, object]) -> Evidence | None:
    return parse_evidence(event_objects.read_event(msgspec.json.encode(event)))


def read(event: Mapping[str, object]) -> Evidence:
    said = find(event)
    assert said is not None
    return said


def clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


SERIES = {"count": 5, "lastObservedTime": "2026-11-29T08:09:00.000000Z"}
EVENT_TIME = "2026-11-29T08:07:00.000000Z"
UNTIMED = {**CORE, "firstTimestamp": None, "lastTimestamp": None, "count": None}


@pytest.mark.parametrize(
    ("event", "first", "last", "count"),
    [
        (CORE, "08:00:00", "08:05:00", 3),
        ({**CORE, "eventTime": EVENT_TIME}, "08:00:00", "08:05:00", 3),
        ({**CORE, "series": SERIES}, "08:00:00", "08:09:00", 5),
        ({**CORE, "firstTimestamp": None}, "08:05:00", "08:05:00", 3),
        ({**UNTIMED, "eventTime": EVENT_TIME}, "08:07:00", "08:07:00", 1),
        ({**UNTIMED, "eventTime": EVENT_TIME, "series": SERIES}, "08:07:00", "08:09:00", 5),
        ({**CORE, "count": -2}, "08:00:00", "08:05:00", 1),
    ],
    ids=["counted", "both times", "series", "no first", "one time", "new series", "negative"],
)
def test_when_and_how_often(event: Mapping[str, object], first: str, last: str, count: int) -> None:
    """The series comes before the timestamps, and these before `eventTime`."""
    said = read(event)

    assert (first, last, count) == (clock(said.first_at), clock(said.at), said.count)


@pytest.mark.parametrize(
    ("path", "container"),
    [
        ("spec.containers{app}", "app"),
        ("spec.initContainers{proxy}", "proxy"),
        ("spec.ephemeralContainers{debug}", "debug"),
        ("spec.containers{app", ""),
        ("spec.containers", ""),
        ("spec.volumes{data}", ""),
        (None, ""),
    ],
)
def test_container_of_an_event(path: str | None, container: str) -> None:
    """The `fieldPath` names the container; an Event without one is about the whole pod."""
    about = {"kind": "Pod", "name": "web", "uid": "u1", "fieldPath": path}

    assert container == read({**CORE, "involvedObject": about}).container


def test_where_and_about_what() -> None:
    """Evidence has the name of its Event, the uid of the pod, and the kubelet's node."""
    said = read(CORE)

    assert ("web.1", "u1", "n1") == (said.name, said.involved_uid, said.node)


def test_combined_event() -> None:
    """Evidence says whether its Event stands for several with other messages."""
    combined = {**CORE, "message": f"(combined from similar events): {CORE['message']}"}

    assert [False, True] == [read(each).combined for each in (CORE, combined)]


def test_event_without_a_message() -> None:
    """An Event whose message is missing is told by its reason."""
    said = read({**CORE, "reason": "Started", "message": None})

    assert ("Started", "u1") == (said.kind, said.involved_uid)


def test_event_that_explains_no_restart() -> None:
    """The kubelet's other Events on pods are no evidence."""
    assert find({**CORE, "reason": "FailedMount"}) is None


@pytest.mark.parametrize(
    "about", [{"kind": "Pod", "name": "web"}, {"kind": "Job", "name": "web", "uid": "u1"}]
)
def test_event_about_no_known_pod(about: Mapping[str, str]) -> None:
    """An Event that does not name a pod by its uid is no evidence."""
    assert find({**CORE, "involvedObject": about}) is None


def test_a_series_begins_with_its_event_time() -> None:
    """A series begins at `eventTime`, not at its last occurrence."""
    said = read(NEWER)

    assert (300.0, 3) == (said.at - said.first_at, said.count)


def test_both_faces_of_an_event_say_the_same() -> None:
    """core/v1 and events.k8s.io/v1 Events give the same evidence."""
    core = CORE
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


def test_repeated_event_of_a_node() -> None:
    """The series of a node's Events has its first and last time and its count."""
    about = {"kind": "Node", "name": "n1", "uid": "node-uid"}
    event = {**CORE, "reason": "Rebooted", "involvedObject": about}
    said = read(event)

    assert ("08:00:00", "08:05:00", 3) == (clock(said.first_at), clock(said.at), said.count)
    assert ("web.1", "node-uid") == (said.name, said.involved_uid)
    assert find({**event, "lastTimestamp": None}) is None
