"""The chart's monitors and dashboards."""

import json

import pytest

from tests.deploy.rendering import (
    CHART,
    MONITORED,
    SECURED,
    of_kind,
    render_chart,
    run_helm,
    the_only,
)


def test_pod_monitor_with_authorization_needs_a_token() -> None:
    """With authorization, a PodMonitor needs a Secret: it cannot use Prometheus's own token."""
    ran = run_helm("template", str(CHART), values={"podMonitor": {"enabled": True}, **SECURED})

    assert ran.returncode != 0
    assert "podMonitor.authorization" in ran.stderr


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_monitors_keep_our_labels(kind: str) -> None:
    """The labels of our series win over those of the operator's own pod."""
    monitor = the_only(render_chart(MONITORED), kind)["spec"]
    (endpoint,) = monitor.get("endpoints") or monitor["podMetricsEndpoints"]

    assert endpoint["honorLabels"] is True
    assert endpoint["port"] == "metrics"
    assert "interval" not in endpoint


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_series_of_workloads_outlive_the_operators_pod(kind: str) -> None:
    """Series about workloads continue under the same labels when the operator's pod is replaced."""
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
    """Labels, interval, timeout and relabelings are set in the ServiceMonitor."""
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


def test_each_dashboard_is_a_config_map_for_the_sidecar() -> None:
    """Each dashboard is a ConfigMap that Grafana's sidecar finds."""
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
