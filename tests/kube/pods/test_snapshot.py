"""Pods of any shape: parsing never fails, and a broken field costs only itself."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probewatch.core.model import Pod
from probewatch.kube.objects import BROKEN, Metadata
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.pods.salvage import salvage
from probewatch.kube.pods.snapshot import Snapshot, parse_pod
from probewatch.kube.times import parse_time
from probewatch.watch.decoding import Decoder
from tests.kube.pods.hostile import PLACES, SOUND, WRONG, Json, Path, changed


def read(pod: Json) -> tuple[Pod | None, int]:
    """Read a pod as the watch does; returns the number of broken fields as well."""
    line = json.dumps({"type": "MODIFIED", "object": pod}).encode()
    try:
        update = Decoder(RawPod).update(line)
    except BROKEN:
        return None, 1
    assert update.object is not None
    parsed = parse_pod(update.object.read())
    return parsed, update.dropped + update.object.flaws


def expected() -> Pod:
    """The valid pod, as it should be read."""
    pod, flaws = read(SOUND)
    assert pod is not None
    assert 0 == flaws
    return pod


@pytest.mark.slow
@pytest.mark.parametrize("put", WRONG.values(), ids=WRONG.keys())
def test_one_wrong_field_costs_only_itself(put: object) -> None:
    """D6, D7: a wrong value in one field leaves the rest of the pod and other containers intact.

    The only field that a pod cannot be without is its uid.
    """
    sound = expected()
    for place in PLACES:
        pod, _ = read(changed(SOUND, place, put))
        if pod is None:
            assert place[0] == "metadata"
            assert len(place) == 1 or place[1] == "uid"
            continue
        assert "u-1" == pod.uid or place == ("metadata", "uid")
        if place[:2] != ("status", "containerStatuses") and place != ("status",):
            assert sound.statuses == pod.statuses, place
        elif place[:3] == ("status", "containerStatuses", 0):
            assert sound.statuses[1:] == pod.statuses[-1:], place
        if place[0] != "spec":
            assert sound.spec == pod.spec, place


def test_wrong_types_are_counted() -> None:
    """Fields that are skipped are counted; values that can be converted are read."""
    count = ("status", "containerStatuses", 0, "restartCount")

    assert 1 == read(changed(SOUND, count, {"no": "number"}))[1]
    assert 0 == read(changed(SOUND, count, "4"))[1]
    assert expected() == read(changed(SOUND, count, "4"))[0]
    assert 1 == read(changed(SOUND, ("spec", "containers"), 7))[1]
    assert 1 == read(changed(SOUND, ("metadata", "generation"), "soon"))[1]


def test_part_that_is_no_text_is_counted() -> None:
    """A status or a spec that is no UTF-8 is lost as a whole, counted, and costs nothing else."""
    sound = expected()
    body = json.dumps(SOUND).encode()
    status, spec = (
        msgspec.json.decode(body.replace(*each), type=RawPod)
        for each in ((b'"Running"', b'"\xff"'), (b'"nodeName": "', b'"nodeName": "\xff'))
    )

    assert ((), sound.spec) == ((lost := parse_pod(status.read())).statuses, lost.spec)
    assert (sound.statuses, "") == ((lost := parse_pod(spec.read())).statuses, lost.node)
    assert (1, 1) == (status.flaws, spec.flaws)


def test_wrong_value_among_labels_costs_only_itself() -> None:
    """Of a mapping that is read at once, only the wrong values are left out."""
    labels = b'{"labels": {"app": "web", "tier": 7, "zone": []}}'

    assert (Metadata(labels={"app": "web"}), 2) == salvage(labels, Metadata)


@pytest.mark.parametrize("count", [None, -1, 1.5, 2**31, 2**63, "many"])
def test_status_without_a_count_is_none(count: object) -> None:
    """A status with an impossible restart count is dropped: 0 would look like a reset."""
    pod, _ = read(changed(SOUND, ("status", "containerStatuses", 0, "restartCount"), count))

    assert pod is not None
    assert ["proxy"] == [each.name for each in pod.statuses]


def test_a_hundred_containers() -> None:
    """D15: a pod may have many containers, and duplicate names in its lists."""
    one = SOUND["status"]["containerStatuses"][0]
    many = [{**one, "name": f"c-{number % 60}"} for number in range(100)]
    pod, flaws = read(changed(SOUND, ("status", "containerStatuses"), many))

    assert pod is not None
    assert (100, 0) == (len(pod.statuses), flaws)


def test_page_with_a_broken_item() -> None:
    """In a page, a wrong field costs only itself, and an item that is no object only that item."""
    count = ("status", "containerStatuses", 0, "restartCount")
    items: list[object] = [SOUND, 7, changed(SOUND, ("metadata", "generation"), [])]
    items.append(changed(SOUND, count, "4"))
    body = {"metadata": {"resourceVersion": "9"}, "items": items}
    page = Decoder(RawPod).page(json.dumps(body).encode())

    assert (3, 1, 1) == (len(page.items), page.broken, page.dropped)
    assert expected().statuses == parse_pod(page.items[2].read()).statuses


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=200, derandomize=True)
@given(places=st.lists(st.tuples(st.sampled_from(PLACES), ANY), max_size=6))
def test_any_shape_is_read(places: list[tuple[Path, object]]) -> None:
    """With several fields of any type, parsing never raises and the pod keeps its uid."""
    pod: Json = json.loads(json.dumps(SOUND))
    for place, put in places:
        at: Any = pod
        for key in place[:-1]:
            at = at.get(key, {}) if isinstance(at, dict) else {}
        if isinstance(at, dict) and isinstance(place[-1], str):
            at[place[-1]] = put
    parsed, _ = read(pod)

    # An object without a uid, or whose top-level parts are no objects, is no pod.
    if all(len(place) > 1 and place[1] != "uid" for place, _ in places):
        assert parsed is not None
        assert "u-1" == parsed.uid
    assert parsed is None or parsed.uid


@pytest.mark.slow
@settings(deadline=None, max_examples=200, derandomize=True)
@given(body=st.binary(max_size=64) | ANY.map(lambda each: json.dumps(each).encode()))
def test_any_bytes_are_an_object_or_none(body: bytes) -> None:
    """A malformed line raises one of the errors that the watch loop handles."""
    try:
        Decoder(RawPod).update(body)
    except BROKEN:
        return
    msgspec.json.decode(body)


def owned(**fields: str) -> str:
    """The owner's name as read, if the owner reference has these fields."""
    owner = SOUND["metadata"]["ownerReferences"][0] | fields
    pod, _ = read(changed(SOUND, ("metadata", "ownerReferences"), [owner]))
    assert pod is not None
    return pod.owner.name if pod.owner else ""


