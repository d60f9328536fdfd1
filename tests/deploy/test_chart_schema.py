"""values.schema.json: Helm rejects wrong values before anything reaches the cluster."""

from collections.abc import Sequence
from typing import Any

import pytest

from probewatch.settings import Settings
from tests.deploy.rendering import CHART, render_chart, run_helm

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"replica": 1}, "replica"),
    ({"replicas": 3}, "replicas"),
    ({"replicas": "1"}, "replicas"),
    ({"image": {"tga": "1"}}, "tga"),
    ({"image": {"pullPolicy": "always"}}, "pullPolicy"),
    ({"image": {"digest": "sha256:abc"}}, "digest"),
    ({"imagePullSecrets": ["name"]}, "imagePullSecrets"),
    ({"namespaces": "shop"}, "namespaces"),
    ({"namespaces": ["Shop"]}, "namespaces"),
    ({"settings": {"loopRestart": 3}}, "loopRestart"),
    ({"settings": {"loopRestarts": 1}}, "loopRestarts"),
    ({"settings": {"loopRestarts": "3"}}, "loopRestarts"),
    ({"settings": {"logLevel": "loud"}}, "logLevel"),
    ({"settings": {"kubeconfig": "/file"}}, "kubeconfig"),
    ({"settings": {"settleSeconds": -1}}, "settleSeconds"),
    ({"settings": {"podSelector": "app=("}}, "podSelector"),
    ({"settings": {"livenessAddress": "localhost"}}, "livenessAddress"),
    ({"image": {"repository": "registry.example/x:1"}}, "repository"),
    ({"extraEnv": [{"name": "A", "value": True}]}, "extraEnv"),
    ({"extraEnv": [{"name": "A", "value": 1}]}, "extraEnv"),
    ({"extraEnvFrom": [{"prefix": 1}]}, "prefix"),
    ({"extraVolumeMounts": [{"name": "a", "mountPath": "/a", "readOnly": "yes"}]}, "readOnly"),
    ({"tolerations": [{"key": "a", "value": True}]}, "tolerations"),
    ({"topologySpreadConstraints": [{"maxSkew": "1"}]}, "maxSkew"),
    ({"affinity": {"nodeAffinity": 1}}, "nodeAffinity"),
    ({"podSecurityContext": {"runAsUser": "65532"}}, "runAsUser"),
    ({"securityContext": {"readOnlyRootFilesystem": "yes"}}, "readOnlyRootFilesystem"),
    ({"networkPolicy": {"metricsFrom": [{"podSelector": 1}]}}, "podSelector"),
    ({"strategy": {"rollingUpdate": {"maxSurge": "half"}}}, "maxSurge"),
    ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "maxUnavailable"),
    ({"livenessProbe": {"successThreshold": 2}}, "successThreshold"),
    ({"readinessProbe": {"terminationGracePeriodSeconds": 5}}, "terminationGracePeriodSeconds"),
    ({"podAnnotations": {"my note": "x"}}, "my note"),
    ({"prometheusRule": {"alertLabels": {"my-team": "x"}}}, "my-team"),
    ({"resources": {"request": {}}}, "request"),
    ({"resources": {"limits": {"memory": "256 MB"}}}, "memory"),
    ({"livenessProbe": {"periodSecond": 1}}, "periodSecond"),
    ({"commonLabels": {"app.kubernetes.io/name": "mine"}}, "app.kubernetes.io"),
    ({"podLabels": {"tier": 1}}, "podLabels"),
    ({"metrics": {"port": 80}}, "port"),
    ({"metrics": {"tls": {"secret": "x"}}}, "secret"),
    ({"metrics": {"authorization": True}}, "authorization"),
    ({"service": {"type": "Headless"}}, "type"),
    ({"serviceMonitor": {"enabled": "yes"}}, "enabled"),
    ({"serviceMonitor": {"interval": "30"}}, "interval"),
    ({"podMonitor": {"label": {}}}, "label"),
    ({"prometheusRule": {"disabled": ["ProbeWatchSlowLop"]}}, "disabled"),
    ({"prometheusRule": {"selector": "{job='x'}"}}, "selector"),
    ({"prometheusRule": {"waitingTimes": {"ProbeWatchNotReady": 10}}}, "ProbeWatchNotReady"),
    ({"prometheusRule": {"thresholds": {"unexplainedShare": 20}}}, "unexplainedShare"),
    ({"prometheusRule": {"thresholds": {"loopHold": "ten minutes"}}}, "loopHold"),
    ({"prometheusRule": {"runbookUrlPattern": "https://example.com"}}, "runbookUrlPattern"),
    ({"priorityClass": {"value": 2000000000}}, "value"),
    ({"policies": [{"spec": {}}]}, "policies"),
    ({"policies": [{"name": "a", "specs": {}}]}, "specs"),
    ({"policies": [{"name": "a", "spec": {"loop": {"restart": 3}}}]}, "restart"),
    ({"policies": [{"name": "a", "spec": {"loop": {"restarts": 1}}}]}, "restarts"),
    ({"networkPolicy": {"metricsFrom": {}}}, "metricsFrom"),
    ({"rbac": {"aggregated": True}}, "aggregated"),
    ({"crds": {"install": 1}}, "install"),
    ({"dashboards": {"labels": {"grafana_dashboard": 1}}}, "grafana_dashboard"),
]


