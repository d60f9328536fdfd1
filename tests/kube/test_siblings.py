"""A spec told by that of a sibling is the one that reading it would give."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probewatch.commands.stream import Kind, read_stream
from probewatch.kube import objects
from probewatch.kube.glance import glance
from probewatch.kube.raw_pod import RawPod
from probewatch.kube.snapshot import take_snapshot
from tests.bench.pods import Record, render

TRACE = Path(__file__).parents[1] / "data" / "traces" / "loops.jsonl.gz"

Json = dict[str, Any]


def pod(number: int = 0) -> Json:
    """A pod of a Deployment; those with a number below 30 are siblings."""
    made: Json = json.loads(render(Record(number=number, version=100 + number)))
    return made


def write(made: Json) -> bytes:
    return json.dumps(made, separators=(",", ":")).encode()


def read(body: bytes) -> objects.Pod | None:
    """Read a pod as a watch does."""
    seen = glance(body, 0, len(body))
    assert seen is not None
    return seen.read()


def whole(body: bytes) -> objects.Pod:
    """Read it as a whole, with nothing else known."""
    return msgspec.json.decode(body, type=RawPod).read()


def are_told_alike(one: objects.Pod | None, other: objects.Pod | None) -> bool:
    """Whether the second spec was told by the first: what is read of the containers is shared."""
    assert one is not None
    assert other is not None
    assert one.spec is not None
    assert other.spec is not None
    return one.spec.containers is other.spec.containers


def test_sibling_is_told_without_decoding() -> None:
    """Another name, node, token and status: the same spec but for the node."""
    bodies = [render(Record(number=number, version=number)) for number in range(30)]
    found = [read(body) for body in bodies]

    assert [whole(body) for body in bodies] == found
    assert all(are_told_alike(found[0], each) for each in found)
    specs = [take_snapshot(each).spec for each in found if each is not None]
    assert all(each is specs[0] for each in specs)
    assert "node-29" == take_snapshot(whole(bodies[29])).node


def test_another_workload_is_decoded() -> None:
    """What is read of it is its own."""
    one, other = render(Record(number=29, version=1)), render(Record(number=30, version=1))
    first, second = read(one), read(other)

    assert (whole(one), whole(other)) == (first, second)
    assert not are_told_alike(first, second)


def spec_with(**values: object) -> tuple[Json, Json]:
    """Two siblings whose specs have these as well."""
    pair = (pod(0), pod(1))
    for each in pair:
        each["spec"].update(
            json.loads(json.dumps(values).replace("<node>", each["spec"]["nodeName"]))
        )
    return pair


def test_pods_of_a_daemon_set_name_their_node_twice() -> None:
    """Where it stands in what nobody reads, it may be another one too."""
    field = {"key": "metadata.name", "operator": "In", "values": ["<node>"]}
    term = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}
    one, other = (write(each) for each in spec_with(affinity=affinity))
    first, second = read(one), read(other)

    assert whole(other) == second
    assert are_told_alike(first, second)


def change_image(spec: Json) -> None:
    spec["containers"][0]["image"] = "other:2"


def change_probe(spec: Json) -> None:
    spec["containers"][1]["livenessProbe"]["periodSeconds"] = 11


def drop_node(spec: Json) -> None:
    del spec["nodeName"]


def name_no_node(spec: Json) -> None:
    spec["nodeName"] = 'n"1\\'


def escape_node(spec: Json) -> None:
    spec["nodeName"] = "nöde"


def drop_token(spec: Json) -> None:
    spec["volumes"] = []


def change_one_token(spec: Json) -> None:
    spec["containers"][0]["volumeMounts"][0]["name"] = "kube-api-access-other"


def hold_containers_behind(spec: Json) -> None:
    spec["initContainers"] = spec.pop("containers")


def share_the_host(spec: Json) -> None:
    spec["hostNetwork"] = True


CHANGES = (
    change_image,
    change_probe,
    drop_node,
    name_no_node,
    escape_node,
    drop_token,
    change_one_token,
    hold_containers_behind,
    share_the_host,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_differs_is_read(change: Any) -> None:  # noqa: ANN401  # one of the above
    """Whichever of two siblings is the odd one: each is read as it is."""
    plain, odd = pod(0), pod(1)
    change(odd["spec"])
    for pair in ((plain, odd), (odd, plain), (odd, odd)):
        for body in map(write, pair):
            assert whole(body) == read(body)


HOSTILE: dict[str, Json] = {
    "a selector with the key of the node": {"nodeSelector": {"nodeName": "<node>"}},
    "a gate called like the node": {"readinessGates": [{"conditionType": "<node>"}]},
    "labels with the key of the node": {
        "topologySpreadConstraints": [{"labelSelector": {"matchLabels": {"nodeName": "<node>"}}}]
    },
    "a status in a selector": {"nodeSelector": {"status": "{"}},
}


@pytest.mark.parametrize("values", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("is_first", [True, False])
def test_what_looks_like_a_node(values: Json, *, is_first: bool) -> None:
    """Text that looks like what may differ, before or behind it, is what it is."""
    pair = spec_with(**values)
    if is_first:
        for each in pair:
            each["spec"] = {**values, **each["spec"], **{k: each["spec"][k] for k in values}}
    for body in map(write, pair):
        assert whole(body) == read(body)


@pytest.mark.parametrize("place", ["containers", "initContainers"])
def test_container_called_like_a_token(place: str) -> None:
    """Its name is read, so nothing that looks like it may differ."""
    pair = pod(0), pod(1)
    for made in pair:
        token = made["spec"]["volumes"][0]["name"]
        made["spec"].setdefault(place, []).append({"name": token})
    for body in map(write, pair):
        assert whole(body) == read(body)


def test_every_recorded_pod_is_read_as_if_alone() -> None:
    """Of 2 pods that a real API server wrote, told of one after the other, each is read whole."""
    bodies = [bytes(each.object) for each in read_stream(str(TRACE)) if each.kind is Kind.POD]

    by_name = sorted(bodies, key=lambda body: whole(body).metadata.name)
    assert 900 < len(by_name)
    for body in by_name:
        assert whole(body) == read(body)


BODY, SIBLING = (render(Record(number=number, version=7)) for number in (4, 5))


@settings(deadline=None, max_examples=1000, derandomize=True)
@given(
    cut=st.integers(SIBLING.index(b'"spec":'), len(SIBLING)),
    put=st.one_of(
        st.binary(max_size=6),
        st.text('"\\{}[]:,node-1kube-api-access', max_size=6).map(str.encode),
    ),
    drop=st.integers(0, 8),
)
def test_any_bytes_are_read_as_if_alone(cut: int, put: bytes, drop: int) -> None:
    """Whatever is changed in a sibling's text: it is read, or refused, as without the first."""
    odd = SIBLING[:cut] + put + SIBLING[cut + drop :]
    read(BODY)
    seen = glance(odd, 0, len(odd))
    if seen is None:
        return
    found, flaws = seen.read(), seen.flaws
    read(render(Record(number=40, version=7)))  # of another workload
    again = glance(odd, 0, len(odd))
    assert again is not None
    assert (again.read(), again.flaws) == (found, flaws)
