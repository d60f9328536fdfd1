"""Prometheus with two replicas of the operator that lead in turns."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from probewatch.metrics.cluster_families import POD_FAMILIES, WORKLOAD_FAMILIES
from probewatch.metrics.family import Family
from probewatch.metrics.operator_families import OPERATOR_FAMILIES
from tests.conftest import require_program
from tests.monitoring.scrapes import WAYS, Labels, Rule, scraped, target
from tests.monitoring.stories import RULES

GOES_ON = [
    *WORKLOAD_FAMILIES,
    *(family for family in POD_FAMILIES if "workload" in family.labels),
]
"""Series that continue with the next leader; each replica counts `probewatch_pods` by itself."""

RESTARTS: Labels = {
    "__name__": "probewatch_container_restarts_total",
    "namespace": "shop",
    "workload": "web",
    "workload_type": "deployment",
    "container": "app",
    "cause": "LivenessProbe",
}
KILLS = (70, 80, 90, 100, 110)
CHANGES_OF_HANDS = (60, 95)
"""Minutes: replica a leads until the first, b until the second, and then a again."""


@pytest.mark.parametrize("way", WAYS)
def test_replicas_show_the_same_series_of_workloads(way: str) -> None:
    """Series about workloads have the same labels, whichever replica they come from."""
    endpoint = WAYS[way]()

    assert endpoint["honorLabels"] is True
    for family in GOES_ON:
        assert seen(family, "a", endpoint) == seen(family, "b", endpoint)


@pytest.mark.parametrize("way", WAYS)
def test_series_about_the_operator_differ_by_replica(way: str) -> None:
    """Series about the operator have the address of its pod."""
    endpoint = WAYS[way]()

    for family in OPERATOR_FAMILIES:
        assert seen(family, "a", endpoint) != seen(family, "b", endpoint)


def seen(family: Family, pod: str, endpoint: Rule) -> Labels:
    """Return the labels of a series in Prometheus."""
    own = {name: f"some {name}" for name in family.labels}
    return scraped({"__name__": family.name, **own}, target(pod), endpoint)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_leader_that_leads_again_doubles_nothing(way: str, tmp_path: Path) -> None:
    """Five kills are an increase of five when the leader changes twice meanwhile."""
    series = dict(shown(WAYS[way]()))
    name = "namespace_workload_container:probewatch_probe_kills:increase2h"

    assert ask(series, f"round({name})", 5, tmp_path) == ""


def shown(endpoint: Rule) -> Iterator[tuple[str, str]]:
    """Yield each series that Prometheus has, with one value per minute."""
    values: dict[str, list[str]] = {}
    for minute in range(181):
        pod = "b" if sum(at < minute for at in CHANGES_OF_HANDS) == 1 else "a"
        labels = scraped(RESTARTS, target(pod), endpoint)
        name = labels.pop("__name__")
        matchers = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
        line = values.setdefault(f"{name}{{{matchers}}}", ["_"] * 181)
        line[minute] = str(sum(at <= minute for at in KILLS))
    for key, line in values.items():
        yield key, " ".join(_with_ends(line))


def _with_ends(line: list[str]) -> Iterator[str]:
    """Yield the values, and a staleness marker where a scrape no longer finds the series."""
    before = "_"
    for value in line:
        yield "stale" if value == "_" != before else value
        before = value


def ask(series: dict[str, str], query: str, expected: float, folder: Path) -> str:
    """Return the output of promtool for ten minutes after the last kill; nothing if it passes."""
    labels = ",".join(f'{key}="{value}"' for key, value in RESTARTS.items() if key[0] != "_")
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": key, "values": series[key]} for key in series],
                "promql_expr_test": [
                    {
                        "expr": query,
                        "eval_time": "120m",
                        "exp_samples": [{"labels": f"{{{labels}}}", "value": expected}],
                    }
                ],
            }
        ],
    }
    path = folder / "replicas.yaml"
    path.write_text(yaml.safe_dump(test), encoding="utf-8")
    ran = subprocess.run(
        [require_program("promtool"), "test", "rules", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr
