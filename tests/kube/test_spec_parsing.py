"""Parsing the pod spec, as far as restarts depend on it."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from probewatch.core.spec import (
    Container,
    ContainerKind,
    HandlerKind,
    PodSpec,
    Probe,
    ProbeType,
    RestartPolicy,
    RestartRule,
)
from probewatch.kube import objects
from probewatch.kube.spec_parsing import parse_spec

STOP_SIGNALS = [("SIGUSR1", 10), ("SIGRTMIN+3", 37), ("SIGTERM", 15), ("SIGNOT", 0), (None, 0)]
CPU = [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]
MEMORY = [*CPU, {"resourceName": "memory", "restartPolicy": "RestartContainer"}]


def resources(**container: object) -> str:
    raw = msgspec.json.encode({"containers": [{"name": "app", **container}]})
    return parse_spec(msgspec.json.decode(raw, type=objects.PodSpec)).containers[0].resources


@pytest.mark.parametrize(
    ("expected", "container"),
    [
        ("", {"resources": {"requests": {"cpu": "1"}}}),
        ("", {"resources": {"requests": {"cpu": "1"}}, "resizePolicy": CPU}),
        (
            "requests.memory=1Gi limits.memory=",
            {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}, "resizePolicy": MEMORY},
        ),
        (
            "requests.memory= limits.memory=2",
            {"resources": {"limits": {"memory": 2}, "requests": None}, "resizePolicy": MEMORY},
        ),
        (
            "requests.memory=1Gi limits.memory=",
            {
                "resources": {"requests": {"memory": "1Gi"}, "claims": [{"name": "gpu"}]},
                "resizePolicy": MEMORY,
            },
        ),
        ("", {"resources": {"requests": ["cpu"]}, "resizePolicy": MEMORY}),
        (
            " ".join(f"{side}.{name}=" for side in ("requests", "limits") for name in "abcd"),
            {
                "resources": {},
                "resizePolicy": [
                    {"resourceName": name, "restartPolicy": "RestartContainer"} for name in "dacb"
                ],
            },
        ),
    ],
    ids=[
        "no policy",
        "no restart",
        "restart for memory",
        "a number",
        "a device",
        "no resources",
        "any order",
    ],
)
def test_resources_that_need_a_restart(expected: str, container: dict[str, object]) -> None:
    """Only resources whose resize restarts the container are kept."""
    assert expected == resources(**container)


AFFINITY: object = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}


@pytest.mark.parametrize(
    ("expected", "spec"),
    [
        (False, {}),
        (True, {"os": {"name": "windows"}}),
        (True, {"nodeSelector": {"disk": "ssd", "kubernetes.io/os": "windows"}}),
        (True, {"nodeSelector": {"beta.kubernetes.io/os": "windows"}, "os": None}),
        (False, {"nodeSelector": {"kubernetes.io/os": "linux"}, "affinity": AFFINITY}),
        (False, {"os": {"name": "linux"}, "nodeSelector": {"beta.kubernetes.io/os": "windows"}}),
        (False, {"os": {}, "nodeSelector": {}}),
    ],
)
def test_what_a_pod_says_of_its_system(*, expected: bool, spec: dict[str, object]) -> None:
    """`os` decides whether a pod is on Windows, else its node selector."""
    raw = msgspec.json.encode({"containers": [{"name": "app"}], **spec})

    assert parse_spec(msgspec.json.decode(raw, type=objects.PodSpec)).windows is expected


APP: object = {"name": "app"}


def spec_of(**pod: object) -> PodSpec:
    raw = msgspec.json.encode({"containers": [APP], **pod})
    return parse_spec(msgspec.json.decode(raw, type=objects.PodSpec))


PLAIN = PodSpec(containers=(Container(name="app"),))
INIT = Container(name="setup", kind=ContainerKind.INIT)


@pytest.mark.parametrize(
    ("expected", "pod"),
    [
        ({"restart_policy": RestartPolicy.NEVER}, {"restartPolicy": "Never"}),
        ({"grace": 5.0}, {"terminationGracePeriodSeconds": 5}),
        ({"grace": 0.0}, {"terminationGracePeriodSeconds": 0}),
        ({"grace": 0.0}, {"terminationGracePeriodSeconds": -1}),
        ({"host_network": True}, {"hostNetwork": True}),
        ({"readiness_gates": ("lb",)}, {"readinessGates": [{"conditionType": "lb"}]}),
        ({"containers": (INIT, *PLAIN.containers)}, {"initContainers": [{"name": "setup"}]}),
        ({"windows": True}, {"os": {"name": "windows"}}),
    ],
    ids=["policy", "grace", "no grace", "negative grace", "network", "gates", "init", "windows"],
)
def test_pods_with_equal_containers(expected: dict[str, Any], pod: dict[str, object]) -> None:
    """Specs that differ in one field of the pod are not shared, in whichever order they come."""
    changed = replace(PLAIN, **expected)

    assert [PLAIN, changed, PLAIN] == [spec_of(), spec_of(**pod), spec_of()]


def test_spec_without_containers() -> None:
    """A pod whose containers cannot be read has none, not those of the pod before."""
    spec_of()
    lost = objects.PodSpec(restart_policy="Never")

    assert PodSpec(restart_policy=RestartPolicy.NEVER) == parse_spec(lost)
    assert PodSpec() == parse_spec(objects.PodSpec())


def test_init_containers_and_sidecars() -> None:
    """An init container that is always restarted is a sidecar; other containers never are."""
    always = {"restartPolicy": "Always"}
    spec = spec_of(
        initContainers=[{"name": "setup"}, {"name": "proxy", **always}],
        containers=[{"name": "app", **always}],
    )

    assert [
        ("setup", ContainerKind.INIT, None),
        ("proxy", ContainerKind.SIDECAR, RestartPolicy.ALWAYS),
        ("app", ContainerKind.REGULAR, RestartPolicy.ALWAYS),
    ] == [(each.name, each.kind, each.restart_policy) for each in spec.containers]


LIVENESS = Probe(probe_type=ProbeType.LIVENESS)


@pytest.mark.parametrize(
    ("expected", "probe"),
    [
        ({}, {}),
        ({}, {"periodSeconds": 0, "timeoutSeconds": 0, "failureThreshold": 0}),
        ({}, {"periodSeconds": -1, "timeoutSeconds": -1, "failureThreshold": -1}),
        ({}, {"initialDelaySeconds": -1}),
        ({"initial_delay": 7.0}, {"initialDelaySeconds": 7}),
        (
            {"period": 5.0, "timeout": 2.0, "failure_threshold": 4},
            {"periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 4},
        ),
        ({"grace": 0.0}, {"terminationGracePeriodSeconds": 0}),
        ({"handler": HandlerKind.HTTP_GET, "target": ":80/"}, {"httpGet": {"port": 80}}),
        (
            {"handler": HandlerKind.HTTP_GET, "target": ":web/live"},
            {"httpGet": {"port": "web", "path": "/live"}},
        ),
        ({"handler": HandlerKind.TCP_SOCKET, "target": ":80"}, {"tcpSocket": {"port": 80}}),
        ({"handler": HandlerKind.GRPC, "target": ":80/"}, {"grpc": {"port": 80}}),
        ({"handler": HandlerKind.EXEC, "target": "cat /up"}, {"exec": {"command": ["cat", "/up"]}}),
        ({"handler": HandlerKind.EXEC, "target": "x" * 256}, {"exec": {"command": ["x" * 9999]}}),
    ],
)
def test_probes(expected: dict[str, Any], probe: dict[str, object]) -> None:
    """Missing and invalid fields of a probe have the API's defaults."""
    (app,) = spec_of(containers=[{"name": "app", "livenessProbe": probe}]).containers

    assert replace(LIVENESS, **expected) == app.liveness


