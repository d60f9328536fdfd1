"""Defaults and validation of the built-in kinds."""

import pytest

from probewatch.playground.objects.registry import Registry, Write
from probewatch.playground.objects.status import StatusError
from tests.contract.client import pod
from tests.playground.objects.config_maps import JsonObject

WORKLOAD_SPEC = {"containers": [{"name": "app", "image": "nginx"}]}


@pytest.mark.parametrize(
    ("group", "plural", "spec", "expected"),
    [
        (
            "batch",
            "cronjobs",
            {
                "jobTemplate": {"spec": {"template": {"spec": WORKLOAD_SPEC}}},
                "schedule": "* * * * *",
            },
            {"concurrencyPolicy": "Allow", "suspend": False},
        ),
        ("", "services", {"ports": [{"port": 80}]}, {"type": "ClusterIP"}),
        (
            "apps",
            "statefulsets",
            {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": WORKLOAD_SPEC},
            },
            {"podManagementPolicy": "OrderedReady", "replicas": 1},
        ),
    ],
    ids=["cronjob", "service", "statefulset"],
)
def test_defaults_of_other_kinds(
    registry: Registry, group: str, plural: str, spec: JsonObject, expected: JsonObject
) -> None:
    """Workloads and services get their defaults, down to the containers of templates."""
    type_ = registry.types.builtin(plural, group)

    made = registry.create(type_, {"metadata": {"name": "x", "namespace": "default"}, "spec": spec})

    assert expected.items() <= made.object["spec"].items()
    assert ("terminationMessagePath" in str(made.object)) == (plural != "services")


BROKEN: dict[str, tuple[str, str, JsonObject, str]] = {
    "job that would run for ever": (
        "batch", "jobs", {"spec": {"template": {"spec": WORKLOAD_SPEC}}},
        "spec.template.spec.restartPolicy",
    ),
    "workload without a selector": (
        "apps", "deployments", {"spec": {"template": {"spec": WORKLOAD_SPEC}}}, "spec.selector"
    ),
    "workload that does not select its own": (
        "apps", "deployments",
        {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": WORKLOAD_SPEC}}},
        "spec.template.metadata.labels",
    ),
    "binding to no role": (
        "rbac.authorization.k8s.io", "rolebindings", {"roleRef": {}}, "roleRef.name"
    ),
    "lease of nobody": (
        "coordination.k8s.io", "leases", {"spec": {"holderIdentity": ""}}, "spec.holderIdentity"
    ),
    "lease that went backwards": (
        "coordination.k8s.io", "leases", {"spec": {"leaseTransitions": -1}},
        "spec.leaseTransitions",
    ),
    "two containers of one name": (
        "", "pods", {"spec": {"containers": [{"name": "a", "image": "x"}] * 2}},
        "spec.containers[1].name",
    ),
    "container without an image": (
        "", "pods", {"spec": {"containers": [{"name": "a"}]}}, "spec.containers[0].image"
    ),
    "probe that does nothing": (
        "", "pods",
        {"spec": {"containers": [{"name": "a", "image": "x", "livenessProbe": {
            "periodSeconds": 1}}]}},
        "spec.containers[0].livenessProbe",
    ),
    "probe that does two things": (
        "", "pods",
        {"spec": {"containers": [{"name": "a", "image": "x", "readinessProbe": {
            "exec": {"command": ["true"]}, "httpGet": {"port": 1}}}]}},
        "spec.containers[0].readinessProbe.httpGet",
    ),
    "probe before its time": (
        "", "pods",
        {"spec": {"containers": [{"name": "a", "image": "x", "startupProbe": {
            "tcpSocket": {"port": 1}, "initialDelaySeconds": -1}}]}},
        "spec.containers[0].startupProbe.initialDelaySeconds",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("group", "plural", "obj", "field"), BROKEN.values(), ids=BROKEN.keys())
def test_rules_of_kinds(
    registry: Registry, group: str, plural: str, obj: JsonObject, field: str
) -> None:
    """An invalid object is refused, and the field is named."""
    type_ = registry.types.builtin(plural, group)

    with pytest.raises(StatusError) as caught:
        registry.create(type_, {"metadata": {"name": "x", "namespace": "default"}, **obj})

    assert 422 == caught.value.code
    assert field in [cause["field"] for cause in caught.value.body["details"]["causes"]]


FROZEN: dict[str, tuple[str, str, JsonObject, JsonObject]] = {
    "template of a job": (
        "batch", "jobs",
        {"spec": {"template": {"spec": {**WORKLOAD_SPEC, "restartPolicy": "Never"}}}},
        {"spec": {"template": {"spec": {**WORKLOAD_SPEC, "restartPolicy": "OnFailure"}}}},
    ),
    "role of a binding": (
        "rbac.authorization.k8s.io", "rolebindings",
        {"roleRef": {"kind": "Role", "name": "a"}}, {"roleRef": {"kind": "Role", "name": "b"}},
    ),
    "value of a priority class": (
        "scheduling.k8s.io", "priorityclasses", {"value": 1}, {"value": 2}
    ),
}  # fmt: skip


@pytest.mark.parametrize(("group", "plural", "obj", "change"), FROZEN.values(), ids=FROZEN.keys())
def test_what_cannot_be_changed(
    registry: Registry, group: str, plural: str, obj: JsonObject, change: JsonObject
) -> None:
    """Immutable fields cannot be changed."""
    type_ = registry.types.builtin(plural, group)
    registry.create(type_, {"metadata": {"name": "x", "namespace": "default"}, **obj})

    with pytest.raises(StatusError) as caught:
        registry.change(type_, "default", "x", lambda old: {**old, **change})

    assert 422 == caught.value.code


def test_resources_of_a_pod_can_be_resized(registry: Registry) -> None:
    """`resize` changes resources only, and raises the generation."""
    pods = registry.types.builtin("pods")
    registry.create(pods, pod("one"))
    more = {"limits": {"memory": "1Gi"}}

    def enlarge(obj: JsonObject) -> JsonObject:
        container = {**obj["spec"]["containers"][0], "resources": more, "image": "other"}
        return {**obj, "spec": {**obj["spec"], "containers": [container]}}

    resized = registry.change(pods, "default", "one", enlarge, Write(subresource="resize")).object

    (container,) = resized["spec"]["containers"]
    assert (more, "busybox:1") == (container["resources"], container["image"])
    assert 2 == resized["metadata"]["generation"]
