"""Writes rules.yaml, the rules with their default thresholds, from the chart's.

The words between at-signs stand for values of the chart. Helm fills them in for
a PrometheusRule (templates/prometheusrule.yaml), this for a Prometheus that is
configured by files; a test holds both results against each other.

    python deploy/monitoring/rules.py [FILE]     writes deploy/monitoring/rules.yaml
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

MONITORING = Path(__file__).resolve().parent
CHART = MONITORING.parent / "chart" / "probewatch"
SOURCE = CHART / "files" / "rules.yaml"
TARGET = MONITORING / "rules.yaml"

HEADER = """\
# Written by `make monitoring` from the chart's files/rules.yaml. Do not edit.
#
# For a Prometheus that is configured by files: name this one under `rule_files`.
"""


def default_values() -> dict[str, Any]:
    """Return the chart's values for rules."""
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    rules: dict[str, Any] = values["prometheusRule"]
    return rules


def fill_in(text: str, words: Mapping[str, object], *, selector: str = "") -> str:
    """Return *text* with each word between at-signs replaced, *selector* within all braces."""
    for name, value in {**words, "selector": f"{selector}," if selector else ""}.items():
        text = text.replace(f"@{name}@", str(value))
    return text.replace("{}", "")


def add_runbooks(text: str, pattern: str) -> Iterator[str]:
    """Yield the lines, and in each alert's annotations the address of its page.

    *pattern* has `%s` where the alert's name goes.
    """
    alert = ""
    for line in text.splitlines():
        yield line
        found = re.match(r" *- alert: (\w+)", line)
        alert = found[1] if found else alert
        if line.strip() == "annotations:":
            yield f"          runbook_url: {pattern.replace('%s', alert)}"


def render() -> str:
    """Return the text of rules.yaml."""
    values = default_values()
    source = SOURCE.read_text(encoding="utf-8")
    body = source[source.index("groups:") :]
    filled = fill_in(body, values["thresholds"])
    return HEADER + "\n".join(add_runbooks(filled, values["runbookUrlPattern"])) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_text(render(), encoding="utf-8")
