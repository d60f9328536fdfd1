"""A glance reads a pod as decoding does, and misses no change that anybody reads."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probewatch.commands.stream import Kind, read_stream
from probewatch.kube.objects import BROKEN
from probewatch.kube.pods.glance import Glance, glance
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.pods.siblings import Siblings
from probewatch.watch.pod_decoding import PodDecoder
from tests.kube.pods.hostile import PLACES, SOUND, WRONG, changed
from tests.kube.pods.snapshots import known
from tests.support.traces import LOOPS

Json = dict[str, Any]

ORDER = ("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp")
"""The keys of metadata in the order of Go's type; all others follow."""

MANAGED: Json = {
    "manager": "kubelet",
    "fieldsV1": {"f:status": {'k:{"type":"spec"}': {"f:spec": {}, "v:]]": {}}}},
}


def write(pod: Json, **meta: object) -> bytes:
    """A pod in the layout of an API server."""
    first = {key: pod["metadata"][key] for key in ORDER if key in pod["metadata"]}
    metadata = {**first, **pod["metadata"], **meta, "managedFields": [MANAGED]}
    return json.dumps({**pod, "metadata": metadata}, separators=(",", ":")).encode()


def look(body: bytes) -> Glance:
    """The glance of a pod that has one."""
    seen = glance(body, 0, len(body), Siblings())
    assert seen is not None
    return seen


def whole(body: bytes) -> RawPod:
    """The pod, decoded completely."""
    return msgspec.json.decode(body, type=RawPod)


def watched(body: bytes) -> object:
    """What a watch reads of a new pod."""
    found = PodDecoder().update(b'{"type":"ADDED","object":%b}' % body).object
    assert found is not None
    return known(found.take())


def test_every_recorded_pod_is_told_by_a_glance() -> None:
    """All pods recorded from a real API server get a glance that equals decoding."""
    bodies = [bytes(each.object) for each in read_stream(str(LOOPS)) if each.kind is Kind.POD]

    assert 900 < len(bodies)
    for body in bodies:
        seen, raw = look(body), whole(body)
        assert (raw.uid, raw.version) == (seen.uid, seen.version)
        assert known(raw.take()) == known(seen.take())


def test_version_and_managed_fields_are_no_news() -> None:
    """A change of resourceVersion or managedFields alone keeps the hash."""
    other = {**SOUND, "metadata": {**SOUND["metadata"], "resourceVersion": "8"}}
    noisy = write(other).replace(b'"manager":"kubelet"', b'"manager":"someone","time":"now"')

    assert look(write(SOUND)).mark == look(noisy).mark
    assert (7, 8) == (look(write(SOUND)).version, look(noisy).version)


def test_hash_is_kept_with_the_pod() -> None:
    """The next update is compared with the hash, however the pod before was read."""
    broken = changed(SOUND, ("metadata", "generation"), "soon")
    for pod in (SOUND, broken):
        seen = look(write(pod))
        taken = seen.take()

        assert taken is not None
        assert seen.mark == taken.mark != 0


@pytest.mark.parametrize("put", WRONG.values(), ids=WRONG.keys())
def test_every_change_is_news(put: object) -> None:
    """Any other change yields another hash, or no glance."""
    before = look(write(SOUND))
    for place in PLACES:
        other = changed(SOUND, place, put)
        if other == SOUND or place in {("metadata",), ("metadata", "resourceVersion")}:
            continue
        body = write(other)
        seen = glance(body, 0, len(body), Siblings())
        assert seen is None or seen.mark != before.mark, place


@pytest.mark.parametrize("put", WRONG.values(), ids=WRONG.keys())
def test_wrong_field_costs_only_itself(put: object) -> None:
    """A broken field is read and counted as in a completely decoded pod."""
    for place in PLACES:
        if len(place) == 1:
            continue
        line = b'{"type":"MODIFIED","object":%b}' % write(changed(SOUND, place, put))
        body = line[line.index(b"{", 1) : -1]
        assert read(b'{ "type":"MODIFIED","object":%b}' % body) == read(line), place


def read(line: bytes) -> tuple[object, int]:
    """What is read of a pod, and the number of broken fields."""
    try:
        update = PodDecoder().update(line)
    except BROKEN:
        return None, 1
    assert update.object is not None
    pod = known(update.object.take())
    return pod, update.dropped + update.object.flaws


UNREADABLE = {
    "no text": (b'"nodeName":"node-1"', b'"nodeName":"\xff"'),
    "no JSON": (b'"nodeName":"node-1"', b'"nodeName":node-1'),
    "deep": (b'"app":"cart"', b'"app":%b1%b' % (b"[" * 100_000, b"]" * 100_000)),
}


