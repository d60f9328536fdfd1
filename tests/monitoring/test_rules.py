"""The alerting and recording rules: up to date, uniform, each with a runbook and a test."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from probewatch import cli
from probewatch.core.causes import Cause, Pattern
from probewatch.core.evidence import FailureReason
from probewatch.core.spec import ProbeType
from probewatch.metrics.collector import DROPS
from probewatch.watch.silence import SILENCE
from tests.conftest import REPOSITORY, require_program
from tests.monitoring.alert_stories import STORIES
from tests.monitoring.queries import MATCHER, find_unknown, find_unknown_groupings
from tests.monitoring.stories import ALIVE, POD, RULES

RUNBOOKS = REPOSITORY / "docs" / "runbooks"


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDS = [rule["record"] for rule in rules() if "record" in rule]


def test_promtool_accepts_the_rules() -> None:
    """The linter of promtool finds no fault with the rules, nor duplicates."""
    promtool = require_program("promtool")

    ran = subprocess.run(
        [promtool, "check", "rules", "--lint-fatal", str(RULES)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")


def test_rules_are_written_from_the_chart(tmp_path: Path) -> None:
    """rules.yaml is up to date with the chart; if not, `make monitoring` updates it."""
    script = REPOSITORY / "deploy" / "monitoring" / "rules.py"
    target = tmp_path / "rules.yaml"

    subprocess.run([sys.executable, str(script), str(target)], check=True)

    assert target.read_text(encoding="utf-8") == RULES.read_text(encoding="utf-8")


def test_every_alert_fires_in_a_story() -> None:
    """Each alert fires in at least one case."""
    told = {name for story in STORIES for names in story.firing.values() for name in names}

    assert set(ALERTS) == told


@pytest.mark.parametrize("name", ALERTS)
def test_alert_keeps_the_form(name: str) -> None:
    """Each alert has our prefix, a known severity, a constant summary and a runbook URL."""
    alert = ALERTS[name]
    notes = alert["annotations"]

    assert re.fullmatch(r"ProbeWatch([A-Z][a-z]+)+", name)
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert re.fullmatch(r"[A-Z][^{}]*\.", notes["summary"])
    assert notes["description"].endswith(".")
    assert "@" not in yaml.safe_dump(alert)
    assert notes["runbook_url"].endswith(f"/docs/runbooks/{name}.md")


LABELS = {"namespace": "shop", "workload": "web", "workload_type": "deployment", "node": "n1"}

SCREEN_CHARACTERS = 6 * 80
"""What a phone, or a chat without folding, can show."""


def filled(description: str) -> str:
    """Return a description with example values for the labels in its commands."""
    text = re.sub(
        r"{{ with \$labels\.namespace }}(.*?){{ \. }}(.*?){{ end }}", r"\1shop\2", description
    )
    return re.sub(r"{{ \$labels\.(\w+) }}", lambda found: LABELS.get(found[1], found[1]), text)


@pytest.mark.parametrize("name", ALERTS)
def test_alert_says_what_to_do_next(name: str) -> None:
    """A description fits on a screen and has a valid command or a field to start with."""
    text = filled(ALERTS[name]["annotations"]["description"])
    begun = re.findall(r"`([^`]+)`", text)

    assert begun
    assert len(text) <= SCREEN_CHARACTERS
    for line in begun:
        words = shlex.split(line)
        if words[:2] == ["kubectl", "probewatch"]:
            assert vars(cli.parse(cli.load_command(words[2]), words[2:]))
        else:
            assert words[0] in {"kubectl", "failureThreshold"}


@pytest.mark.parametrize("name", RECORDS)
def test_recorded_series_are_named_by_level_metric_and_operation(name: str) -> None:
    """A recorded series is named `level:metric:operation`, as Prometheus recommends."""
    assert re.fullmatch(r"[a-z_]+:probewatch_[a-z_]+:[a-z0-9_]+", name)


def test_an_alert_arrives_in_full(tmp_path: Path) -> None:
    """The labels and annotations of a firing alert are filled in as expected."""
    promtool = require_program("promtool")
    alert = {
        "exp_labels": {
            "severity": "warning",
            "namespace": "shop",
            "workload": "web",
            "workload_type": "deployment",
            "container": "app",
        },
        "exp_annotations": {
            "summary": "Containers restart again and again because their liveness probe fails.",
            "description": (
                "Container app of deployment shop/web is in a restart loop in 2 pod(s): "
                "the kubelet kills it each time its liveness probe has failed. "
                "`kubectl probewatch report -n shop deployment/web` shows which pods, and why."
            ),
            "runbook_url": ALERTS["ProbeWatchLivenessLoop"]["annotations"]["runbook_url"],
        },
    }
    series = {
        **ALIVE,
        f'probewatch_restart_loop{{{POD},cause="LivenessProbe"}}': "1x10",
        f'probewatch_restart_loop{{{POD.replace("web-1", "web-2")},cause="LivenessProbe"}}': "1x10",
    }
    test = {
        "rule_files": [str(RULES)],
        "tests": [
            {
                "input_series": [{"series": name, "values": series[name]} for name in series],
                "alert_rule_test": [
                    {
                        "alertname": "ProbeWatchLivenessLoop",
                        "eval_time": "5m",
                        "exp_alerts": [alert],
                    }
                ],
            }
        ],
    }
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(test), encoding="utf-8")

    ran = subprocess.run(
        [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_alert_has_its_page(name: str) -> None:
    """The runbook of an alert has the alert's name as title, and four sections in order."""
    page = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ .*$", page, flags=re.MULTILINE)

    assert [f"# {name}", "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"] == headings


@pytest.mark.parametrize("name", ALERTS)
def test_page_says_what_the_alert_says(name: str) -> None:
    """The runbook states the severity and the waiting time of its alert."""
    page = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    alert = ALERTS[name]

    assert f"Severity: {alert['labels']['severity']}" in page
    assert f"Fires after: {alert.get('for', '0m')}" in page


def test_there_is_no_page_without_an_alert() -> None:
    """Each runbook belongs to an alert, and the index lists them all."""
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")

    assert set(ALERTS) == pages
    assert set(ALERTS) == set(re.findall(r"\]\((\w+)\.md\)", index))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    """Each metric and label that a rule uses is on /metrics."""
    assert set() == find_unknown(rule["expr"]) | find_unknown_groupings(rule["expr"])


def test_closed_lists_are_spelled_as_in_the_code() -> None:
    """The label values in rules exist in the code."""
    known: dict[str, set[str]] = {
        "cause": set(Cause),
        "pattern": set(Pattern),
        "probe_type": set(ProbeType),
        "reason": {*FailureReason, SILENCE},
        "why": set(DROPS),
    }
    asked = {
        (label, value)
        for rule in rules()
        for label, _, values in MATCHER.findall(rule["expr"])
        for value in values.split("|")
        if label in known
    }

    assert asked
    assert set() == {(label, value) for label, value in asked if value not in known[label]}
