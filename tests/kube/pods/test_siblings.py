"""A pod read by a sibling's template equals the pod read by decoding."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probewatch.commands.stream import Kind, read_stream
from probewatch.kube import objects
from probewatch.kube.objects import BROKEN
from probewatch.kube.pods.glance import glance
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.pods.siblings import EXAMPLES, LARGE, MISFITS, Siblings
from probewatch.kube.pods.snapshot import Snapshot
from probewatch.kube.spec_parsing import parse_spec
from tests.bench.pods import Record, render
from tests.kube.pods.snapshots import known
from tests.support.traces import LOOPS

Json = dict[str, Any]

EXAMPLE = min(EXAMPLES)
"""How many siblings of the first pod are decoded before one is read by a template."""


def pod(number: int = 0) -> Json:
    """A pod of a Deployment; all with a number below 30 are siblings."""
    made: Json = json.loads(render(Record(number=number, version=100 + number)))
    return made


def write(made: Json) -> bytes:
    return json.dumps(made, separators=(",", ":")).encode()


def take(body: bytes, siblings: Siblings) -> Snapshot | None:
    """Take a pod's snapshot as a watch does."""
    seen = glance(body, 0, len(body), siblings)
    assert seen is not None
    return seen.take()


def read(body: bytes, siblings: Siblings) -> object:
    """Read a pod as a watch does."""
    return known(take(body, siblings))


def whole(body: bytes) -> object:
    """Decode a pod completely, without templates."""
    return known(msgspec.json.decode(body, type=RawPod).take())


def is_told(body: bytes, siblings: Siblings) -> bool:
    """Whether a pod is read by a template, including its status."""
    snapshot = take(body, siblings)
    return snapshot is not None and snapshot.form is not None


def show(example: Json | None = None) -> Siblings:
    """Siblings that have read enough pods of a workload to have templates."""
    made, siblings = example or pod(0), Siblings()
    for number in range(EXAMPLE + 1):
        made["metadata"]["name"] = f"service-0-7d9f8b6c5d-z{number}"
        take(write(made), siblings)
    return siblings


def test_siblings_are_told_without_decoding() -> None:
    """Siblings that differ in name, node, token, address and times are read by a template."""
    siblings = Siblings()
    bodies = [render(Record(number=number, version=number)) for number in range(30)]
    found = [take(body, siblings) for body in bodies]

    assert [whole(body) for body in bodies] == [known(each) for each in found]
    forms = [each.form for each in found if each is not None and each.form is not None]
    assert 30 - EXAMPLE - 1 == len(forms)
    assert all(each is forms[0] for each in forms)
    assert all(each is not None and each.spec is found[0].spec for each in found if found[0])


def test_siblings_on_windows() -> None:
    """The operating system in a spec is kept by the template."""
    example = pod(0)
    example["spec"]["os"] = {"name": "windows"}
    siblings = show(example)
    parse_spec(objects.PodSpec(containers=[objects.Container(name="other")]))
    example["status"]["phase"] = "Pending"
    found = take(write(example), siblings)

    assert found is not None
    assert found.spec.windows


def test_another_workload_is_decoded() -> None:
    """A pod of another workload is decoded by itself."""
    siblings = show()
    one, other = (
        render(Record(number=29, version=1)),
        render(Record(number=30, workload=1, version=1)),
    )

    assert is_told(one, siblings)
    assert (whole(one), whole(other)) == (read(one, siblings), read(other, siblings))
    assert not is_told(other, siblings)


def told_among(bodies: list[bytes], siblings: Siblings) -> list[bool]:
    """Which of these pods are read by a template; all equal their decoded form."""
    found = [take(body, siblings) for body in bodies]
    assert [whole(body) for body in bodies] == [known(each) for each in found]
    return [each is not None and each.form is not None for each in found]


def test_strangers_with_names_like_siblings() -> None:
    """Unrelated pods with similar names are decoded, and after some of them no template is made."""
    bodies = [render(Record(number=number, version=1)) for number in range(30)]
    strangers = [
        edit(body, ('"dnsPolicy":"ClusterFirst"', f'"dnsPolicy":"of {number}"'))
        for number, body in enumerate(bodies)
    ]
    few, many = strangers[:MISFITS], strangers[: MISFITS + 2]

    assert not any(told_among(strangers, Siblings()))
    assert any(told_among([*few, *bodies], Siblings()))
    assert not any(told_among([*many, *bodies], Siblings()))


