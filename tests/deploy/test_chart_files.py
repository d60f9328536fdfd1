"""Files of the chart that are generated from others are up to date."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.deploy.rendering import CHART, render_chart, the_only

INSTALL_PAGE = REPOSITORY / "docs" / "install.md"
RULES = REPOSITORY / "deploy" / "monitoring" / "rules.yaml"


def rule_groups(rule_values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the groups of the chart's PrometheusRule."""
    values = {"prometheusRule": {"enabled": True, **(rule_values or {})}}
    groups: list[dict[str, Any]] = the_only(render_chart(values), "PrometheusRule")["spec"][
        "groups"
    ]
    return groups


def alerts(rule_values: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    rules = [rule for group in rule_groups(rule_values) for rule in group["rules"]]
    return {rule["alert"]: rule for rule in rules if "alert" in rule}


@pytest.mark.slow
def test_derived_files_are_what_make_chart_writes(tmp_path: Path) -> None:
    """README, schema, CRDs and RBAC are up to date; if not, `make chart` updates them."""
    copy, page = tmp_path / "probewatch", tmp_path / "install.md"
    shutil.copytree(CHART, copy)
    shutil.copy(INSTALL_PAGE, page)

    script = REPOSITORY / "deploy" / "chart" / "make_chart.py"
    subprocess.run([sys.executable, str(script), str(copy), str(page)], check=True)

    assert page.read_text(encoding="utf-8") == INSTALL_PAGE.read_text(encoding="utf-8")

    written, kept = (
        {
            path.relative_to(folder): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in (copy, CHART)
    )
    assert written == kept


def test_every_value_has_its_comment() -> None:
    """Each value of values.yaml has a row in the README."""
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([\w.]+)` \|", readme, flags=re.MULTILINE))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

    assert set() == {key for key in leaves(values) if not is_documented(key, documented)}


def leaves(values: dict[str, Any], prefix: str = "") -> set[str]:
    """Return the dotted path of each value."""
    found: set[str] = set()
    for name, value in values.items():
        key = f"{prefix}{name}"
        found |= leaves(value, f"{key}.") if isinstance(value, dict) and value else {key}
    return found


def is_documented(key: str, documented: set[str]) -> bool:
    """Whether the key, or one of its parents, has a row."""
    parts = key.split(".")
    return any(".".join(parts[:n]) in documented for n in range(1, len(parts) + 1))


def test_chart_and_file_have_the_same_rules() -> None:
    """The PrometheusRule has exactly the rules of deploy/monitoring/rules.yaml."""
    plain = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]

    assert plain == rule_groups()


@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_thresholds_fill_every_place(helm: str) -> None:
    """Every placeholder is filled, and every query has the configured selector."""
    values = {"prometheusRule": {"enabled": True, "selector": 'job="probewatch"'}}
    groups = the_only(render_chart(values, helm=helm), "PrometheusRule")["spec"]["groups"]
    text = "\n".join(rule["expr"] for group in groups for rule in group["rules"])
    ours = re.findall(r"(?<![:\w])probewatch_\w+(?!\w*:)(.{0,17})", text)

    assert re.findall(r"@\w+@", text) == []
    assert {'{job="probewatch",'[:17]} == set(ours)


def test_thresholds_are_the_users_to_set() -> None:
    """A configured threshold appears in the expression."""
    expression = alerts({"thresholds": {"notReadySeconds": 1234}})["ProbeWatchNotReady"]["expr"]

    assert "> 1234" in expression


def test_alerts_can_be_changed_one_by_one() -> None:
    """Alerts can be disabled; severity, `for`, labels and runbook URL can be set."""
    changed = alerts(
        {
            "disabled": ["ProbeWatchSlowLoop"],
            "severities": {"ProbeWatchNotReady": "critical"},
            "waitingTimes": {"ProbeWatchNotReady": "10m"},
            "alertLabels": {"team": "sre"},
            "runbookUrlPattern": "https://wiki.example.com/%s",
        }
    )
    alert = changed["ProbeWatchNotReady"]

    assert set(alerts()) - set(changed) == {"ProbeWatchSlowLoop"}
    assert alert["labels"] == {"severity": "critical", "team": "sre"}
    assert alert["for"] == "10m"
    assert alert["annotations"]["runbook_url"] == "https://wiki.example.com/ProbeWatchNotReady"


def test_schema_knows_every_alert() -> None:
    """The schema accepts the names of the existing alerts only."""
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))

    rule = schema["properties"]["prometheusRule"]["properties"]
    named = f"^({'|'.join(sorted(alerts()))})$"

    assert sorted(alerts()) == schema["definitions"]["alert"]["enum"]
    assert [named] == [*rule["severities"]["patternProperties"]]
    assert [named] == [*rule["waitingTimes"]["patternProperties"]]
