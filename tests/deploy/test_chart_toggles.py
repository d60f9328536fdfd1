"""The chart's values, one by one: each does what its comment says."""

import dataclasses
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from probewatch.service.watches import NODE_NAMESPACE
from probewatch.settings import Settings, find_unknown, variable_name
from tests.conftest import require_program
from tests.deploy.rendering import (
    CHART,
    EVERYTHING,
    HELMS,
    environment,
    names_of,
    of_kind,
    operator_container,
    render_chart,
    run_helm,
    the_only,
)

MONITORED: dict[str, Any] = {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}
SECURED: dict[str, Any] = {
    "metrics": {"tls": {"secretName": "certificate"}, "authorization": {"enabled": True}}
}


def pod_spec(values: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = the_only(render_chart(values), "Deployment")["spec"]["template"]["spec"]
    return spec


def test_named_namespaces_need_no_cluster_role() -> None:
    """With namespaces named there is a Role in each, no ClusterRole at all, and the setting."""
    objects = render_chart({"namespaces": ["shop", "bank"]})
    roles = {(r["metadata"]["namespace"], r["metadata"]["name"]) for r in of_kind(objects, "Role")}

    assert not [each for each in objects if each["kind"].startswith("ClusterRole")]
    assert roles == {
        ("shop", "probewatch"),
        ("bank", "probewatch"),
        ("probewatch", "probewatch-lease"),
    }
    assert environment(objects)["PROBEWATCH_NAMESPACES"] == "shop,bank"


def test_events_of_nodes_are_heard_where_that_is_set() -> None:
    """`rbac.nodeEvents` adds a Role for Events where those of nodes are, unless there is one."""
    asked, named, everywhere, plain = (
        {
            (role["metadata"]["namespace"], role["metadata"]["name"]): role["rules"]
            for role in of_kind(render_chart(values), "Role")
        }
        for values in (
            {"namespaces": ["shop"], "rbac": {"nodeEvents": True}},
            {"namespaces": ["default"], "rbac": {"nodeEvents": True}},
            {"rbac": {"nodeEvents": True}},
            {"namespaces": ["shop"]},
        )
    )
    further = ("default", "probewatch-node-events")

    assert asked.pop(further) == [
        {"apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"]}
    ]
    assert asked == plain
    assert further not in {**named, **everywhere}


def test_events_of_nodes_come_from_the_namespace_that_is_watched() -> None:
    """The Role for them is bound in the namespace in which the operator looks for them."""
    values = {"namespaces": ["shop"], "rbac": {"nodeEvents": True}}
    (binding,) = [
        each
        for each in of_kind(render_chart(values), "RoleBinding")
        if each["roleRef"]["name"] == "probewatch-node-events"
    ]

    assert binding["metadata"]["namespace"] == NODE_NAMESPACE
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "probewatch", "namespace": "probewatch"}
    ]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"namespaces": ["shop"]}, True),
        ({"namespaces": ["shop"], "rbac": {"nodeEvents": True}}, False),
        ({"namespaces": ["shop", "default"]}, False),
        ({}, False),
    ],
    ids=str,
)
def test_notes_say_what_is_not_heard(values: dict[str, Any], says: bool) -> None:  # noqa: FBT001  # a column of the table
    """Who names namespaces is told that Events of nodes do not arrive, and what would help."""
    ran = run_helm("install", "probewatch", str(CHART), "--dry-run=client", values=values)

    assert ran.returncode == 0, ran.stderr
    assert ("rbac.nodeEvents=true" in ran.stdout) is says


def test_rights_are_the_same_in_both_modes() -> None:
    """A Role of a namespace holds exactly the rules that the ClusterRole would."""
    wide = the_only(
        [r for r in render_chart() if r["metadata"]["name"] == "probewatch"], "ClusterRole"
    )
    narrow = [
        r
        for r in of_kind(render_chart({"namespaces": ["shop"]}), "Role")
        if r["metadata"]["namespace"] == "shop"
    ]

    assert [wide["rules"]] == [each["rules"] for each in narrow]


def test_no_roles_are_made_where_somebody_else_makes_them() -> None:
    """`rbac.create: false` leaves all roles and bindings out."""
    objects = render_chart({"rbac": {"create": False}, **SECURED})

    assert not [each for each in objects if "Role" in each["kind"]]


def test_standard_roles_may_be_left_as_they_are() -> None:
    """`rbac.aggregate: false` leaves only the operator's own ClusterRole."""
    objects = render_chart({"rbac": {"aggregate": False}})

    assert {"ClusterRole/probewatch"} == names_of(of_kind(objects, "ClusterRole"))


def test_who_may_edit_a_namespace_may_not_write_reports() -> None:
    """The aggregated role lets people delete records, and nobody forge one."""
    (edit,) = [e for e in render_chart() if e["metadata"]["name"] == "probewatch-edit"]
    verbs = {
        resource: set(rule["verbs"]) for rule in edit["rules"] for resource in rule["resources"]
    }

    assert verbs["probereports"] == {"delete", "deletecollection"}
    assert verbs["probepolicies"] == {"create", "update", "patch", "delete", "deletecollection"}


