"""Finds the metrics, labels and groupings that rules and dashboards use in expressions."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probewatch.metrics.families import FAMILIES
from probewatch.metrics.family import Kind
from tests.conftest import REPOSITORY

DASHBOARDS = REPOSITORY / "deploy" / "monitoring" / "dashboards"

FROM_OUTSIDE = {"cluster", "job", "instance", "namespace", "alertname", "alertstate"}
"""Labels that the scrape or a federating Prometheus may add to any series."""

SELECTOR = re.compile(r"(?<![\w:])(probewatch_\w+)(?!\w*:)\s*(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel of a dashboard, with its queries."""

    dashboard: str
    title: str
    kind: str
    expressions: tuple[str, ...]

    def __str__(self) -> str:
        """Return the test id."""
        return f"{self.dashboard}: {self.title}"


def load(path: Path) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return tree


def dashboards() -> dict[str, dict[str, Any]]:
    """Return every dashboard by its file name."""
    return {path.stem: load(path) for path in sorted(DASHBOARDS.glob("*.json"))}


def panels() -> Iterator[Panel]:
    """Yield every panel that has queries."""
    for name, tree in dashboards().items():
        for panel in tree["panels"]:
            if panel["type"] != "row":
                yield Panel(
                    dashboard=name,
                    title=panel["title"],
                    kind=panel["type"],
                    expressions=tuple(target["expr"] for target in panel["targets"]),
                )


def series_names() -> dict[str, set[str]]:
    """Return each series name on /metrics, with its labels."""
    names: dict[str, set[str]] = {}
    for family in FAMILIES:
        labels = set(family.labels)
        if family.kind is Kind.HISTOGRAM:
            names |= {f"{family.name}_{part}": labels for part in ("count", "sum")}
            names[f"{family.name}_bucket"] = labels | {"le"}
        else:
            names[family.name] = labels
    return names


def find_unknown(expression: str) -> set[str]:
    """Return the metrics and labels that an expression selects and /metrics does not have."""
    known = series_names()
    unknown = set()
    for name, matchers in SELECTOR.findall(expression):
        if name not in known:
            unknown.add(name)
            continue
        labels = {label for label, _, _ in MATCHER.findall(matchers)}
        unknown |= {f"{name}.{label}" for label in labels - known[name] - FROM_OUTSIDE}
    return unknown


def find_unknown_groupings(expression: str) -> set[str]:
    """Return the labels that an expression groups by and none of its metrics has."""
    known = series_names()
    names = [name for name, _ in SELECTOR.findall(expression)]
    labels = FROM_OUTSIDE.union(*(known[name] for name in names if name in known))
    made = set(re.findall(r'label_replace\(.*?"(\w+)"', expression, flags=re.DOTALL))
    grouped = re.findall(r"\bby \(([^)]*)\)", expression)
    asked = {label.strip() for group in grouped for label in group.split(",")}
    return asked - labels - made - {""} if names else set()