GENERATED = '"generateName":"service-0-7d9f8b6c5d-",'
CREATED = '"creationTimestamp":"2026-11-20T08:00:00Z",'

SERVERS: dict[str, tuple[tuple[str, str], ...]] = {
    "no name that was generated": ((GENERATED, ""),),
    "no owner": ((GENERATED, ""), ('"ownerReferences":[{', '"finalizers":["x"],"owned":[{')),
    "the time of creation after the labels": (
        (CREATED, ""),
        ('"annotations":{', CREATED + '"annotations":{'),
    ),
    "the time of creation after all": (
        (CREATED, ""),
        (',"managedFields"', "," + CREATED[:-1] + ',"managedFields"'),
    ),
    "no generation": (('"generation":1,', ""),),
}


@pytest.mark.parametrize("changes", SERVERS.values(), ids=SERVERS.keys())
def test_pods_laid_out_in_another_way(changes: tuple[tuple[str, str], ...]) -> None:
    """Pods without generateName or owner, or in another key order, are read by templates too."""
    bodies = [edit(render(Record(number=number, version=1)), *changes) for number in range(30)]

    assert all(told_among(bodies, Siblings())[EXAMPLE + 1 :])


def edit(body: bytes, *changes: tuple[str, str]) -> bytes:
    """The JSON of a pod with some text replaced."""
    for before, after in changes:
        assert before.encode() in body
        body = body.replace(before.encode(), after.encode())
    return body


SIBLING_OF_ALL = render(Record(number=7, version=1))

TOLD = {
    "a longer address": (("10.0.0.7", "10.200.111.123"),),
    "an address of version 6": (("10.0.0.7", "fd00:10::a7"),),
    "another time of creation": (
        ('"creationTimestamp":"2026-11-20', '"creationTimestamp":"2025-11-20'),
    ),
    "another start": (('"startedAt":"2026-11-20', '"startedAt":"2026-11-21'),),
    "another instance": (("containerd://000", "containerd://f0f"),),
    "a node with a longer name": (("node-7", "ip-10-0-0-7.eu-central-1.compute.internal"),),
    "other annotations": (
        ('"annotations":{', '"annotations":{"cni.projectcalico.org/podIP":"10.0.0.7/32",'),
        ("10.0.0.7", "10.0.0.8"),
    ),
    "annotations with JSON in them": (
        ('"annotations":{', '"annotations":{"network":"[{\\n \\"ips\\": [\\"10.0.0.7\\"]}]",'),
        ('"podIP":"10.0.0.7"', '"podIP":"10.0.0.8"'),
    ),
    "a version of many digits": (('"resourceVersion":"1"', '"resourceVersion":"987654321"'),),
}


@pytest.mark.parametrize("changes", TOLD.values(), ids=TOLD.keys())
def test_what_siblings_have_for_themselves(changes: tuple[tuple[str, str], ...]) -> None:
    """Values that differ between siblings are taken from the text without decoding."""
    siblings = show()
    body = edit(SIBLING_OF_ALL, *changes)

    assert is_told(body, siblings)
    assert whole(body) == read(body, siblings)
    assert whole(SIBLING_OF_ALL) != read(body, siblings)


def test_sibling_has_its_own_hash() -> None:
    """A pod read by a template keeps its own hash, with which its next update is compared."""
    siblings = show()
    seen = glance(SIBLING_OF_ALL, 0, len(SIBLING_OF_ALL), siblings)
    assert seen is not None
    found = seen.take()

    assert found is not None
    assert found.form is not None
    assert seen.mark == found.mark


def test_the_host_has_an_address_of_any_length() -> None:
    """The length of hostIP does not matter, since nobody reads it."""
    siblings = show()
    body = edit(SIBLING_OF_ALL, ("192.168.0.17", "10.1.2.3"))

    assert is_told(body, siblings)
    assert whole(SIBLING_OF_ALL) == read(body, siblings)