def test_every_setting_arrives_as_its_variable() -> None:
    """Each setting that the schema knows reaches the operator, which takes the text."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    known = schema["properties"]["settings"]["properties"]
    samples = {name: sample_of(each) for name, each in known.items()}
    samples["slowLoopWindowSeconds"] = 2 * samples["loopWindowSeconds"]  # the longer one
    variables = environment(render_chart({"settings": samples}))
    fields = {variable_name(field.name) for field in dataclasses.fields(Settings)}

    assert variables.keys() <= fields
    assert len(variables) == len(samples) + 2
    Settings.from_env(variables)


def test_every_variable_is_one_that_the_operator_knows() -> None:
    """With every toggle on, each variable of ours in the pod is a setting, none misspelled."""
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
    """A million is written as digits, not as a power of ten, and a fraction stays one."""
    values = {"settings": {"repairSeconds": 1000000, "eventsPerSecond": 0.5}}
    variables = environment(render_chart(values, helm=helm))

    assert variables["PROBEWATCH_REPAIR_SECONDS"] == "1000000"
    assert variables["PROBEWATCH_EVENTS_PER_SECOND"] == "0.5"


def test_a_digest_is_stronger_than_a_tag() -> None:
    """An image with a digest is named by it."""
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
            {"topologySpreadConstraints": [{"maxSkew": 1}]},
            "topologySpreadConstraints",
            [{"maxSkew": 1}],
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_pod_gets_what_is_set(values: dict[str, Any], place: str, expected: object) -> None:
    """What is set for the pod stands in it."""
    assert expected == pod_spec(values)[place]


def test_container_gets_what_is_added() -> None:
    """Arguments, variables, volumes and mounts are added to ours, and replace none."""
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
    """`strategy.type: Recreate` alone is enough: what is for a rolling update goes with it."""
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
    """The operator listens where the pod says, and the Service keeps its own port."""
    objects = render_chart({"metrics": {"port": 9999}, "service": {"port": 80}})
    (port,) = the_only(objects, "Service")["spec"]["ports"]

    assert environment(objects)["PROBEWATCH_METRICS_ADDRESS"] == ":9999"
    assert operator_container(objects)["ports"][0]["containerPort"] == 9999
    assert (port["port"], port["targetPort"]) == (80, "metrics")


def test_tls_reaches_operator_probes_and_monitors() -> None:
    """With a certificate the operator has its files, and all who ask use HTTPS."""
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


def test_authorization_brings_the_rights_to_ask() -> None:
    """The operator may review tokens and access, and a role to scrape is there to be bound."""
    objects = render_chart({"serviceMonitor": {"enabled": True}, **SECURED})
    roles = {r["metadata"]["name"]: r["rules"] for r in of_kind(objects, "ClusterRole")}
    (endpoint,) = the_only(objects, "ServiceMonitor")["spec"]["endpoints"]

    assert environment(objects)["PROBEWATCH_METRICS_AUTHORIZATION"] == "true"
    assert [rule["verbs"] for rule in roles["probewatch-metrics-auth"]] == [["create"], ["create"]]
    assert roles["probewatch-metrics-reader"] == [
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    ]
    assert endpoint["bearerTokenFile"].endswith("/serviceaccount/token")


def test_pod_monitor_with_authorization_needs_a_token() -> None:
    """A PodMonitor cannot use the scraper's own token, so Helm asks for a Secret with one."""
    ran = run_helm("template", str(CHART), values={"podMonitor": {"enabled": True}, **SECURED})

    assert ran.returncode != 0
    assert "podMonitor.authorization" in ran.stderr


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_monitors_keep_our_labels(kind: str) -> None:
    """What a series says of namespaces and pods is kept, and not that of the operator's own pod."""
    monitor = the_only(render_chart(MONITORED), kind)["spec"]
    (endpoint,) = monitor.get("endpoints") or monitor["podMetricsEndpoints"]

    assert endpoint["honorLabels"] is True
    assert endpoint["port"] == "metrics"
    assert "interval" not in endpoint


def test_kubelets_are_asked_only_where_that_is_set() -> None:
    """The rights on nodes, and the way out to kubelets, come with the setting and never without."""
    policy = {"networkPolicy": {"enabled": True}}
    asking = render_chart({**policy, "settings": {"corroborate": True}})
    role = the_only(
        [each for each in asking if each["metadata"]["name"] == "probewatch-kubelets"],
        "ClusterRole",
    )

    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["nodes", "nodes/metrics"], "verbs": ["get"]}
    ]
    assert environment(asking)["PROBEWATCH_CORROBORATE"] == "true"
    assert "10250" in json.dumps(the_only(asking, "NetworkPolicy"))
    assert "10250" not in json.dumps(render_chart(policy))
    assert "nodes" not in json.dumps([each.get("rules") for each in render_chart()])


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_series_of_workloads_outlive_the_operators_pod(kind: str) -> None:
    """What is said of a workload goes on in the same series when the operator gets a new pod."""
    monitor = the_only(render_chart({**MONITORED, "fullnameOverride": "first"}), kind)["spec"]
    (endpoint,) = monitor.get("endpoints") or monitor["podMetricsEndpoints"]
    of_the_release = {"targetLabel": "instance", "replacement": "first"}
    node_wide = "probewatch_node_wide_restarts_total"

    assert endpoint["relabelings"] == [{"action": "labeldrop", "regex": "pod"}]
    assert endpoint["metricRelabelings"] == [
        {"sourceLabels": ["workload"], "regex": ".+", **of_the_release},
        {"sourceLabels": ["__name__"], "regex": node_wide, **of_the_release},
    ]


