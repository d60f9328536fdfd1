"""Draws the dashboards from what their queries gave: `make pictures`, with matplotlib.

No Grafana is involved: the places, titles and queries of the panels are the dashboards', the
look is not. Each picture says so.

    python -m deploy.monitoring.draw FILE FOLDER [WHAT WAS PLAYED]     from the repository's root
"""

import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib import dates

from deploy.monitoring.figures import (
    BACK,
    COLOURS,
    FAINT,
    GREEN,
    INK,
    RED,
    Json,
    legend_of,
    render_value,
    unit_of,
)

Axes = Any
Figure = Any

GRID_COLUMNS, COLUMN_INCHES, ROW_INCHES = 24, 0.5, 0.31
ROWS_SHOWN, CELL_CHARACTERS, NAMES_SHOWN = 8, 26, 12


def series_of(panel: Json) -> list[tuple[str, list[float], list[float]]]:
    """Return name, times and values of each series of a panel over time."""
    return [
        (
            legend_of(answer["legend"], series["metric"]),
            [float(at) for at, _ in series["values"]],
            [float(value) for _, value in series["values"]],
        )
        for answer in panel["answers"]
        for series in answer["series"]
    ]


def colour_of(panel: Json, name: str) -> str:
    """Return the colour that a series has by its name, if it has one."""
    for override in panel["fieldConfig"]["overrides"]:
        pattern = override["matcher"]["options"].strip("/")
        if override["matcher"]["id"] == "byRegexp" and re.search(pattern, name):
            return COLOURS[override["properties"][0]["value"]["fixedColor"]]
    return ""