@pytest.mark.parametrize(
    ("field", "most"), [("apiVersion", 317), ("kind", 63), ("name", 253), ("uid", 128)]
)
def test_an_owner_of_which_no_report_can_speak_is_none(field: str, most: int) -> None:
    """An owner with a field too long for a report is ignored: the pod is its own workload."""
    long = owned(**{field: "x" * most})

    assert long in {"cart-1", "x" * most}
    assert "" == owned(**{field: "x" * (most + 1)})
    assert "" == owned(**{field: "ä" * 10_000})


@pytest.mark.parametrize("field", ["kind", "name"])
def test_an_owner_without_a_name_is_none(field: str) -> None:
    """An owner that names no kind or no object is ignored: no report could have its name."""
    owner = SOUND["metadata"]["ownerReferences"][0] | {field: ""}

    assert taken((("metadata", "ownerReferences"), [owner])).owner is None


def test_a_pod_without_a_uid_is_none() -> None:
    """An empty uid is none: pods could not be told apart by it."""
    assert (None, 1) == read(changed(SOUND, ("metadata", "uid"), ""))


def taken(*changes: tuple[Path, object]) -> Snapshot:
    """The snapshot of the valid pod with these changes."""
    pod = SOUND
    for place, put in changes:
        pod = changed(pod, place, put)
    return msgspec.json.decode(json.dumps(pod).encode(), type=RawPod).take()


OTHER_OWNER = [{**SOUND["metadata"]["ownerReferences"][0], "name": "cart-2"}]
DELETED = "2026-11-20T09:00:00Z"

