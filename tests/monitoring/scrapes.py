"""The labels of a series in Prometheus, for each way to install the monitoring."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from tests.conftest import REPOSITORY
from tests.deploy.rendering import render_chart, render_manifests, the_only

Labels = dict[str, str]
Rule = Mapping[str, Any]

INSTALL_PAGE = REPOSITORY / "docs" / "install.md"


def scraped(own: Labels, target: Labels, endpoint: Rule) -> Labels:
    """Return the labels of a series after a scrape with `honorLabels`."""
    return relabelled(
        {**relabelled(target, endpoint["relabelings"]), **own}, endpoint["metricRelabelings"]
    )


def relabelled(labels: Labels, rules: Iterable[Rule]) -> Labels:
    """Return *labels* after relabelings of the two kinds that we use."""
    for rule in rules:
        if rule.get("action") == "labeldrop":
            labels = {
                name: labels[name] for name in labels if not re.fullmatch(rule["regex"], name)
            }
            continue
        value = ";".join(labels.get(name, "") for name in rule["sourceLabels"])
        if re.fullmatch(rule["regex"], value):
            labels = {**labels, rule["targetLabel"]: rule["replacement"]}
    return labels


def target(pod: str) -> Labels:
    """Return the labels that Prometheus and its operator add for one of our pods."""
    return {
        "namespace": "probewatch",
        "service": "probewatch",
        "container": "operator",
        "endpoint": "metrics",
        "job": "probewatch",
        "pod": f"probewatch-{pod}",
        "instance": f"{pod}:8080",
    }


def by_service_monitor() -> Rule:
    objects = render_chart({"serviceMonitor": {"enabled": True}})
    (endpoint,) = the_only(objects, "ServiceMonitor")["spec"]["endpoints"]
    return dict(endpoint)


def by_pod_monitor() -> Rule:
    objects = render_chart({"podMonitor": {"enabled": True}})
    (endpoint,) = the_only(objects, "PodMonitor")["spec"]["podMetricsEndpoints"]
    return dict(endpoint)


def by_manifests() -> Rule:
    objects = render_manifests(REPOSITORY / "deploy" / "monitoring")
    (endpoint,) = the_only(objects, "ServiceMonitor")["spec"]["endpoints"]
    return dict(endpoint)


def by_files() -> Rule:
    """The scrape config of docs/install.md as a monitor's endpoint, without a label `pod`."""
    page = INSTALL_PAGE.read_text(encoding="utf-8")
    shown = next(part for part in page.split("```yaml\n") if part.startswith("rule_files"))
    (job,) = yaml.safe_load(shown.partition("```")[0])["scrape_configs"]
    rules = [
        {
            re.sub(r"_(\w)", lambda found: found[1].upper(), key): value
            for key, value in each.items()
        }
        for each in job["metric_relabel_configs"]
    ]
    without_pod = {"action": "labeldrop", "regex": "pod"}
    return {
        "honorLabels": job["honor_labels"],
        "relabelings": [without_pod],
        "metricRelabelings": rules,
    }


WAYS: Mapping[str, Callable[[], Rule]] = {
    "ServiceMonitor": by_service_monitor,
    "PodMonitor": by_pod_monitor,
    "manifests": by_manifests,
    "files": by_files,
}
"""The endpoint configuration, by the way to install."""
