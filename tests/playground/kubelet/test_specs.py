"""Parsing pods, probes and images as the kubelet does."""

import sys

import pytest

from probewatch.playground.images import Image, UnknownImageError, find_command, short_name
from probewatch.playground.kubelet.env import find_unsupported, make_env
from probewatch.playground.kubelet.pod_status import find_qos_class, full_image
from probewatch.playground.kubelet.probes import (
    Action,
    Exec,
    HttpGet,
    ProbeSpec,
    ProbeType,
    Sleep,
    TcpSocket,
    Unsupported,
    parse_action,
    parse_probe,
)
from probewatch.playground.kubelet.specs import (
    ContainerSpec,
    RestartPolicy,
    Role,
    parse_memory,
    parse_pod_spec,
)
from tests.playground.fakes import JsonObject, make_container, make_pod


@pytest.mark.parametrize(
    ("action", "raw"),
    [
        (HttpGet(port=80, path="/x"), {"httpGet": {"port": 80, "path": "x"}}),
        (HttpGet(port=8080), {"httpGet": {"port": "web"}}),
        (
            HttpGet(port=80, scheme="https", host="h", headers=(("A", "b"), ("C", ""))),
            {
                "httpGet": {
                    "port": "80",
                    "scheme": "HTTPS",
                    "host": "h",
                    "httpHeaders": [{"name": "A", "value": "b"}, {"name": "C"}],
                }
            },
        ),
        (TcpSocket(port=0), {"tcpSocket": {"port": "nameless"}}),
        (TcpSocket(port=0), {"tcpSocket": {}}),
        (Exec(command=("a", "b")), {"exec": {"command": ["a", "b"]}}),
        (Sleep(seconds=3), {"sleep": {"seconds": 3}}),
        (Unsupported(name="grpc"), {"periodSeconds": 3, "grpc": {"port": 1}}),
        (Unsupported(name="nothing"), {"periodSeconds": 3}),
    ],
)
def test_what_a_probe_does(action: Action, raw: JsonObject) -> None:
    """Every kind of handler is parsed, with ports by number or name."""
    assert action == parse_action(raw, {"web": 8080})


def test_probes_have_the_api_servers_defaults() -> None:
    """The defaults are every 10 s, 1 s timeout, three failures; 0 means the default."""
    expected = ProbeSpec(type=ProbeType.LIVENESS, action=TcpSocket(port=1))
    raw = {"tcpSocket": {"port": 1}}

    assert expected == parse_probe(ProbeType.LIVENESS, raw, {})
    assert expected == parse_probe(ProbeType.LIVENESS, {**raw, "periodSeconds": 0}, {})
    assert None is parse_probe(ProbeType.LIVENESS, None, {})


@pytest.mark.parametrize(
    ("bytes_", "raw"),
    [
        (None, None),
        (100, "100"),
        (64 << 20, "64Mi"),
        (1500, "1.5k"),
        (2 << 30, "2Gi"),
        (7, 7),
    ],
)
def test_memory_is_read_as_bytes(bytes_: int | None, raw: str | int | None) -> None:
    """Quantities have binary and decimal units."""
    assert bytes_ == parse_memory(raw)


def test_containers_have_roles_and_policies() -> None:
    """Init containers restart at most on failure, sidecars always."""
    inits = [make_container(name="i"), make_container(name="s", restartPolicy="Always")]
    for policy, expected in (
        ("Always", (RestartPolicy.ON_FAILURE, RestartPolicy.ALWAYS, RestartPolicy.ALWAYS)),
        ("Never", (RestartPolicy.NEVER, RestartPolicy.ALWAYS, RestartPolicy.NEVER)),
    ):
        pod = make_pod(make_container(), initContainers=inits, restartPolicy=policy)
        found = parse_pod_spec(pod).containers

        assert (Role.INIT, Role.SIDECAR, Role.REGULAR) == tuple(item.role for item in found)
        assert expected == tuple(item.restart_policy for item in found)


def test_what_is_limited_is_requested() -> None:
    """Limits are the default of requests."""
    resources = {"limits": {"memory": "1Mi", "cpu": "1"}, "requests": {"cpu": "500m"}}
    found = parse_pod_spec(make_pod(make_container(resources=resources))).containers[0]

    expected = {"limits": resources["limits"], "requests": {"memory": "1Mi", "cpu": "500m"}}
    assert expected == found.resources


