"""Events: one storage with two API groups, and the rules of events.k8s.io/v1."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.client import Client, JsonObject

INVOLVED = {"kind": "Pod", "name": "webapl", "uid": "u-1", "apiVersion": "v1"}
NOW = "2026-11-24T18:00:00.000000Z"


@pytest.fixture(name="new")
def _new(namespace: str) -> str:
    return f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"


@pytest.fixture(name="core")
def _core(base: str) -> str:
    return f"{base}/events"


def event(namespace: str, name: str = "one", **fields: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    """A valid Event of events.k8s.io/v1, changed by *fields*."""
    right = {
        "metadata": {"name": name, "namespace": namespace},
        "eventTime": NOW,
        "reportingController": "probewatch.dev/operator",
        "reportingInstance": "probewatch-0",
        "action": "Restarted",
        "reason": "LivenessProbeRestart",
        "regarding": {**INVOLVED, "namespace": namespace},
        "note": "Container app was restarted",
        "type": "Warning",
    }
    return {key: value for key, value in {**right, **fields}.items() if value is not None}


async def test_an_event_has_two_faces(api: Client, namespace: str, new: str, core: str) -> None:
    """An Event written through events.k8s.io/v1 is read through core/v1 with its field names."""
    await api.create(new, event(namespace))

    shown = await api.get(f"{core}/one")

    assert ("v1", "Event") == (shown["apiVersion"], shown["kind"])
    assert {**INVOLVED, "namespace": namespace} == shown["involvedObject"]
    assert ("Container app was restarted", NOW) == (shown["message"], shown["eventTime"])
    assert "probewatch.dev/operator" == shown["reportingComponent"]
    assert not {"note", "regarding", "reportingController"} & shown.keys()


async def test_a_kubelets_event_has_two_faces(
    api: Client, namespace: str, new: str, core: str
) -> None:
    """An Event written through core/v1 is read through events.k8s.io/v1, as deprecated fields."""
    body = {
        "metadata": {"name": "killing", "namespace": namespace},
        "involvedObject": {**INVOLVED, "namespace": namespace},
        "reason": "Killing",
        "message": "Stopping container app",
        "source": {"component": "kubelet", "host": "n1"},
        "firstTimestamp": "2026-11-24T18:00:00Z",
        "lastTimestamp": "2026-11-24T18:00:05Z",
        "count": 2,
        "type": "Normal",
    }
    made = await api.create(core, body)

    shown = await api.get(f"{new}/killing")

    assert (None, "", "") == (
        made["eventTime"],
        made["reportingComponent"],
        made["reportingInstance"],
    )
    assert (2, "Stopping container app") == (shown["deprecatedCount"], shown["note"])
    assert {"component": "kubelet", "host": "n1"} == shown["deprecatedSource"]
    assert "2026-11-24T18:00:05Z" == shown["deprecatedLastTimestamp"]


async def test_an_event_is_posted_once(api: Client, namespace: str, new: str) -> None:
    """A second Event of the same name is AlreadyExists, which makes retries safe."""
    await api.create(new, event(namespace))

    reply = await api.call("POST", new, event(namespace))

    assert (409, "AlreadyExists") == (reply.status, reply.body["reason"])


WRONG: dict[str, tuple[str, JsonObject]] = {
    "note too long": ("message", {"note": "n" * 1025}),
    "note too long in bytes": ("message", {"note": "ü" * 513}),
    "no action": ("action", {"action": None}),
    "action too long": ("action", {"action": "a" * 129}),
    "no reason": ("reason", {"reason": None}),
    "reason too long": ("reason", {"reason": "r" * 129}),
    "no instance": ("reportingInstance", {"reportingInstance": None}),
    "instance too long": ("reportingInstance", {"reportingInstance": "i" * 129}),
    "no controller": ("reportingController", {"reportingController": None}),
    "controller is no name": ("reportingController", {"reportingController": "a/b/c"}),
    "unknown type": ("type", {"type": "Error"}),
    "no type": ("type", {"type": None}),
    "no time": ("eventTime", {"eventTime": None}),
    "series of one": ("series.count", {"series": {"count": 1, "lastObservedTime": NOW}}),
    "deprecated count": ("count", {"deprecatedCount": 1}),
    "about something without a namespace": ("involvedObject.namespace", {"regarding": INVOLVED}),
}
RIGHT: dict[str, JsonObject] = {
    "longest note": {"note": "n" * 1024},
    "longest note in bytes": {"note": "ü" * 512},
    "no note": {"note": None},
    "longest names": {"action": "a" * 128, "reason": "r" * 128, "reportingInstance": "i" * 128},
    "normal": {"type": "Normal"},
    "series of two": {"series": {"count": 2, "lastObservedTime": NOW}},
}


@pytest.mark.parametrize(("field", "fields"), WRONG.values(), ids=WRONG.keys())
async def test_rules_of_new_events(
    api: Client, namespace: str, new: str, field: str, fields: JsonObject
) -> None:
    """events.k8s.io/v1 refuses invalid Events, and names the field; lengths are in bytes."""
    reply = await api.call("POST", new, event(namespace, **fields))

    assert (422, "Invalid") == (reply.status, reply.body["reason"])
    assert field in {cause["field"] for cause in reply.body["details"]["causes"]}


@pytest.mark.parametrize("fields", RIGHT.values(), ids=RIGHT.keys())
async def test_what_new_events_may_be(
    api: Client, namespace: str, new: str, fields: JsonObject
) -> None:
    """Events at the limits are accepted."""
    reply = await api.call("POST", new, event(namespace, **fields))

    assert 201 == reply.status, reply.text


async def test_old_events_have_no_limits(api: Client, namespace: str, core: str) -> None:
    """Without an eventTime, as by a kubelet, length and type are not limited."""
    body = {
        "metadata": {"name": "long", "namespace": namespace},
        "involvedObject": {**INVOLVED, "namespace": namespace},
        "reason": "Unhealthy",
        "message": "m" * 5000,
        "type": "Odd",
    }

    made = await api.create(core, body)

    assert 5000 == len(made["message"])


async def test_old_events_stay_in_their_namespace(api: Client, core: str) -> None:
    """An Event has to be in the namespace of its object."""
    body = {
        "metadata": {"name": "astray"},
        "involvedObject": {**INVOLVED, "namespace": "default"},
        "reason": "Unhealthy",
    }

    reply = await api.call("POST", core, body)

    assert 422 == reply.status
    assert "does not match event.namespace" in reply.body["message"]


async def test_a_new_event_is_not_rewritten(
    api: Client, namespace: str, new: str, needs_minor: Callable[[int], None]
) -> None:
    """Through events.k8s.io/v1 only an Event's series can be changed."""
    needs_minor(21)
    await api.create(new, event(namespace))
    merge = "application/merge-patch+json"

    note = await api.call("PATCH", f"{new}/one", {"note": "other"}, content_type=merge)
    series = {"series": {"count": 2, "lastObservedTime": NOW}}
    counted = await api.patch(f"{new}/one", series)

    assert 422 == note.status
    assert 2 == counted["series"]["count"]


