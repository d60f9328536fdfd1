"""The dashboards: up to date, complete, and only about metrics that exist."""

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from probewatch.core.causes import Cause
from probewatch.metrics.operator_families import OPERATOR_FAMILIES
from tests.conftest import REPOSITORY, require_program
from tests.monitoring.queries import (
    DASHBOARDS,
    Panel,
    dashboards,
    find_unknown,
    find_unknown_groupings,
    panels,
)

CHARTS = REPOSITORY / "deploy" / "chart" / "probewatch" / "files" / "dashboards"

PANELS = list(panels())

NAMES = ["operator", "overview", "workload"]


def with_panels(name: str) -> list[dict[str, Any]]:
    return [panel for panel in dashboards()[name]["panels"] if panel["type"] != "row"]


@pytest.mark.slow
def test_dashboards_are_what_make_monitoring_writes(tmp_path: Path) -> None:
    """The dashboards in both places are up to date; if not, `make monitoring` updates them."""
    module = ["-W", "ignore", "-m", "deploy.monitoring.dashboards"]
    subprocess.run([sys.executable, *module, str(tmp_path)], check=True, cwd=REPOSITORY)

    written, kept, in_chart = (
        {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
        for folder in (tmp_path, DASHBOARDS, CHARTS)
    )
    assert written == kept
    assert written == in_chart
    assert sorted(written) == [f"{name}.json" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_dashboard_chooses_its_source_and_cluster(name: str) -> None:
    """The first variables of each dashboard are the data source and the cluster."""
    variables = [each["name"] for each in dashboards()[name]["templating"]["list"]]

    assert variables[:2] == ["datasource", "cluster"]


def test_dashboards_narrow_down() -> None:
    """The overview has a variable for namespaces, and the workload's page one for workloads."""
    chosen = {
        name: [each["name"] for each in tree["templating"]["list"]][2:]
        for name, tree in dashboards().items()
    }

    assert chosen == {
        "operator": [],
        "overview": ["namespace"],
        "workload": ["namespace", "workload"],
    }


@pytest.mark.parametrize("name", NAMES)
def test_panels_tell_what_they_show(name: str) -> None:
    """Each panel has a title, a description, and the selected data source."""
    for panel in with_panels(name):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "$datasource"}
        assert [t["datasource"]["uid"] for t in panel["targets"]] == ["$datasource"] * len(
            panel["targets"]
        )


@pytest.mark.parametrize("name", NAMES)
def test_titles_and_numbers_of_panels_are_unique(name: str) -> None:
    """No two panels of a dashboard have the same title or id."""
    tree = dashboards()[name]["panels"]

    assert len({panel["id"] for panel in tree}) == len(tree)
    assert len({panel["title"] for panel in tree}) == len(tree)


@pytest.mark.parametrize("name", NAMES)
def test_panels_do_not_overlap(name: str) -> None:
    """Panels do not overlap, and fit into the 24 columns."""
    places = [panel["gridPos"] for panel in dashboards()[name]["panels"]]

    assert max(place["x"] + place["w"] for place in places) <= 24
    for one, other in itertools.combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_panel_asks_for_what_there_is(panel: Panel) -> None:
    """Each metric and label that a panel uses is on /metrics."""
    for expression in panel.expressions:
        assert set() == find_unknown(expression) | find_unknown_groupings(expression)


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_panel_keeps_to_the_chosen_cluster(panel: Panel) -> None:
    """Every selector has the matchers for the variables of its dashboard."""
    wanted = {
        "operator": ['cluster=~"$cluster"'],
        "overview": ['cluster=~"$cluster"', 'namespace=~"$namespace"'],
        "workload": ['cluster=~"$cluster"', 'namespace=~"$namespace"', 'workload=~"$workload"'],
    }[panel.dashboard]

    for expression in panel.expressions:
        for matchers in re.findall(r"probewatch_\w+\{([^}]*)\}", expression):
            assert [each for each in wanted if each not in matchers] == []
        assert not re.search(r"probewatch_\w+(?![\w{])", expression)


def test_operator_tells_all_of_itself_on_its_dashboard() -> None:
    """Each metric of the operator is on its dashboard, except two that need no attention."""
    asked = " ".join(
        e for panel in PANELS if panel.dashboard == "operator" for e in panel.expressions
    )
    untold = {each.name for each in OPERATOR_FAMILIES if f"{each.name}{{" not in asked}

    assert {"probewatch_events_existed_total", "probewatch_kopf_starts_total"} == untold


def test_rows_of_workloads_lead_to_their_dashboard() -> None:
    """Each table of workloads links to the workload's dashboard."""
    uid = dashboards()["workload"]["uid"]
    tables = [panel for panel in with_panels("overview") if panel["type"] == "table"]

    assert tables
    for panel in tables:
        (links,) = [
            prop["value"]
            for override in panel["fieldConfig"]["overrides"]
            for prop in override["properties"]
            if prop["id"] == "links"
        ]
        assert links[0]["url"].startswith(f"/d/{uid}?")


def test_no_panel_waits_for_a_watch_that_is_optional() -> None:
    """The panel "Watches in full" ignores Events of nodes, for which the right is optional."""
    (panel,) = [each for each in panels() if each.title == "Watches in full"]
    (expression,) = panel.expressions

    selected = re.findall(r"probewatch_watch_synced\{(.*?)\}", expression)
    assert selected
    assert all('resource!="node-events"' in matchers for matchers in selected)


def test_table_of_loops_is_the_first_panel_and_names_pods() -> None:
    """The table of loops is the first panel after the numbers, has full width, and names pods."""
    shown = with_panels("overview")
    (table,) = [panel for panel in shown if panel["title"] == "Loops now"]
    before = [panel for panel in shown if panel["gridPos"]["y"] < table["gridPos"]["y"]]

    assert 24 == table["gridPos"]["w"]
    assert {"stat"} == {panel["type"] for panel in before}
    assert "Pod" in table["transformations"][0]["options"]["renameByName"].values()


def test_table_of_loops_lists_each_loop(tmp_path: Path) -> None:
    """Each loop has a row with its cause, and the age of its last restart if that is known."""
    promtool = require_program("promtool")
    (expression,) = [p.expressions[0] for p in PANELS if p.title == "Loops now"]
    common = 'namespace="shop",workload="web",workload_type="deployment",container="app"'
    last = f"probewatch_container_last_restart_timestamp_seconds{{{common}"
    series = {
        f'probewatch_restart_loop{{{common},pod="a",cause="Error"}}': "1x10",
        f'probewatch_restart_loop{{{common},pod="b",cause="LivenessProbe"}}': "1x10",
        f'probewatch_restart_loop{{{common},pod="c",cause="Error"}}': "0x10",
        f'{last},pod="a",cause="Error"}}': "60x10",
        f'{last},pod="a",cause="OOMKilled"}}': "240x10",
        f'{last},pod="c",cause="Error"}}': "60x10",
    }
    row = '{{container="app", namespace="shop", workload="web", pod="{}", cause="{}"}}'
    every = re.sub(r'\w+=~"\$\w+",?', "", expression)
    asked = [
        {"expr": compared, "eval_time": "5m", "exp_samples": [{"labels": row, "value": value}]}
        for compared, row, value in (
            (f"({every}) > 0", row.format("a", "Error"), 60),
            (
                f"count by (namespace, workload, pod, container, cause) (({every}) != ({every}))",
                row.format("b", "LivenessProbe"),
                1,
            ),
        )
    ]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    path = tmp_path / "test.yaml"
    tests = {"tests": [{"input_series": inputs, "promql_expr_test": asked}]}
    path.write_text(yaml.safe_dump(tests), encoding="utf-8")

    ran = subprocess.run(
        [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_cause_has_one_colour() -> None:
    """Each cause has the same colour in all panels."""
    shown = [panel for name in NAMES for panel in with_panels(name)]
    coloured = [
        {each["matcher"]["options"]: str(each) for each in panel["fieldConfig"]["overrides"]}
        for panel in shown
        if any("cause}}" in target.get("legendFormat", "") for target in panel["targets"])
    ]

    assert coloured
    assert coloured == [coloured[0]] * len(coloured)
    assert set(coloured[0]) <= {rf"/\b{cause}$/" for cause in Cause}