def test_variables_come_from_values_and_fields() -> None:
    """A variable has a value, which may refer to earlier ones, or a field of the pod."""
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)2 $(NOPE) $$(A) $(POD_IP)"},
        {"name": "C"},
        {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    ]
    pod = parse_pod_spec(make_pod(make_container(env=env)))
    found = make_env(pod, pod.containers[0], address="127.1.2.3", node=("n", "127.0.0.1"))

    expected = {"HOST": "127.1.2.3", "POD_IP": "127.1.2.3", "HOSTNAME": "app"}
    own = {"A": "1", "B": "12 $(NOPE) $(A) 127.1.2.3", "C": "", "D": "scn"}
    assert expected | own == found


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (
            "container app: the playground has no gRPC probes (livenessProbe)",
            {"livenessProbe": {"grpc": {"port": 1}}},
        ),
        (
            "container app: the playground has no such source for the variable A",
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        ),
        ("container app: the playground has no envFrom", {"envFrom": [{"secretRef": {}}]}),
    ],
)
def test_what_there_is_not_is_said(message: str, fields: dict[str, object]) -> None:
    """A pod that needs an unsupported feature is rejected with a message."""
    pod = make_pod(make_container() | fields)

    assert [message] == find_unsupported(pod)


@pytest.mark.parametrize(
    ("short", "image"),
    [
        ("busybox", "busybox"),
        ("busybox", "docker.io/library/busybox:1"),
        ("upi907/webapl", "upi907/webapl:0.1@sha256:ab"),
        ("r.example:5000/a/b", "r.example:5000/a/b:2"),
    ],
)
def test_images_have_short_names(short: str, image: str) -> None:
    """Default registry, tag and digest are omitted from short names."""
    assert short == short_name(image)


@pytest.mark.parametrize(
    ("full", "image"),
    [
        ("docker.io/library/busybox:1", "busybox:1"),
        ("docker.io/library/busybox", "docker.io/busybox"),
        ("docker.io/a/b", "a/b"),
        ("docker.io/a/b", "docker.io/a/b"),
        ("r.example/a", "r.example/a"),
        ("localhost/a", "localhost/a"),
    ],
)
def test_images_have_full_names(full: str, image: str) -> None:
    """The status has the image with its registry, as the runtime reports it."""
    assert full == full_image(image)


def command(image: str, *words: str, args: tuple[str, ...] = ()) -> tuple[str, ...]:
    spec = ContainerSpec(name="a", image=image, command=words, args=args)
    return find_command(spec, {"busybox": Image(), "app": Image(entry_point=("/app", "-x"))})


def test_what_a_container_runs() -> None:
    """The pod's command replaces the entry point; its arguments follow either."""
    assert ("/app", "-x", "1") == command("app:1", args=("1",))
    assert ("/other", "1") == command("app:1", "/other", args=("1",))
    assert (sys.executable, "-V") == command("busybox", "python3", "-V")
    assert ("sleep", "infinity") == command("busybox")
    assert "/sh" == command("busybox", "sh")[0][-3:]
    assert "/cat" == command("busybox", "/no/such/folder/cat")[0][-4:]
    assert ("/nope",) == command("busybox", "/nope")


def test_an_unknown_image_says_which_there_are() -> None:
    """The error for an unknown image lists the known ones."""
    with pytest.raises(UnknownImageError, match=r'"nginx:1": not found \(.* has app, busybox\)'):
        command("nginx:1")


@pytest.mark.parametrize(
    ("class_", "resources"),
    [
        ("BestEffort", {}),
        ("Burstable", {"requests": {"cpu": "1"}}),
        ("Burstable", {"limits": {"cpu": "1"}}),
        ("Guaranteed", {"limits": {"cpu": "1", "memory": "1Mi"}}),
    ],
)
def test_quality_of_service(class_: str, resources: JsonObject) -> None:
    """The QoS class is derived from requests and limits."""
    assert class_ == find_qos_class({"containers": [{"resources": resources}]})
