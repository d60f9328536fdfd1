"""The few kinds of panels that our dashboards are made of, in Grafana's own schema.

Each function gives the builder of one panel. Sizes are parts of a row of 24 columns.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models import prometheus as prometheus_models

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="$datasource")

GREEN, YELLOW, RED, NEUTRAL = "green", "yellow", "red", "text"

CAUSE_COLOURS: Mapping[str, str] = {
    "LivenessProbe": "red",
    "StartupProbe": "orange",
    "OOMKilled": "purple",
    "Error": "yellow",
    "Signal": "blue",
    "Completed": "green",
}
"""The frequent causes look the same in every panel; the others take what is left."""

Panel = Any
"""A builder of a panel; their classes have no common one that knows all of the methods."""

AnyPanel = TypeVar("AnyPanel", bound=Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """An expression, and how its series are called in a legend."""

    expr: str
    legend: str = ""


def _target(query: Query, place: int) -> prometheus.Dataquery:
    """A query over the dashboard's time."""
    made = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + place)).range()
    return made.legend_format(query.legend).datasource(DATASOURCE)


def _instant(expr: str) -> prometheus.Dataquery:
    """A query of the end of the dashboard's time."""
    made = prometheus.Dataquery().expr(expr).ref_id("A").instant().datasource(DATASOURCE)
    return made.format(prometheus_models.PromQueryFormat.TABLE)


def _placed(panel: AnyPanel, title: str, about: str, width: int, height: int) -> AnyPanel:
    placed = panel.title(title).description(about).datasource(DATASOURCE)
    sized: AnyPanel = placed.span(width).height(height)
    return sized


def _steps(bad_from: float | None, *, bad: str = RED) -> dashboard.ThresholdsConfig:
    """Green, and *bad* from a value on; a number that is neither good nor bad has no colour."""
    steps = [models.Threshold(value=None, color=NEUTRAL if bad_from is None else GREEN)]
    if bad_from is not None:
        steps.append(models.Threshold(value=bad_from, color=bad))
    config = dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE)
    return config.steps(steps)


def number(
    title: str,
    expr: str,
    *,
    about: str,
    unit: str = "short",
    bad_from: float | None = None,
    bad: str = RED,
    width: int = 4,
) -> stat.Panel:
    """One number: the value now, in the colour *bad* from *bad_from* on."""
    panel = _placed(stat.Panel(), title, about, width, 4)
    panel = panel.with_target(_instant(expr)).unit(unit).thresholds(_steps(bad_from, bad=bad))
    panel = panel.color_mode(common_models.BigValueColorMode.VALUE)
    return panel.graph_mode(common_models.BigValueGraphMode.NONE).no_value("–")


def labelled(title: str, expr: str, label: str, *, about: str, width: int = 4) -> stat.Panel:
    """The value of a label, as text."""
    panel = _placed(stat.Panel(), title, about, width, 4).with_target(_target(Query(expr=expr), 0))
    panel = panel.display_name(f"${{__field.labels.{label}}}").no_value("–")
    panel = panel.text_mode(common_models.BigValueTextMode.NAME)
    return panel.graph_mode(common_models.BigValueGraphMode.NONE)


def lines(
    title: str, queries: Sequence[Query], *, about: str, unit: str = "short", width: int = 12
) -> timeseries.Panel:
    """Values over time."""
    panel = _placed(timeseries.Panel(), title, about, width, 8).unit(unit).min(0)
    for place, query in enumerate(queries):
        panel = panel.with_target(_target(query, place))
        if "cause}}" in query.legend:
            panel = _coloured_by_cause(panel)
    legend = common.VizLegendOptions().show_legend(True)
    legend = legend.display_mode(common_models.LegendDisplayMode.LIST)
    panel = panel.legend(legend.placement(common_models.LegendPlacement.BOTTOM))
    tooltip = common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI)
    return panel.tooltip(tooltip.sort(common_models.SortOrder.DESCENDING)).fill_opacity(10)