GENERATION = '"observedGeneration":1'
IMAGE = '"image":"registry.example/service-0/app'

READ = {
    "not ready": (
        (
            f'"type":"Ready",{GENERATION},"status":"True"',
            f'"type":"Ready",{GENERATION},"status":"False"',
        ),
    ),
    "restarted": ((f'"restartCount":0,{IMAGE}', f'"restartCount":3,{IMAGE}'),),
    "not started": (('"started":true', '"started":false'),),
    "over": (('"phase":"Running"', '"phase":"Succeeded"'),),
    "evicted": (('"phase":"Running"', '"phase":"Failed","reason":"Evicted"'),),
    "terminating": (('"labels":{', '"deletionTimestamp":"2026-11-20T09:00:00Z","labels":{'),),
    "changed": (('"generation":1', '"generation":2'),),
    "no time of creation": (('"creationTimestamp":"2026-11-20T08:00:00Z",', ""),),
    "left alone": (('"annotations":{', '"annotations":{"probewatch.dev/ignore":"true",'),),
    "a mirror": (('"annotations":{', '"annotations":{"kubernetes.io/config.mirror":"abc",'),),
    "no annotations": (('"annotations":{', '"finalizers":{'),),
    "other labels": (('"pod-template-hash":"7d9f8b6c5d"', '"pod-template-hash":"other"'),),
    "another owner": (('"kind":"ReplicaSet"', '"kind":"Job"'),),
    "waiting": (
        ('"running":{"startedAt":"2026-11-20T08:00:04Z"}', '"waiting":{"reason":"Unwell"}'),
    ),
    "no start": (('"startTime":"2026-11-20T08:00:00Z",', ""),),
    "no address": (('"podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"}],', ""),),
    "two addresses": (('[{"ip":"10.0.0.7"}]', '[{"ip":"10.0.0.7"},{"ip":"fd00::7"}]'),),
    "no text for an address": (('"ip":"10.0.0.7"', '"ip":null'),),
    "no quotes around what is a text": (('"podIP":"10.0.0.7"', '"podIP":7'),),
    "an escaped address": (('"podIP":"10.0.0.7"', '"podIP":"10.0.0.7\\n"'),),
    "an escaped instance": (("containerd://0000", 'containerd://\\"00'),),
    "a space in an instance": (("containerd://0000", "containerd://00 0"),),
    "a percent sign": (('"phase":"Running"', '"phase":"Running","message":"%b of 50%"'),),
    "a number sign": (('"phase":"Running"', '"phase":"Running","message":"#1"'),),
    "a number sign as a reason": (('"phase":"Running"', '"phase":"Running","reason":"#1"'),),
    "a null": (('"lastState":{}', '"lastState":null'),),
}


@pytest.mark.parametrize("changes", READ.values(), ids=READ.keys())
@pytest.mark.parametrize("is_example", [True, False])
def test_what_siblings_have_alike(
    changes: tuple[tuple[str, str], ...], *, is_example: bool
) -> None:
    """A pod that differs in a value the template fixes is decoded, on either side."""
    odd = edit(SIBLING_OF_ALL, *changes)
    plain, other = (odd, SIBLING_OF_ALL) if is_example else (SIBLING_OF_ALL, odd)
    siblings = show(json.loads(plain))

    assert whole(other) == read(other, siblings)
    assert not is_told(other, siblings)
    assert whole(plain) == read(plain, siblings)


TWICE = {
    "annotations that end too early": (('"annotations":{', '"annotations":{},"name":"x","k":{'),),
    "a second name": (('"labels":{', '"name":"x","labels":{'),),
    "a second version": (('"labels":{', '"resourceVersion":"5","labels":{'),),
    "a second generation": (('"labels":{', '"generation":5,"labels":{'),),
    "a second time of creation": (
        ('"labels":{', '"creationTimestamp":"2025-11-20T08:00:00Z","labels":{'),
    ),
    "a time of creation among the labels": (
        ('"labels":{', '"labels":{"creationTimestamp":"2025-11-20T08:00:00Z",'),
    ),
    "a longer time of creation": (('T08:00:00Z","labels"', 'T08:00:00Z.5","labels"'),),
    "a second namespace": (('"generateName":', '"namespace":"x","generateName":'),),
}
"""Duplicate keys, as no API server writes them; the last one counts."""


