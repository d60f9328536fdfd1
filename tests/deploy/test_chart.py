"""What the chart renders by default and with every option, with both versions of Helm."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY, require_program
from tests.deploy.rendering import (
    CHART,
    EVERYTHING,
    HELMS,
    NAMESPACE,
    environment,
    names_of,
    of_kind,
    operator_container,
    render_chart,
    run_helm,
    the_only,
)


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_helm_finds_no_fault(helm: str, values: dict[str, Any]) -> None:
    """`helm lint --strict` reports no error and no recommendation."""
    ran = run_helm("lint", "--strict", str(CHART), values=values, helm=helm)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "[" not in ran.stdout


@pytest.mark.parametrize("helm", HELMS)
def test_default_is_the_least(helm: str) -> None:
    """By default only the operator and its RBAC are rendered, which need no other operators."""
    objects = [each for each in render_chart(helm=helm) if "Definition" not in each["kind"]]

    assert names_of(objects) == {
        "ServiceAccount/probewatch",
        "ClusterRole/probewatch",
        "ClusterRole/probewatch-view",
        "ClusterRole/probewatch-edit",
        "ClusterRoleBinding/probewatch",
        "Role/probewatch-lease",
        "RoleBinding/probewatch-lease",
        "Service/probewatch",
        "Deployment/probewatch",
        "Pod/probewatch-ready",
    }


@pytest.mark.parametrize("helm", HELMS)
def test_everything_is_made_when_asked_for(helm: str) -> None:
    """With every option on, each further kind of object is rendered."""
    kinds = {each["kind"] for each in render_chart(EVERYTHING, helm=helm)}

    assert kinds >= {
        "ConfigMap",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PodMonitor",
        "PriorityClass",
        "ProbePolicy",
        "PrometheusRule",
        "ServiceMonitor",
    }


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_both_helms_make_the_same(values: dict[str, Any]) -> None:
    """Helm 3 and Helm 4 render the same objects from the same values."""
    by_three, by_four = (render_chart(values, helm=helm) for helm in HELMS)

    assert by_three == by_four


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_every_object_carries_the_common_labels_and_annotations(values: dict[str, Any]) -> None:
    """Every object has the recommended labels, and the user's common labels and annotations."""
    ours = {"commonLabels": {"team": "sre"}, "commonAnnotations": {"note": "ours"}}
    objects = render_chart({**values, **ours, "extraObjects": []})

    for each in objects:
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "probewatch", each["metadata"]
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["team"] == "sre"
        assert each["metadata"]["annotations"]["note"] == "ours"


def test_every_namespaced_object_names_the_namespace() -> None:
    """Namespaced objects contain their namespace, as pipes from `helm template` need it."""
    cluster_scoped = re.compile("ClusterRole|Definition|PriorityClass")
    objects = render_chart({**EVERYTHING, "extraObjects": []}, namespace="elsewhere")

    assert {
        each["metadata"].get("namespace")
        for each in objects
        if not cluster_scoped.search(each["kind"])
    } == {"elsewhere"}


@pytest.mark.parametrize("word", ["123", "1e3"])
def test_names_that_read_as_numbers_stay_names(word: str) -> None:
    """Names that YAML would read as numbers are rendered as strings."""
    values: dict[str, Any] = {
        **EVERYTHING,
        "nameOverride": word,
        "namespaces": [word],
        "serviceAccount": {"create": False, "name": word},
        "priorityClassName": word,
        "metrics": {"tls": {"secretName": word}, "authorization": {"enabled": True}},
        "dashboards": {"enabled": True, "namespace": word},
        "policies": [{"name": word, "namespace": word}],
        "extraObjects": [],
    }

    objects = render_chart(values, release=word, namespace=word)

    for each in objects:
        assert [] == list(find_no_text(each)), each["kind"]
    assert {str} == {type(value) for value in environment(objects).values()}


def test_full_names_that_read_as_truth_stay_names() -> None:
    """A full name that YAML would read as a boolean is rendered as a string."""
    for each in render_chart({**EVERYTHING, "fullnameOverride": "on", "extraObjects": []}):
        assert [] == list(find_no_text(each)), each["kind"]


NAMED = re.compile(
    "name|namespace|serviceAccountName|priorityClassName|secretName|resourceNames|matchNames"
    "|app.kubernetes.io/(name|instance)"
)