async def test_events_are_selected_by_what_they_are_about(
    api: Client, namespace: str, new: str, core: str
) -> None:
    """Field selectors for Events: kind, name, uid, reason and type."""
    await api.create(new, event(namespace))
    other = {**INVOLVED, "namespace": namespace, "kind": "Node", "name": "n1", "uid": "u-2"}
    await api.create(new, event(namespace, "two", regarding=other, type="Normal", reason="Odd"))

    async def selected(text: str) -> list[str]:
        found = await api.get(f"{core}?fieldSelector={text.replace('=', '%3D')}")
        return [item["metadata"]["name"] for item in found["items"]]

    assert ["one"] == await selected("involvedObject.kind=Pod")
    assert ["two"] == await selected("involvedObject.name=n1,involvedObject.uid=u-2")
    assert ["one"] == await selected("reason=LivenessProbeRestart,type=Warning")
    assert ["one"] == await selected("type!=Normal")


async def test_a_kubelets_events_are_selected_by_source(
    api: Client, namespace: str, new: str, core: str
) -> None:
    """The field `source` selects Events of one reporter, such as the kubelet."""
    body = {
        "metadata": {"name": "killing", "namespace": namespace},
        "involvedObject": {**INVOLVED, "namespace": namespace},
        "reason": "Killing",
        "source": {"component": "kubelet"},
    }
    await api.create(core, body)
    await api.create(new, event(namespace))
    query = "fieldSelector=involvedObject.kind%3DPod,source%3Dkubelet"

    found = await api.get(f"{core}?{query}")

    assert ["killing"] == [item["metadata"]["name"] for item in found["items"]]


async def test_both_faces_are_watched(api: Client, namespace: str, new: str, core: str) -> None:
    """An Event reaches watches of both groups, each in its own form."""
    since = (await api.get(core))["metadata"]["resourceVersion"]
    await api.create(new, event(namespace))

    async with api.watch(core, f"resourceVersion={since}") as stream:
        _, old = await stream.next()
    async with api.watch(new, f"resourceVersion={since}") as stream:
        _, young = await stream.next()

    assert ("v1", "events.k8s.io/v1") == (old["apiVersion"], young["apiVersion"])
    assert old["message"] == young["note"]
    assert old["metadata"]["uid"] == young["metadata"]["uid"]