def test_equal_probes_of_two_types() -> None:
    """Equal probes are shared only between probes of the same type."""
    probe: object = {"tcpSocket": {"port": 81}}
    kinds = {"livenessProbe": probe, "readinessProbe": probe, "startupProbe": probe}
    (app,) = spec_of(containers=[{"name": "app", **kinds}]).containers

    assert [*ProbeType] == [each.probe_type for each in app.probes]


@pytest.mark.parametrize(
    ("expected", "lifecycle"),
    [
        ((False, False), {}),
        ((True, False), {"preStop": {"sleep": {"seconds": 5}}}),
        ((False, True), {"postStart": {"exec": {"command": ["true"]}}}),
    ],
)
def test_hooks(expected: tuple[bool, bool], lifecycle: object) -> None:
    """The hooks of a container are told apart."""
    (app,) = spec_of(containers=[{"name": "app", "lifecycle": lifecycle}]).containers

    assert expected == (app.has_pre_stop, app.has_post_start)


def test_restart_rules() -> None:
    """A rule is read with its exit codes; one of another kind is left out."""
    rules: object = [
        {"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [3, 4]}},
        {"action": "Restart", "exitCodes": {"operator": "In"}},
        {"action": "Restart"},
    ]
    (app,) = spec_of(containers=[{"name": "app", "restartPolicyRules": rules}]).containers

    assert (
        RestartRule(action="Restart", operator="NotIn", values=(3, 4)),
        RestartRule(action="Restart", operator="In"),
    ) == app.restart_rules


@pytest.mark.parametrize(("name", "number"), STOP_SIGNALS)
def test_stop_signal(name: str | None, number: int) -> None:
    """A declared stop signal is read as its number; an unknown one counts as not declared."""
    raw = msgspec.json.encode({"containers": [{"name": "app", "lifecycle": {"stopSignal": name}}]})
    parsed = parse_spec(msgspec.json.decode(raw, type=objects.PodSpec))

    assert number == parsed.containers[0].stop_signal