NEWS: dict[str, tuple[Path, object]] = {
    "generation": (("metadata", "generation"), 3),
    "deletion": (("metadata", "deletionTimestamp"), DELETED),
    "labels": (("metadata", "labels"), {"app": "other"}),
    "owner": (("metadata", "ownerReferences"), OTHER_OWNER),
    "opted out": (("metadata", "annotations"), {"probewatch.dev/ignore": "true"}),
    "node": (("spec", "nodeName"), "node-2"),
    "spec": (("spec", "restartPolicy"), "Never"),
    "status": (("status", "containerStatuses", 0, "restartCount"), 5),
}


@pytest.mark.parametrize("change", NEWS.values(), ids=NEWS.keys())
def test_change_of_interest_is_no_same_content(change: tuple[Path, object]) -> None:
    """A change of any field that is used makes a snapshot different, also alone, and its hash."""
    assert taken().mark != taken(change).mark
    assert not taken().shows_the_same(taken(change))
    assert not taken(change).shows_the_same(taken())


def test_new_version_alone_is_the_same_content() -> None:
    """A new resourceVersion, or annotations that nobody reads, leave the content the same."""
    version: tuple[Path, object] = (("metadata", "resourceVersion"), "8")
    notes: tuple[Path, object] = (("metadata", "annotations"), {"team": "a"})

    assert taken().shows_the_same(taken(version, notes))


@pytest.mark.parametrize(
    ("group", "changes"),
    [
        ("Ready", ()),
        ("NotReady", ((("status", "conditions", 0, "status"), "False"),)),
        ("NotReady", ((("status", "conditions", 0, "status"), "Unknown"),)),
        ("Terminating", ((("metadata", "deletionTimestamp"), DELETED),)),
        (
            "Completed",
            ((("status", "phase"), "Succeeded"), (("metadata", "deletionTimestamp"), DELETED)),
        ),
    ],
)
def test_group_of_a_pod(group: str, changes: tuple[tuple[Path, object], ...]) -> None:
    """A pod that is over stays Completed while it is deleted; until then it is Terminating.

    Only one that is NotReady has a time since when it is.
    """
    since = parse_time(SOUND["status"]["conditions"][0]["lastTransitionTime"])
    found = taken(*changes)

    assert (group, since if group == "NotReady" else None) == (found.group, found.not_ready_since)


def test_condition_that_nobody_reads_is_the_same_content() -> None:
    """Conditions of other controllers are no news, and take no memory."""
    kept = SOUND["status"]["conditions"]
    pods = [
        taken((("status", "conditions"), [*kept, {"type": "example.com/Ad", "status": status}]))
        for status in ("True", "False")
    ]

    assert all(each.shows_the_same(taken()) for each in pods)
    assert {taken().pack()} == {each.pack() for each in pods}


def test_deletion_and_mirror_of_a_pod() -> None:
    """The pod has the time of its deletion; Events about a static pod name its config's hash."""
    mirror = {"kubernetes.io/config.mirror": "hash"}
    pod = taken(
        (("metadata", "deletionTimestamp"), DELETED), (("metadata", "annotations"), mirror)
    ).open()

    assert (parse_time(DELETED), "hash") == (pod.deletion_at, pod.evidence_uid)
    assert (None, "u-1") == (taken().open().deletion_at, taken().open().evidence_uid)


def test_pod_without_a_condition_is_unready_since_its_creation() -> None:
    """Before the kubelet writes conditions, a pod is not ready since its creation."""
    snapshot = taken((("status", "conditions"), []))

    assert parse_time(SOUND["metadata"]["creationTimestamp"]) == snapshot.not_ready_since


@pytest.mark.parametrize(
    ("regular", "init", "is_fresh"), [(0, 0, True), (1, 0, False), (0, 1, False), (None, 0, False)]
)
def test_pods_that_were_never_restarted(regular: int | None, init: int, *, is_fresh: bool) -> None:
    """A pod is fresh if the restartCount of each container, also of init ones, is 0."""
    status = {
        "containerStatuses": [{"name": "app", "restartCount": regular}],
        "initContainerStatuses": [{"name": "init", "restartCount": init}],
    }

    assert is_fresh is taken((("status",), status)).is_fresh