def draw_nothing(axes: Axes) -> None:
    """Say that there is nothing to show, which is mostly good news."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, "nothing", color=FAINT, ha="center", transform=axes.transAxes)


def draw_stat(axes: Axes, panel: Json) -> None:
    """One number, or the text of a label."""
    axes.set_axis_off()
    series = panel["answers"][0]["series"]
    name = panel["fieldConfig"]["defaults"].get("displayName", "")
    if found := re.search(r"labels\.(\w+)", name):
        text, colour = (series[0]["metric"].get(found[1], "–") if series else "–"), GREEN
    else:
        value = float(series[0]["value"][1]) if series else math.nan
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        reached = [s["color"] for s in steps if s.get("value") is None or value >= s["value"]]
        colour = COLOURS[reached[-1]]
        text = render_value(value, unit_of(panel))
    axes.text(0.5, 0.42, text, color=colour, fontsize=24, ha="center", va="center")


def draw_timeseries(axes: Axes, panel: Json) -> None:
    """Lines, or stacked bars."""
    series = series_of(panel)
    if not series:
        draw_nothing(axes)
        return
    style = panel["fieldConfig"]["defaults"].get("custom", {})
    bottom: dict[float, float] = {}
    for place, (name, times, values) in enumerate(series):
        colour = colour_of(panel, name) or plt.get_cmap("tab20")(place % 20)
        moments = [dates.date2num(datetime.fromtimestamp(at, UTC)) for at in times]
        if style.get("drawStyle") == "bars":
            base = [bottom.get(at, 0.0) for at in times]
            width = 2.0 / 86400
            axes.bar(moments, values, width, base, color=colour, label=name, linewidth=0)
            bottom |= {at: low + value for at, low, value in zip(times, base, values, strict=True)}
        else:
            axes.plot(moments, values, color=colour, label=name, linewidth=1.2)
    axes.set_ylim(bottom=0)
    unit = unit_of(panel)
    axes.yaxis.set_major_formatter(lambda value, _place: render_value(value, unit))
    show_time(axes)
    if 0 < len(series) <= NAMES_SHOWN:
        below = {"loc": "upper left", "bbox_to_anchor": (-0.02, -0.09), "ncols": 4}
        axes.legend(**below, fontsize=7, frameon=False, labelcolor=INK, columnspacing=1.0)


def draw_states(axes: Axes, panel: Json) -> None:
    """A band for each series, red where it is one."""
    series = series_of(panel)
    for place, (_name, times, values) in enumerate(series):
        moments = [dates.date2num(datetime.fromtimestamp(at, UTC)) for at in times]
        for at, value in zip(moments, values, strict=True):
            axes.barh(place, 2.0 / 86400, 0.8, at, color=RED if value >= 1 else GREEN)
    for place, (name, times, _values) in enumerate(series):
        begin = dates.date2num(datetime.fromtimestamp(times[0], UTC))
        axes.text(begin, place, f" {name}", color="black", fontsize=8, va="center")
    axes.set_yticks([])
    show_time(axes)


def draw_heatmap(axes: Axes, panel: Json) -> None:
    """Buckets over time: each cell is what came into it, the ones below it taken away."""
    found = [(name, times, values) for name, times, values in series_of(panel) if times]
    rows = sorted(((float(name), times, values) for name, times, values in found))
    every = sorted({at for _, times, _ in rows for at in times})
    table, before = [], dict.fromkeys(every, 0.0)
    for _, times, values in rows:
        now = dict(zip(times, values, strict=True))
        table.append([max(0.0, now.get(at, 0.0) - before.get(at, 0.0)) for at in every])
        before = now
    if table:
        moments = [dates.date2num(datetime.fromtimestamp(at, UTC)) for at in every]
        axes.pcolormesh(moments, range(len(table)), table, cmap="inferno", shading="nearest")
        axes.set_yticks(range(len(rows)), [f"{bound:g} s" for bound, _, _ in rows])
    show_time(axes)


def draw_table(axes: Axes, panel: Json) -> None:
    """The first rows, with the headings of the dashboard."""
    axes.set_axis_off()
    options = panel["transformations"][0]["options"]
    inner = sorted(options["indexByName"], key=options["indexByName"].__getitem__)
    shown = [name for name in inner if not options["excludeByName"].get(name)]
    headings = [options["renameByName"].get(name) or name for name in shown]
    overrides = {
        prop["id"]: prop["value"]
        for each in panel["fieldConfig"]["overrides"]
        for prop in each["properties"]
    }
    unit = overrides.get("unit", "short")
    series = panel["answers"][0]["series"]
    falls = all(each["desc"] for each in panel["options"].get("sortBy") or [{"desc": True}])
    series = sorted(series, key=lambda each: float(each["value"][1]), reverse=falls)[:ROWS_SHOWN]
    rows = [
        [
            render_value(float(each["value"][1]), unit)
            if name == "Value"
            else each["metric"].get(name, "")[:CELL_CHARACTERS]
            for name in shown
        ]
        for each in series
    ]
    if not rows:
        draw_nothing(axes)
        return
    widest = [max(len(row[place]) for row in (headings, *rows)) + 3 for place in range(len(shown))]
    table = axes.table(
        rows,
        colLabels=headings,
        colWidths=[each / sum(widest) for each in widest],
        loc="upper center",
        cellLoc="left",
        colLoc="left",
        edges="open",
    )
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    for (row, _), cell in table.get_celld().items():
        cell.get_text().set_color(FAINT if row == 0 else INK)


def show_time(axes: Axes) -> None:
    """Mark the time of day."""
    axes.xaxis_date()
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M:%S"))
    axes.xaxis.set_major_locator(dates.AutoDateLocator())


DRAW: Mapping[str, Callable[[Axes, Json], None]] = {
    "stat": draw_stat,
    "timeseries": draw_timeseries,
    "state-timeline": draw_states,
    "heatmap": draw_heatmap,
    "table": draw_table,
}


def place(figure: Figure, grid: Json, height: int) -> Axes:
    """Return axes at a panel's place."""
    left, width = grid["x"] / GRID_COLUMNS, grid["w"] / GRID_COLUMNS
    bottom, tall = 1 - (grid["y"] + grid["h"] + 2) / height, grid["h"] / height
    inner = (left + 0.045, bottom + 1.5 / height, width - 0.055, tall - 2.7 / height)
    axes = figure.add_axes(inner, facecolor=BACK)
    axes.tick_params(colors=FAINT, labelsize=7)
    for spine in axes.spines.values():
        spine.set_color("#34373c")
    return axes


def draw(dashboard: Json, path: Path, played: str) -> None:
    """Draw one dashboard."""
    panels = dashboard["panels"]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) + 3
    figure = plt.figure(figsize=(GRID_COLUMNS * COLUMN_INCHES, height * ROW_INCHES), facecolor=BACK)
    figure.text(0.01, 1 - 1.2 / height, dashboard["title"], color=INK, fontsize=14)
    note = f"drawn from the dashboard's queries, not by Grafana · {played}"
    figure.text(0.99, 1 - 1.2 / height, note, color=FAINT, fontsize=8, ha="right")
    for panel in panels:
        grid = panel["gridPos"]
        if panel["type"] == "row":
            where = 1 - (grid["y"] + 2.8) / height
            figure.text(0.01, where, panel["title"], color=INK, fontsize=10, weight="bold")
            continue
        axes = place(figure, grid, height)
        axes.set_title(panel["title"], color=INK, fontsize=9, loc="left")
        DRAW[panel["type"]](axes, panel)
    figure.savefig(path, dpi=100, facecolor=BACK)
    plt.close(figure)


def main(source: Path, folder: Path, played: str) -> None:
    """Draw every dashboard of *source* into *folder*."""
    tree = json.loads(source.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, dashboard in tree["dashboards"].items():
        draw(dashboard, folder / f"dashboard-{name}.png", played)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), " ".join(sys.argv[3:]))
