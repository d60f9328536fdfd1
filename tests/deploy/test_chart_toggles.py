"""The values of the chart, one by one."""

import dataclasses
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from probewatch.settings import Settings, find_unknown, variable_name
from tests.conftest import require_program
from tests.deploy.rendering import (
    CHART,
    EVERYTHING,
    HELMS,
    MONITORED,
    environment,
    names_of,
    of_kind,
    operator_container,
    render_chart,
    the_only,
)

SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}


def pod_spec(values: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = the_only(render_chart(values), "Deployment")["spec"]["template"]["spec"]
    return spec


def test_every_setting_arrives_as_its_variable() -> None:
    """Each setting in the schema becomes an environment variable that the operator accepts."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    known = schema["properties"]["settings"]["properties"]
    samples = {name: sample_of(each) for name, each in known.items()}
    samples["slowLoopWindowSeconds"] = 2 * samples["loopWindowSeconds"]  # the longer one
    samples["livenessAddress"] = ":9000"
    grace = samples["shutdownSeconds"]  # the kubelet has to wait for so long
    values = {"settings": samples, "terminationGracePeriodSeconds": grace}
    variables = environment(render_chart(values))
    fields = {variable_name(field.name) for field in dataclasses.fields(Settings)}

    assert variables.keys() <= fields
    assert len(variables) == len(samples) + 2
    Settings.from_env(variables)


def test_every_variable_is_one_that_the_operator_knows() -> None:
    """With every option on, the pod has no unknown variable with our prefix."""
    container = operator_container(render_chart({**EVERYTHING, "namespaces": ["shop"]}))
    names = {each["name"]: "x" for each in container["env"]}

    assert {name for name in names if name.startswith("PROBEWATCH_")}
    assert () == find_unknown(names)


def sample_of(schema: dict[str, Any]) -> Any:  # noqa: ANN401  # of any type
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] in {"integer", "number"}:
        return schema.get("maximum", 2000000)
    return schema["type"] == "boolean" or "text"


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_large_numbers_keep_their_digits(helm: str) -> None:
    """Numbers are rendered without an exponent, and fractions are kept."""
    values = {"settings": {"repairSeconds": 1000000, "eventsPerSecond": 0.5}}
    variables = environment(render_chart(values, helm=helm))

    assert variables["PROBEWATCH_REPAIR_SECONDS"] == "1000000"
    assert variables["PROBEWATCH_EVENTS_PER_SECOND"] == "0.5"


def test_a_digest_is_stronger_than_a_tag() -> None:
    """An image with a digest is referred to by it."""
    digest = "sha256:" + "0" * 64
    by_digest = operator_container(
        render_chart({"image": {"digest": digest, "tag": "ignored", "repository": "here/image"}})
    )
    by_tag = operator_container(render_chart({"image": {"tag": "9", "repository": "here/image"}}))

    assert by_digest["image"] == f"here/image@{digest}"
    assert by_tag["image"] == "here/image:9"


@pytest.mark.parametrize(
    ("values", "place", "expected"),
    [
        ({"imagePullSecrets": [{"name": "s"}]}, "imagePullSecrets", [{"name": "s"}]),
        ({"priorityClassName": "high"}, "priorityClassName", "high"),
        ({"priorityClass": {"create": True}}, "priorityClassName", "probewatch"),
        ({"nodeSelector": {"a": "b"}}, "nodeSelector", {"a": "b"}),
        ({"tolerations": [{"key": "k"}]}, "tolerations", [{"key": "k"}]),
        ({"affinity": {"podAffinity": {}}}, "affinity", {"podAffinity": {}}),
        ({"terminationGracePeriodSeconds": 60}, "terminationGracePeriodSeconds", 60),
        ({"serviceAccount": {"name": "other"}}, "serviceAccountName", "other"),
        ({"serviceAccount": {"create": False}}, "serviceAccountName", "default"),
        (
            {"topologySpreadConstraints": [SPREAD]},
            "topologySpreadConstraints",
            [SPREAD],
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_pod_gets_what_is_set(values: dict[str, Any], place: str, expected: object) -> None:
    """Values for the pod are set in it."""
    assert expected == pod_spec(values)[place]


def test_container_gets_what_is_added() -> None:
    """Arguments, variables, volumes and mounts are added to the chart's own."""
    values = {
        "extraArgs": ["--log-level=debug"],
        "extraEnv": [{"name": "A", "value": "1"}],
        "extraEnvFrom": [{"secretRef": {"name": "s"}}],
        "extraVolumes": [{"name": "v", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    container = operator_container(render_chart(values))

    assert container["args"] == ["run", "--log-level=debug"]
    assert environment(render_chart(values)) == {
        "PROBEWATCH_METRICS_ADDRESS": ":8080",
        "PROBEWATCH_LEASE_NAME": "probewatch",
        "A": "1",
    }
    assert container["envFrom"] == [{"secretRef": {"name": "s"}}]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp", "/v"]  # noqa: S108  # the container's own
    assert [volume["name"] for volume in pod_spec(values)["volumes"]] == ["tmp", "v"]


@pytest.mark.parametrize("helm", HELMS)
def test_replicas_may_be_replaced_all_at_once(helm: str) -> None:
    """`strategy.type: Recreate` alone is enough: the fields of a rolling update are left out."""
    recreated, rolling = (
        the_only(render_chart({"strategy": strategy}, helm=helm), "Deployment")["spec"]["strategy"]
        for strategy in ({"type": "Recreate"}, {"rollingUpdate": {"maxSurge": 0}})
    )

    assert recreated == {"type": "Recreate"}
    assert rolling == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0},
    }


def test_another_port_is_the_port_everywhere() -> None:
    """Another metrics port is used by the operator and its pod; the Service keeps its port."""
    objects = render_chart({"metrics": {"port": 9999}, "service": {"port": 80}})
    (port,) = the_only(objects, "Service")["spec"]["ports"]

    assert environment(objects)["PROBEWATCH_METRICS_ADDRESS"] == ":9999"
    assert operator_container(objects)["ports"][0]["containerPort"] == 9999
    assert (port["port"], port["targetPort"]) == (80, "metrics")


def test_tls_reaches_operator_probes_and_monitors() -> None:
    """With a certificate, the operator, its probes and the monitors use HTTPS."""
    objects = render_chart({**MONITORED, "metrics": {"tls": {"secretName": "certificate"}}})
    container = operator_container(objects)
    (endpoint,) = the_only(objects, "ServiceMonitor")["spec"]["endpoints"]

    assert environment(objects)["PROBEWATCH_METRICS_CERT_FILE"] == "/etc/probewatch/tls/tls.crt"
    assert environment(objects)["PROBEWATCH_METRICS_KEY_FILE"] == "/etc/probewatch/tls/tls.key"
    assert {"name": "tls", "secret": {"secretName": "certificate"}} in pod_spec(
        {"metrics": {"tls": {"secretName": "certificate"}}}
    )["volumes"]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["scheme"] == "HTTPS"
    assert endpoint["scheme"] == "https"
    assert endpoint["tlsConfig"] == {
        "serverName": "probewatch.probewatch.svc",
        "ca": {"secret": {"name": "certificate", "key": "ca.crt"}},
    }


def test_network_policy_lets_in_scrapers_only() -> None:
    """Only scrapers may connect; the operator may reach DNS and the API server."""
    peers = [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]
    policy = the_only(
        render_chart({"networkPolicy": {"enabled": True, "metricsFrom": peers}}), "NetworkPolicy"
    )["spec"]
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [rule["from"] for rule in policy["ingress"]] == [peers]
    assert ports == {53, 443, 6443}


def test_extra_objects_are_templates() -> None:
    """Extra objects, as maps or texts, are rendered as templates."""
    objects = render_chart(
        {
            "extraObjects": [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "{{ .Release.Name }}-a"},
                },
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-b\n",
            ]
        }
    )

    assert {"ConfigMap/probewatch-a", "ConfigMap/probewatch-b"} <= names_of(objects)


def test_definitions_may_come_from_elsewhere() -> None:
    """`crds.install: false` renders no CRDs."""
    objects = render_chart({"crds": {"install": False}})

    assert [] == of_kind(objects, "CustomResourceDefinition")


def test_the_package_of_the_chart_holds_what_it_needs(tmp_path: Path) -> None:
    """`helm package` includes rules, README and schema, and no temporary files."""
    command = [require_program("helm"), "package", str(CHART), "--destination", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        names = {name.removeprefix("probewatch/") for name in archive.getnames()}

    assert {"Chart.yaml", "README.md", "values.schema.json", "files/rules.yaml"} <= names
    assert not [name for name in names if name.endswith((".orig", ".swp", ".tmp"))]