def _coloured_by_cause(panel: timeseries.Panel) -> timeseries.Panel:
    """Give each cause that ends the name of a series its own colour."""
    for cause, colour in CAUSE_COLOURS.items():
        fixed = models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
        panel = panel.override_by_regexp(f"/\\b{cause}$/", [fixed])
    return panel


def bars(
    title: str, queries: Sequence[Query], *, about: str, unit: str = "short", width: int = 12
) -> timeseries.Panel:
    """How often something happened, over time, stacked."""
    panel = lines(title, queries, about=about, unit=unit, width=width)
    panel = panel.draw_style(common_models.GraphDrawStyle.BARS).fill_opacity(80)
    stacking = common.StackingConfig().mode(common_models.StackingMode.NORMAL)
    return panel.stacking(stacking).line_width(0)


def states(title: str, query: Query, *, about: str, width: int = 12) -> statetimeline.Panel:
    """Zeros and ones over time: a band for each series, red where it is one."""
    panel = _placed(statetimeline.Panel(), title, about, width, 8)
    panel = panel.with_target(_target(query, 0)).thresholds(_steps(1))
    color = dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
    return panel.color_scheme(color).show_value(common_models.VisibilityMode.NEVER)


def heat(title: str, expr: str, *, about: str, width: int = 12) -> heatmap.Panel:
    """How a histogram's buckets fill over time; the expression is by `le`."""
    target = _target(Query(expr=expr, legend="{{le}}"), 0)
    target = target.format(prometheus_models.PromQueryFormat.HEATMAP)
    panel = _placed(heatmap.Panel(), title, about, width, 8).with_target(target)
    color = heatmap.HeatmapColorOptions().mode(heatmap_models.HeatmapColorMode.SCHEME)
    axis = heatmap.YAxisConfig().unit("s")
    return panel.calculate(False).color(color.scheme("Oranges").steps(64)).y_axis(axis)


NOT_KNOWN: Mapping[str, object] = {
    "type": "special",
    "options": {"match": "nan", "result": {"index": 0, "text": "–"}},
}
"""How a value is shown that a row should have and nothing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a table shows of the values themselves, and that it is ordered by them."""

    heading: str
    unit: str = "short"
    is_falling: bool = True


def listing(
    title: str,
    expr: str,
    columns: Mapping[str, str],
    *,
    about: str,
    value: Value | None = None,
    link: str = "",
    width: int = 12,
) -> table.Panel:
    """A table of labels, by their headings, and of values, unless they only say that it is so.

    The row's workload leads to *link* where one is given.
    """
    panel = _placed(table.Panel(), title, about, width, 8).with_target(_instant(expr))
    hidden = {"Time": True, **({} if value else {"Value": True})}
    order = {name: place for place, name in enumerate([*columns, "Value"])}
    renamed = {**columns, "Value": value.heading if value else ""}
    options = {"excludeByName": hidden, "indexByName": order, "renameByName": renamed}
    organize = models.DataTransformerConfig(id_val="organize", options=options)
    panel = panel.with_transformation(organize).filterable(True)
    if value:
        panel = _with_values(panel, value)
    if link:
        to = {"title": "Why does it restart?", "url": link}
        panel = panel.override_by_name(
            columns["workload"], [models.DynamicConfigValue("links", [to])]
        )
    return panel


def _with_values(panel: table.Panel, value: Value) -> table.Panel:
    properties = [
        models.DynamicConfigValue("unit", value.unit),
        models.DynamicConfigValue("mappings", [NOT_KNOWN]),
    ]
    order = common.TableSortByFieldState().display_name(value.heading).desc(value.is_falling)
    return panel.override_by_name(value.heading, properties).sort_by([order])


def render(made: dashboard.Dashboard) -> str:
    """Return a dashboard as JSON, panels numbered in order, keys in order."""
    tree = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    for place, panel in enumerate(tree["panels"], start=1):
        panel["id"] = place
    return json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