@pytest.mark.parametrize("changes", (READ | TWICE).values(), ids=(READ | TWICE).keys())
def test_the_example_may_not_be_like_the_first(changes: tuple[tuple[str, str], ...]) -> None:
    """Whichever sibling becomes the template, each pod equals its decoded form."""
    odd = edit(SIBLING_OF_ALL, *changes)
    for others in ([odd], [odd, SIBLING_OF_ALL], [SIBLING_OF_ALL, odd]):
        siblings = Siblings()
        for number in range(60):
            body = (SIBLING_OF_ALL, *others)[number % (len(others) + 1)]
            assert whole(body) == read(body, siblings)


@pytest.mark.parametrize(
    "addresses",
    ['"hostIP":"192.168.0.17"', '"hostIP":"192.168.0.17","podIP":"10.0.0.7"'],
    ids=["of the host alone", "each once"],
)
def test_addresses_as_older_servers_write_them(addresses: str) -> None:
    """Statuses without lists of addresses, or without a pod IP, are read by templates."""
    text = SIBLING_OF_ALL.decode()
    begin, end = text.index('"hostIP"'), text.index(',"startTime"')
    body = (text[:begin] + addresses + text[end:]).encode()
    siblings = show(json.loads(body))

    assert is_told(edit(body, ("192.168.0.17", "10.1.1.1")), siblings)
    assert whole(body) == read(body, siblings)


def test_as_many_examples_as_it_takes() -> None:
    """If the first siblings are unready, a later template covers the ready ones."""
    siblings = Siblings()
    for number in range(8):
        body = render(Record(number=number, version=1, is_ready=False))
        assert whole(body) == read(body, siblings)
    healthy = [render(Record(number=number, version=1)) for number in range(8, 30)]
    assert [whole(body) for body in healthy] == [read(body, siblings) for body in healthy]
    assert is_told(healthy[-1], siblings)


@pytest.mark.parametrize(
    ("size", "decoded"),
    [(LARGE + 1, 0), (LARGE, EXAMPLE)],
    ids=["after a large workload", "after a small one"],
)
def test_the_first_pod_is_an_example_after_a_large_workload(size: int, decoded: int) -> None:
    """After a large workload the next one gets a template from its first pod."""
    siblings = Siblings()
    for number in range(size):
        take(render(Record(number=number, version=1)), siblings)
    bodies = [render(Record(number=30 + number, workload=1, version=1)) for number in range(8)]

    told = told_among(bodies, siblings)

    assert [False] * (decoded + 1) + [True] * (7 - decoded) == told


def test_a_first_pod_that_is_not_like_the_others_costs_little() -> None:
    """If that first pod is unready, the others get a template soon after."""
    siblings = Siblings()
    for number in range(LARGE + 1):
        take(render(Record(number=number, version=1)), siblings)
    bodies = [
        render(Record(number=30 + number, workload=1, version=1, is_ready=number > 0))
        for number in range(EXAMPLE + 2)
    ]

    assert [False] * (EXAMPLE + 1) + [True] == told_among(bodies, siblings)


def test_a_told_pod_shows_the_same_as_if_it_was_read() -> None:
    """Whether an update is news does not depend on how either version was read."""
    siblings = show()
    told = take(SIBLING_OF_ALL, siblings)
    read_whole = msgspec.json.decode(SIBLING_OF_ALL, type=RawPod).take()
    odd = msgspec.json.decode(edit(SIBLING_OF_ALL, *READ["not ready"]), type=RawPod).take()

    assert told is not None
    assert told.form is not None
    assert told.shows_the_same(read_whole)
    assert read_whole.shows_the_same(told)
    assert not told.shows_the_same(odd)
    assert not odd.shows_the_same(told)


def spec_with(**values: object) -> tuple[Json, Json]:
    """Two siblings whose specs have these fields as well."""
    pair = (pod(0), pod(1))
    for each in pair:
        each["spec"].update(
            json.loads(json.dumps(values).replace("<node>", each["spec"]["nodeName"]))
        )
    return pair