def test_monitor_takes_what_is_set() -> None:
    """Labels, interval, time limit and relabelings stand in the ServiceMonitor."""
    monitor = the_only(
        render_chart(
            {
                "serviceMonitor": {
                    "enabled": True,
                    "labels": {"release": "prometheus"},
                    "interval": "15s",
                    "scrapeTimeout": "10s",
                    "relabelings": [{"targetLabel": "cluster", "replacement": "a"}],
                    "metricRelabelings": [{"action": "labeldrop", "regex": "pod"}],
                }
            }
        ),
        "ServiceMonitor",
    )
    (endpoint,) = monitor["spec"]["endpoints"]

    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == ("15s", "10s")
    assert endpoint["relabelings"][1:] == [{"targetLabel": "cluster", "replacement": "a"}]
    assert endpoint["metricRelabelings"][2:] == [{"action": "labeldrop", "regex": "pod"}]


def test_network_policy_lets_in_scrapers_only() -> None:
    """In comes who may scrape; out go names and the API server."""
    peers = [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]
    policy = the_only(
        render_chart({"networkPolicy": {"enabled": True, "metricsFrom": peers}}), "NetworkPolicy"
    )["spec"]
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [rule["from"] for rule in policy["ingress"]] == [peers]
    assert ports == {53, 443, 6443}


def test_extra_objects_are_templates() -> None:
    """Further objects, maps or texts, know the release."""
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
    """`crds.install: false` leaves the definitions out."""
    objects = render_chart({"crds": {"install": False}})

    assert [] == of_kind(objects, "CustomResourceDefinition")


def test_each_dashboard_is_a_config_map_for_the_sidecar() -> None:
    """Each dashboard of the repository comes as JSON, where Grafana's sidecar looks for it."""
    values = {"dashboards": {"enabled": True, "namespace": "grafana", "labels": {"mine": "1"}}}
    maps = of_kind(render_chart(values), "ConfigMap")
    files = sorted(path.stem for path in (CHART / "files" / "dashboards").glob("*.json"))

    assert files == sorted(
        m["metadata"]["name"].removeprefix("probewatch-dashboard-") for m in maps
    )
    for each in maps:
        (text,) = each["data"].values()
        assert json.loads(text)["title"].startswith("probewatch")
        assert each["metadata"]["namespace"] == "grafana"
        assert each["metadata"]["labels"]["mine"] == "1"
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"


@pytest.mark.parametrize("values", [{}, EVERYTHING, {"namespaces": ["shop"]}])
def test_notes_tell_what_to_do_next(values: dict[str, Any]) -> None:
    """After the install Helm says how to see that it works, and what was not switched on."""
    ran = run_helm("install", "probewatch", str(CHART), "--dry-run=client", values=values)
    notes = ran.stdout[ran.stdout.index("NOTES:") :]

    assert ran.returncode == 0, ran.stderr
    assert "kubectl rollout status -n default deployment/probewatch" in notes
    assert ("No alerts were made" in notes) is (values is not EVERYTHING)


def notes_of(values: dict[str, Any]) -> str:
    ran = run_helm("install", "probewatch", str(CHART), "--dry-run=client", values=values)
    return ran.stdout[ran.stdout.index("NOTES:") :]


def test_notes_ask_only_for_what_is_watched() -> None:
    """Who installs for some namespaces may often not list in all of them."""
    notes, everywhere = notes_of({"namespaces": ["shop", "bank"]}), notes_of({})

    assert "kubectl get probereports -n shop\n  kubectl get probereports -n bank\n" in notes
    assert "kubectl get events -n bank --field-selector" in notes
    assert " -A" not in notes
    assert "kubectl get probereports -A\n  kubectl get events -A --field-selector" in everywhere


def test_notes_warn_of_two_monitors() -> None:
    """Two monitors of one release double every sum, and nothing else would say so."""
    assert "counts each restart twice" in notes_of(MONITORED)
    assert "counts each restart twice" not in notes_of({"podMonitor": {"enabled": True}})


def test_the_package_of_the_chart_holds_what_it_needs(tmp_path: Path) -> None:
    """`helm package` takes rules, dashboards and definitions along, and no litter."""
    command = [require_program("helm"), "package", str(CHART), "--destination", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        names = {name.removeprefix("probewatch/") for name in archive.getnames()}

    assert {"Chart.yaml", "README.md", "values.schema.json", "files/rules.yaml"} <= names
    assert not [name for name in names if name.endswith((".orig", ".swp", ".tmp"))]