@pytest.mark.parametrize(("before", "after"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_pod_that_cannot_be_read_is_counted(before: bytes, after: bytes) -> None:
    """A pod of which nothing can be decoded is left out, and counted as one flaw."""
    body = write(SOUND)
    assert before in body
    seen = look(body.replace(before, after))

    assert (None, 1) == (seen.take(), seen.flaws)


HOSTILE = [
    ',"uid":"u-2","resourceVersion":"9"',
    '","uid":"u-2","resourceVersion":"9","managedFields":[]},"spec":{},"status":{}',
    '","managedFields":[{}]},"spec":{"containers":[]},"status":{}}',
    '\\","managedFields":[',
    ']},"spec":{',
    '},"status":{',
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("key", ["labels", "annotations"])
@pytest.mark.parametrize("where", ["key", "value"])
def test_hostile_text_is_no_layout(text: str, key: str, where: str) -> None:
    """Strings that look like keys of the pod are not mistaken for them."""
    pair = {text: "x"} if where == "key" else {"x": text}
    body = write(changed(SOUND, ("metadata", key), pair))
    seen, raw = look(body), whole(body)

    assert ("u-1", 7) == (seen.uid, seen.version)
    assert known(raw.take()) == known(seen.take())


LAID_OUT_IN_ANOTHER_WAY = {
    "no managedFields": write(SOUND).replace(b'"managedFields"', b'"managed"'),
    "no spec": write({key: SOUND[key] for key in ("metadata", "status")}),
    "no version": write(SOUND).replace(b'"resourceVersion":"7",', b""),
    "no uid": write(SOUND).replace(b'"uid":"u-1"', b'"id":"u-1"'),
    "no metadata": b'{"spec":{},"status":{}}',
    "nothing": b"{}",
}


@pytest.mark.parametrize(
    "body", LAID_OUT_IN_ANOTHER_WAY.values(), ids=LAID_OUT_IN_ANOTHER_WAY.keys()
)
def test_a_glance_does_not_go_beyond_its_line(body: bytes) -> None:
    """A key missing from one line is not taken from the next line in the buffer."""
    other = write(changed(SOUND, ("metadata", "uid"), "u-2"))
    assert glance(body, 0, len(body), Siblings()) is None
    assert glance(body + b"\n" + other, 0, len(body), Siblings()) is None


def test_a_pod_is_the_same_between_others() -> None:
    """A pod is read the same whatever is before and after it in the buffer."""
    for lacking in ("status", "spec", ""):
        body = write({key: SOUND[key] for key in SOUND if key != lacking})
        alone = glance(body, 0, len(body), Siblings())
        line = b'{"type":"MODIFIED","object":%b}' % body
        held = b"\n".join([write(SOUND), line, write(SOUND)])
        begin = held.index(line)
        found = PodDecoder().update(held, begin, begin + len(line)).object
        assert found is not None
        assert known(found.take()) == known(whole(body).take())
        assert alone is None or alone.mark == found.mark


def lay_out(first: str, last: str) -> bytes:
    """A pod whose metadata begins with one key and ends with another."""
    meta = {**SOUND["metadata"], "managedFields": [MANAGED]}
    keys = [first, *(key for key in (*ORDER, *meta) if key not in {first, last}), last]
    ordered = {key: meta[key] for key in keys if key in meta}
    return json.dumps({**SOUND, "metadata": ordered}, separators=(",", ":")).encode()


ORDERS = [
    ("name", "labels"),
    ("name", "annotations"),
    ("name", "ownerReferences"),
    ("name", "creationTimestamp"),
    ("name", "uid"),
    ("name", "resourceVersion"),
    ("labels", "managedFields"),
    ("uid", "managedFields"),
]


@pytest.mark.parametrize(("first", "last"), ORDERS)
def test_keys_of_metadata_in_another_order(first: str, last: str) -> None:
    """Keys after managedFields are read as well."""
    body = lay_out(first, last)

    assert known(whole(body).take()) == watched(body)
    assert glance(body, 0, len(body), Siblings()) is None


def test_spec_behind_the_status() -> None:
    """A status before the spec is read."""
    pod = json.loads(write(SOUND))
    pod["spec"] = pod.pop("spec")
    body = json.dumps(pod, separators=(",", ":")).encode()

    assert known(whole(body).take()) == watched(body)


@pytest.mark.parametrize("text", ["v:],", "v:]},"])
def test_what_looks_like_the_end_of_managed_fields(text: str) -> None:
    """If the end of managedFields is ambiguous, the pod is decoded completely."""
    body = write(SOUND).replace(b"v:]]", text.encode())

    assert body != write(SOUND)
    assert glance(body, 0, len(body), Siblings()) is None


def test_a_uid_that_is_not_the_pod_s_own() -> None:
    """A label key `uid` is not taken for the pod's uid."""
    labels = {"a": "b", "uid": "u-2", "resourceVersion": "9"}
    text = json.dumps(labels, separators=(",", ":")).encode()
    body = write({**SOUND, "metadata": {**SOUND["metadata"], "labels": None}})
    body = body.replace(b'"labels":null', b'"x":1')
    body = body.replace(b'"name":"', b'"name":"x","labels":%b,"name":"' % text, 1)

    assert known(whole(body).take()) == watched(body)


def test_spec_within_the_spec() -> None:
    """A volume template with metadata and spec of its own does not mislead the glance."""
    claim = {"metadata": {"finalizers": ["x"]}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    pod = changed(SOUND, ("spec",), {"volumes": [{"ephemeral": claim}], **SOUND["spec"]})
    body = write(pod)

    assert known(whole(body).take()) == known(look(body).take())


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(SOUND).encode(),
        json.dumps(SOUND, separators=(",", ":")).encode(),
        write(SOUND).replace(b'"resourceVersion":"7"', b'"resourceVersion":"seven"'),
        write(SOUND).replace(b'"resourceVersion":"7"', b'"resourceVersion":"%b"' % (b"7" * 25)),
        write(SOUND).replace(b'"resourceVersion":"7",', b""),
        write(SOUND).replace(b'"uid":"u-1"', b'"uid":""'),
        write(SOUND)[:-1] + b" }",
        b"{}",
        b"",
    ],
    ids=[
        "spaces",
        "no managedFields",
        "no number",
        "a number too long",
        "no version",
        "no uid",
        "a space at the end",
        "nothing in it",
        "nothing",
    ],
)
def test_another_layout_gets_no_glance(body: bytes) -> None:
    """A pod in another layout has no glance and is decoded completely."""
    assert glance(body, 0, len(body), Siblings()) is None


@settings(deadline=None, max_examples=300, derandomize=True)
@given(cut=st.integers(0, len(write(SOUND))), put=st.binary(max_size=12), drop=st.integers(0, 12))
def test_any_bytes_are_refused_in_the_known_way(cut: int, put: bytes, drop: int) -> None:
    """Any damaged line is either read or raises an error that the watch loop handles."""
    body = write(SOUND)
    line = b'{"type":"ADDED","object":%b}' % (body[:cut] + put + body[cut + drop :])
    try:
        found = PodDecoder().update(line).object
    except BROKEN:
        return
    pod = found.take() if found else None
    assert pod is None or pod.uid


def test_page_is_told_item_by_item() -> None:
    """Items of a page get a glance, are decoded, or are counted as broken, each by itself."""
    plain = json.dumps(SOUND, separators=(",", ":")).encode()
    items = (write(SOUND), plain, b"7", b'{"metadata":{}}')
    page = PodDecoder().page(
        b'{"metadata":{"resourceVersion":"9","continue":"more"},"items":[%b]}' % b",".join(items)
    )

    assert ("9", "more", 2) == (page.resource_version, page.token, page.broken)
    assert [Glance, RawPod] == [type(each) for each in page.items]
    one, other = (known(each.take()) for each in page.items)
    assert one == other


@pytest.mark.parametrize("indent", [None, 2], ids=["spaces", "lines"])
def test_what_is_written_with_spaces_is_told_without_them(indent: int | None) -> None:
    """JSON with spaces gets a glance as well, with the same hash."""
    pod = json.loads(write(SOUND))
    line = json.dumps({"type": "MODIFIED", "object": pod}, indent=indent).encode()
    page = json.dumps({"metadata": {"resourceVersion": "9"}, "items": [pod]}, indent=indent)
    update, (item,) = PodDecoder().update(line), PodDecoder().page(page.encode()).items

    assert ("MODIFIED", "7") == (update.type, update.version)
    for found in (update.object, item):
        assert isinstance(found, Glance)
        assert look(write(SOUND)).mark == found.mark
        assert known(look(write(SOUND)).take()) == known(found.take())


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "ADDED", "object": {"kind": "Pod", "metadata": {"name": "a',
        b'{"type": "ADDED", "object": {"metadata": %b' % (b'{"a": ' * 3000),
        b'{"\\": ": 1, "type":"ADDED","object":7}',
    ],
    ids=["cut off", "too deep", "an escaped quote"],
)
def test_spaces_in_what_is_no_pod(line: bytes) -> None:
    """A broken line with spaces raises an error that the watch loop handles."""
    with pytest.raises(BROKEN):
        PodDecoder().update(line)


def test_bookmark_with_spaces() -> None:
    """A bookmark with spaces is recognized."""
    mark = json.dumps({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "12"}}})

    assert ("BOOKMARK", "12") == (
        PodDecoder().update(mark.encode()).type,
        PodDecoder().update(mark.encode()).version,
    )


def test_kinds_of_lines() -> None:
    """Updates have a type and a glance; bookmarks and errors have no pod."""
    body = write(SOUND)
    told = [
        PodDecoder().update(b'{"type":"%b","object":%b}' % (kind, body))
        for kind in (b"ADDED", b"MODIFIED", b"DELETED")
    ]
    error = PodDecoder().update(b'{"type":"ERROR","object":{"kind":"Status","code":410}}')
    mark = b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}'

    assert ["ADDED", "MODIFIED", "DELETED"] == [each.type for each in told]
    assert all(isinstance(each.object, Glance) and "7" == each.version for each in told)
    assert ("ERROR", 410) == (error.type, error.code)
    assert ("BOOKMARK", "12") == (PodDecoder().update(mark).type, PodDecoder().update(mark).version)