def test_pods_of_a_daemon_set_name_their_node_twice() -> None:
    """The node name in a DaemonSet's affinity may differ between siblings."""
    field = {"key": "metadata.name", "operator": "In", "values": ["<node>"]}
    term = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}
    one, other = spec_with(affinity=affinity)
    siblings = show(one)

    assert whole(write(other)) == read(write(other), siblings)
    assert is_told(write(other), siblings)


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
    """Whichever of two siblings is odd, each equals its decoded form."""
    plain, odd = pod(0), pod(1)
    change(odd["spec"])
    for pair in ((plain, odd), (odd, plain), (odd, odd)):
        siblings = Siblings()
        for body in map(write, pair):
            assert whole(body) == read(body, siblings)


def test_spec_that_differs_behind_the_node_is_decoded() -> None:
    """A field after the node's name is compared as well, even if its value is no longer."""
    linux, windows = spec_with(os={"name": "linuxos"})
    windows["spec"]["os"] = {"name": "windows"}
    found = take(write(windows), show(linux))

    assert found is not None
    assert found.spec.windows


def test_escaped_name_is_decoded() -> None:
    """A name is taken from the text only if none of its characters is written in another way."""
    body = edit(SIBLING_OF_ALL, ('{"name":"service-0', '{"name":"\\u0073ervice-0'))

    assert whole(body) == read(body, show())


def test_token_that_ends_no_string_is_no_json() -> None:
    """A backslash as the last letter of a token hides the quote after it, for all siblings."""
    body = edit(SIBLING_OF_ALL, ("kube-api-access-00007", "kube-api-access-0000\\"))

    assert take(body, show()) is None


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
    """Text that looks like the node's name elsewhere in the spec is not mistaken for it."""
    pair, siblings = spec_with(**values), Siblings()
    if is_first:
        for each in pair:
            each["spec"] = {**values, **each["spec"], **{k: each["spec"][k] for k in values}}
    for body in map(write, pair):
        assert whole(body) == read(body, siblings)


@pytest.mark.parametrize("place", ["containers", "initContainers"])
def test_container_called_like_a_token(place: str) -> None:
    """A container named like the token volume is read correctly."""
    pair, siblings = (pod(0), pod(1)), Siblings()
    for made in pair:
        token = made["spec"]["volumes"][0]["name"]
        made["spec"].setdefault(place, []).append({"name": token})
    for body in map(write, pair):
        assert whole(body) == read(body, siblings)


def test_every_recorded_pod_is_read_as_if_alone() -> None:
    """Recorded pods read one after another equal their decoded form."""
    bodies = [bytes(each.object) for each in read_stream(str(LOOPS)) if each.kind is Kind.POD]

    by_name = sorted(bodies, key=lambda body: msgspec.json.decode(body, type=RawPod).metadata.name)
    assert 900 < len(by_name)
    siblings = Siblings()
    for body in by_name:
        assert whole(body) == read(body, siblings)


SIBLING = render(Record(number=5, version=7))


@settings(deadline=None, max_examples=1000, derandomize=True)
@given(
    cut=st.one_of(
        st.integers(0, SIBLING.index(b',"managedFields"')),
        st.integers(SIBLING.index(b'"spec":'), len(SIBLING)),
        st.integers(SIBLING.index(b'"status":'), len(SIBLING)),
    ),
    put=st.one_of(
        st.binary(max_size=6),
        st.text('"\\{}[]:,node-1kube-api-access', max_size=6).map(str.encode),
    ),
    drop=st.integers(0, 8),
)
def test_any_bytes_are_read_as_if_alone(cut: int, put: bytes, drop: int) -> None:
    """A sibling with damaged JSON is read or refused exactly as without templates."""
    odd = SIBLING[:cut] + put + SIBLING[cut + drop :]
    siblings = show()
    try:
        seen = glance(odd, 0, len(odd), siblings)
    except BROKEN:
        return
    if seen is None:
        return
    found, flaws = known(seen.take()), seen.flaws
    siblings = Siblings()
    again = glance(odd, 0, len(odd), siblings)
    assert again is not None
    assert (known(again.take()), again.flaws) == (found, flaws)
