"""Cases for promtool: series over time, and which alerts fire when.

A case names *all* firing alerts at each of its times, so it also checks that no other alert fires.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.conftest import REPOSITORY

RULES = REPOSITORY / "deploy" / "monitoring" / "rules.yaml"

WORKLOAD = 'namespace="shop",workload="web",workload_type="deployment"'
CONTAINER = f'{WORKLOAD},container="app"'
POD = f'{CONTAINER},pod="web-1"'

Series = Mapping[str, str]
"""Values in promtool's notation by series, one value per minute."""

ALIVE: Series = {
    'probewatch_build_info{version="0.1.0"}': "1x3000",
    'probewatch_watch_synced{resource="pods"}': "1x3000",
    'probewatch_watch_last_activity_timestamp_seconds{resource="pods"}': "0+60x3000",
}
"""The series of a healthy operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Series, and the names of the alerts that fire at each time (`5m`, `2h`)."""

    name: str
    series: Series
    firing: Mapping[str, Sequence[str]]
    operator: Series = field(default_factory=lambda: ALIVE)


def minutes(*parts: str) -> str:
    """Join several lists of values."""
    return " ".join(parts)


def ask_promtool(promtool: str, story: Story, folder: Path) -> str:
    """Return the output of promtool for a case; nothing if it passes."""
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "name": story.name,
                "interval": "1m",
                "input_series": [
                    {"series": series, "values": values}
                    for series, values in {**story.operator, **story.series}.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
                        "eval_time": at,
                        "exp_samples": [
                            {"labels": f'{{alertname="{name}"}}', "value": 1} for name in names
                        ],
                    }
                    for at, names in story.firing.items()
                ],
            }
        ],
    }
    path = folder / "story.yaml"
    path.write_text(yaml.safe_dump(test), encoding="utf-8")
    ran = subprocess.run(
        [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr
