"""values.schema.json: mistakes are refused before anything reaches the cluster."""

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
    """Helm refuses a value that does not exist or makes no sense, and names it."""
    ran = run_helm("template", str(CHART), values=values, helm=helm)

    assert ran.returncode != 0
    assert "values don't meet the specifications of the schema" in ran.stderr
    assert named in ran.stderr


@pytest.mark.parametrize("key", ["image", "metrics", "strategy", "livenessProbe"])
def test_a_key_that_is_needed_is_not_left_empty(key: str) -> None:
    """A key with nothing behind it takes its default away: Helm says which one is missing."""
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
"""Keys whose default is empty, as they are left behind in a file of values: `settings:`."""


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_keys_that_are_empty_by_default_may_be_left_empty(helm: str) -> None:
    """A map or list with nothing behind its key means what it means when it is not there."""
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
    """Labels with a slash and everything else of a spec go through."""
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
def test_a_wrong_name_is_told_with_its_place(values: dict[str, Any], place: str, name: str) -> None:
    """Where a key is wrong Helm says which one and where; it names other places for some rules."""
    ran = run_helm("template", str(CHART), values=values)

    assert f"at '{place}" in ran.stderr
    assert name in ran.stderr


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_the_window_of_a_slow_loop_is_the_longer_one(helm: str) -> None:
    """Helm refuses what the operator would not start with, whichever of both windows is set."""
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


@pytest.mark.parametrize("settings", [{"records": False}, {"dryRun": True}], ids=str)
def test_two_replicas_need_the_lease(settings: dict[str, Any]) -> None:
    """Without a Lease both would show the same restarts: Helm refuses two, and takes one."""
    one, two = (
        run_helm("template", str(CHART), values={"settings": settings, "replicas": replicas})
        for replicas in (1, 2)
    )

    assert (one.returncode, two.returncode) == (0, 1)
    assert "set replicas to 1" in two.stderr


@pytest.mark.parametrize("helm", ["helm", "helm3"])
@pytest.mark.parametrize("values", [{"global": {"anything": 1}}, {"enabled": True}], ids=str)
def test_values_of_a_chart_around_ours_are_let_through(helm: str, values: dict[str, Any]) -> None:
    """`global`, which Helm adds to a subchart, and the usual condition of one are no mistakes."""
    ran = run_helm("template", str(CHART), values=values, helm=helm)

    assert ran.returncode == 0, ran.stderr