@pytest.mark.parametrize("helm", ["helm", "helm3"])
@pytest.mark.parametrize(("values", "named"), MISTAKES, ids=lambda value: str(value)[:60])
def test_mistakes_are_refused(helm: str, values: dict[str, Any], named: str) -> None:
    """Helm rejects an unknown or invalid value, and names it."""
    ran = run_helm("template", str(CHART), values=values, helm=helm)

    assert ran.returncode != 0
    assert "values don't meet the specifications of the schema" in ran.stderr
    assert named in ran.stderr


TAKEN: Sequence[dict[str, Any]] = (
    {"settings": {"podSelector": "app in (web, api), !old,tier!=db", "livenessAddress": ":9000"}},
    {"image": {"repository": "[fd00::1]:5000/a_b/c-d"}},
    {"extraEnv": [{"name": "A", "value": "true"}, {"name": "B", "value": None}]},
    {"podSecurityContext": {"runAsUser": None, "fsGroup": None}, "affinity": None},
    {"securityContext": {"fieldOfNewerKubernetes": {"a": 1}}},
    {"strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}},
    {"tolerations": [{"operator": "Exists"}, {"key": "a", "tolerationSeconds": 5}]},
    {
        "networkPolicy": {
            "enabled": True,
            "metricsFrom": [{"namespaceSelector": {}}],
            "apiServer": [{"to": [{"ipBlock": {"cidr": "::/0"}}], "ports": [{"port": "https"}]}],
        }
    },
)


@pytest.mark.parametrize("helm", ["helm", "helm3"])
@pytest.mark.parametrize("values", TAKEN, ids=lambda value: str(value)[:60])
def test_what_kubernetes_takes_is_taken(helm: str, values: dict[str, Any]) -> None:
    """Valid values are not refused, neither a null, by which a default is taken away."""
    ran = run_helm("template", str(CHART), values=values, helm=helm)

    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("key", ["image", "metrics", "strategy", "livenessProbe"])
def test_a_key_that_is_needed_is_not_left_empty(key: str) -> None:
    """A null for a required value removes its default: Helm names the missing value."""
    ran = run_helm("template", str(CHART), values={key: None})

    assert f"missing property '{key}'" in ran.stderr


EMPTIED: dict[str, Any] = {
    **dict.fromkeys(("settings", "commonLabels", "commonAnnotations", "podLabels", "namespaces")),
    **dict.fromkeys(("podAnnotations", "nodeSelector", "tolerations", "policies", "extraArgs")),
    "crds": {"annotations": None},
    "prometheusRule": {
        "enabled": True,
        **dict.fromkeys(("alertLabels", "severities", "waitingTimes", "disabled", "annotations")),
    },
}
"""Null values, as an empty key in a values file (`settings:`) has."""


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_keys_that_are_empty_by_default_may_be_left_empty(helm: str) -> None:
    """A null for a map or list that is empty by default changes nothing."""
    plain = render_chart({"prometheusRule": {"enabled": True}}, helm=helm)

    assert render_chart(EMPTIED, helm=helm) == plain


POLICY: dict[str, Any] = {
    "selector": {"matchLabels": {"app.kubernetes.io/name": "cart"}},
    "priority": 10,
    "loop": {"restarts": 6, "windowSeconds": 1800},
    "events": False,
}


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_policies_may_say_what_their_definition_has(helm: str) -> None:
    """A policy may have any valid spec, also label keys with a slash."""
    ran = run_helm(
        "template", str(CHART), values={"policies": [{"name": "a", "spec": POLICY}]}, helm=helm
    )

    assert ran.returncode == 0, ran.stderr


NAMES: list[tuple[dict[str, Any], str, str]] = [
    ({"prometheusRule": {"severities": {"Foo": "x"}}}, "/prometheusRule/severities", "Foo"),
    ({"prometheusRule": {"waitingTimes": {"Foo": "1m"}}}, "/prometheusRule/waitingTimes", "Foo"),
    ({"commonLabels": {"app.kubernetes.io/name": "x"}}, "/commonLabels/", "app.kubernetes.io"),
]


@pytest.mark.parametrize(("values", "place", "name"), NAMES, ids=lambda value: str(value)[:60])
def test_a_wrong_name_is_reported_with_its_path(
    values: dict[str, Any], place: str, name: str
) -> None:
    """For an unknown key Helm names the key and its path."""
    ran = run_helm("template", str(CHART), values=values)

    assert f"at '{place}" in ran.stderr
    assert name in ran.stderr


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_the_window_of_a_slow_loop_is_the_longer_one(helm: str) -> None:
    """Helm rejects contradicting windows, with which the operator would not start."""
    short, long = Settings().loop_window_seconds, Settings().slow_loop_window_seconds
    windows = [
        {"loopWindowSeconds": long - 1},
        {"slowLoopWindowSeconds": short + 1},
        {"loopWindowSeconds": long},
        {"slowLoopWindowSeconds": short},
        {"loopWindowSeconds": 2e6, "slowLoopWindowSeconds": 2e6},
    ]
    runs = [
        run_helm("template", str(CHART), values={"settings": each}, helm=helm) for each in windows
    ]

    assert [run.returncode == 0 for run in runs] == [True, True, False, False, False]
    assert all("settings.slowLoopWindowSeconds (default 21600" in run.stderr for run in runs[2:])


def test_the_kubelet_leaves_time_for_an_orderly_shutdown() -> None:
    """Helm rejects a shutdown that takes longer than the kubelet waits, by default or as set."""
    grace = Settings().shutdown_seconds
    runs = [
        run_helm("template", str(CHART), values=values)
        for values in (
            {"terminationGracePeriodSeconds": int(grace)},
            {"terminationGracePeriodSeconds": int(grace) - 1},
            {"settings": {"shutdownSeconds": 31}},
        )
    ]

    assert [run.returncode == 0 for run in runs] == [True, False, False]
    assert all("settings.shutdownSeconds (default 10" in run.stderr for run in runs[1:])


@pytest.mark.parametrize("settings", [{"records": False}, {"dryRun": True}], ids=str)
def test_two_replicas_need_the_lease(settings: dict[str, Any]) -> None:
    """Without a Lease, Helm rejects two replicas, which would count everything twice."""
    one, two = (
        run_helm("template", str(CHART), values={"settings": settings, "replicas": replicas})
        for replicas in (1, 2)
    )

    assert (one.returncode, two.returncode) == (0, 1)
    assert "set replicas to 1" in two.stderr


@pytest.mark.parametrize("helm", ["helm", "helm3"])
@pytest.mark.parametrize("values", [{"global": {"anything": 1}}, {"enabled": True}], ids=str)
def test_values_of_a_chart_around_ours_are_let_through(helm: str, values: dict[str, Any]) -> None:
    """As a subchart, the chart accepts `global` and the usual `enabled`."""
    ran = run_helm("template", str(CHART), values=values, helm=helm)

    assert ran.returncode == 0, ran.stderr
