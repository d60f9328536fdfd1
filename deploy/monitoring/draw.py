"""Draws the dashboards from what their queries gave: `make pictures`, with matplotlib.

No Grafana is involved: the places, titles and queries of the panels are the dashboards', the
look is not. Each picture says so.

    python deploy/monitoring/draw.py FILE FOLDER [WHAT WAS PLAYED]
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

Json = dict[str, Any]
Axes = Any
Figure = Any

INK, FAINT, BACK, RED, GREEN = "#d8d9da", "#8e8e8e", "#181b1f", "#f2495c", "#73bf69"
GRID_COLUMNS, UNIT_INCHES = 24, 0.62
ROWS_SHOWN, CELL_CHARACTERS, NAMES_SHOWN = 8, 26, 12
MINUTE = 60.0


def render_seconds(value: float) -> str:
    """Return a duration in the unit that suits it."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < MINUTE else f"{value / MINUTE:.1f} min"


def render_plain(value: float) -> str:
    """Return a number without a unit."""
    return f"{value:.4g}"


UNITS: Mapping[str, Callable[[float], str]] = {
    "s": render_seconds,
    "percentunit": lambda value: f"{value:.0%}",
    "bytes": lambda value: f"{value / 2**20:.0f} MiB",
    "Bps": lambda value: f"{value / 1024:.1f} KiB/s",
    "dateTimeFromNow": lambda value: f"{datetime.fromtimestamp(value / 1000, UTC):%H:%M:%S}",
}


def render_value(value: float, unit: str) -> str:
    """Return a number as the panel's unit has it."""
    if math.isnan(value):
        return "–"
    return UNITS.get(unit, render_plain)(value)


def unit_of(panel: Json) -> str:
    """Return the unit of a panel's values."""
    unit: str = panel["fieldConfig"]["defaults"].get("unit", "short")
    return unit


def legend_of(pattern: str, labels: Mapping[str, str]) -> str:
    """Return what a series is called."""
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: labels.get(found[1], ""), pattern)


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
        bad = [step["value"] for step in steps if step.get("value") is not None]
        colour = RED if bad and value >= min(bad) else GREEN
        text = render_value(value, unit_of(panel))
    axes.text(0.5, 0.42, text, color=colour, fontsize=20, ha="center", va="center")


def draw_timeseries(axes: Axes, panel: Json) -> None:
    """Lines, or stacked bars."""
    series = series_of(panel)
    style = panel["fieldConfig"]["defaults"].get("custom", {})
    bottom: dict[float, float] = {}
    for place, (name, times, values) in enumerate(series):
        colour = plt.get_cmap("tab20")(place % 20)
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
        axes.legend(**below, fontsize=5.5, frameon=False, labelcolor=INK, columnspacing=1.0)


def draw_states(axes: Axes, panel: Json) -> None:
    """A band for each series, red where it is one."""
    series = series_of(panel)
    for place, (_name, times, values) in enumerate(series):
        moments = [dates.date2num(datetime.fromtimestamp(at, UTC)) for at in times]
        for at, value in zip(moments, values, strict=True):
            axes.barh(place, 2.0 / 86400, 0.8, at, color=RED if value >= 1 else GREEN)
    for place, (name, times, _values) in enumerate(series):
        begin = dates.date2num(datetime.fromtimestamp(times[0], UTC))
        axes.text(begin, place, f" {name}", color="black", fontsize=6.5, va="center")
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
    series = sorted(series, key=lambda each: -float(each["value"][1]))[:ROWS_SHOWN]
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
        axes.text(0.5, 0.5, "nothing", color=FAINT, ha="center")
        return
    table = axes.table(rows, colLabels=headings, loc="upper center", cellLoc="left", edges="open")
    table.auto_set_font_size(False)
    table.set_fontsize(6.5)
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
    inner = (left + 0.034, bottom + 1.5 / height, width - 0.044, tall - 2.7 / height)
    axes = figure.add_axes(inner, facecolor=BACK)
    axes.tick_params(colors=FAINT, labelsize=6)
    for spine in axes.spines.values():
        spine.set_color("#34373c")
    return axes


def draw(dashboard: Json, path: Path, played: str) -> None:
    """Draw one dashboard."""
    panels = dashboard["panels"]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) + 3
    figure = plt.figure(figsize=(GRID_COLUMNS * UNIT_INCHES, height * 0.36), facecolor=BACK)
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
        axes.set_title(panel["title"], color=INK, fontsize=8, loc="left")
        DRAW[panel["type"]](axes, panel)
    figure.savefig(path, dpi=80, facecolor=BACK)
    plt.close(figure)


def main(source: Path, folder: Path, played: str) -> None:
    """Draw every dashboard of *source* into *folder*."""
    tree = json.loads(source.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, dashboard in tree["dashboards"].items():
        draw(dashboard, folder / f"dashboard-{name}.png", played)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), " ".join(sys.argv[3:]))