def find_no_text(thing: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Yield the values of name fields that are no strings."""
    if isinstance(thing, dict):
        for name, each in thing.items():
            yield from find_no_text(each, name)
    elif isinstance(thing, list):
        for each in thing:
            yield from find_no_text(each, key)
    elif NAMED.fullmatch(key) and not isinstance(thing, str):
        yield key, thing


def test_the_pod_is_restricted() -> None:
    """The pod meets the Pod Security profile `restricted`; its root file system is read-only."""
    pod = the_only(render_chart(), "Deployment")["spec"]["template"]["spec"]
    container = operator_container(render_chart())

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert [set(volume) for volume in pod["volumes"]] == [{"name", "emptyDir"}]


def test_our_own_probes_ask_two_different_questions() -> None:
    """Liveness and startup probes use /healthz, and the readiness probe /readyz."""
    container = operator_container(render_chart())

    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_selector_never_changes() -> None:
    """The selector, which is immutable, contains neither version nor labels of the user."""
    values = {"commonLabels": {"team": "sre"}, "podLabels": {"tier": "ops"}}
    deployment = the_only(render_chart(values), "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]

    assert deployment["spec"]["selector"]["matchLabels"] == {
        "app.kubernetes.io/name": "probewatch",
        "app.kubernetes.io/instance": "probewatch",
    }
    assert labels["tier"] == "ops"
    assert labels["team"] == "sre"


def test_the_service_finds_the_pods_and_not_the_test() -> None:
    """The Service selects the operator's pods, and not the pod of `helm test`."""
    objects = render_chart()
    selector = the_only(objects, "Service")["spec"]["selector"].items()
    pod = the_only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    test = the_only(objects, "Pod")["metadata"]["labels"].items()

    assert selector <= pod
    assert not selector <= test


def test_the_identity_of_the_operator_is_the_name_of_its_pod() -> None:
    """The pod's name is the operator's identity in Events and in the Lease."""
    (instance,) = [
        each
        for each in operator_container(render_chart())["env"]
        if each["name"] == "PROBEWATCH_INSTANCE"
    ]

    assert instance["valueFrom"]["fieldRef"] == {"fieldPath": "metadata.name"}


def test_version_of_chart_is_version_of_package() -> None:
    """Chart version, appVersion and Python package version are equal."""
    chart = (CHART / "Chart.yaml").read_text(encoding="utf-8")
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "(.+)"$', project, re.MULTILINE)

    assert found is not None
    assert f"\nversion: {found[1]}\n" in chart
    assert f"\nappVersion: {found[1]}\n" in chart
    assert f":{found[1]}\n" in chart[chart.index("artifacthub.io/images") :]


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.28", "1.32", "1.37"])
def test_objects_fit_the_schemas_of_kubernetes(version: str, tmp_path: Path) -> None:
    """Objects are valid in the oldest and the newest supported Kubernetes."""
    validate = require_program("kubernetes-validate")
    known = [
        each
        for each in render_chart({**EVERYTHING, "extraObjects": []})
        if each["apiVersion"].split("/")[0] not in {"monitoring.coreos.com", "probewatch.dev"}
    ]
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all(known), encoding="utf-8")
    command = [validate, "--strict", "-k", version, str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_environment_is_plain_by_default() -> None:
    """By default only address and Lease are set; all other defaults are in the program."""
    assert environment(render_chart()) == {
        "PROBEWATCH_METRICS_ADDRESS": ":8080",
        "PROBEWATCH_LEASE_NAME": "probewatch",
    }


def test_each_release_has_its_own_lease() -> None:
    """Each release has a Lease of its full name, and the right to this one only."""
    objects = render_chart({"fullnameOverride": "other"})
    (role,) = [each for each in objects if each["metadata"]["name"] == "other-lease"][:1]

    assert environment(objects)["PROBEWATCH_LEASE_NAME"] == "other"
    assert [rule.get("resourceNames") for rule in role["rules"]] == [None, ["other"]]


def test_nothing_but_the_namespace_of_the_release_is_bound() -> None:
    """All bindings are for one ServiceAccount in the release's namespace."""
    bindings = [e for e in render_chart(EVERYTHING) if e["kind"].endswith("RoleBinding")]

    assert bindings
    for each in bindings:
        assert each["subjects"] == [
            {"kind": "ServiceAccount", "name": "probewatch", "namespace": NAMESPACE}
        ]


def test_definitions_are_those_of_the_repository() -> None:
    """The chart contains the CRDs of crds/, and an uninstall keeps them."""
    ours = {path.name for path in (CHART / "files" / "crds").glob("*.yaml")}
    definitions = of_kind(render_chart(), "CustomResourceDefinition")

    assert len(ours) == len(definitions)
    for each in definitions:
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
