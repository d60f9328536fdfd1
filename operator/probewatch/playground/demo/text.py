"""The texts of the demo: rows, lines and the summary. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from probewatch.playground.api.columns import Column
from probewatch.playground.api.columns_events import EVENT_COLUMNS
from probewatch.playground.api.columns_pods import POD_COLUMNS
from probewatch.playground.demo.state import DemoState, Found, Said
from probewatch.playground.json_object import JsonObject

FIRST_FACTS = ("to", "cause", "confidence", "reason", "finding")


def pod_cells(pod: JsonObject, now: float) -> tuple[str, ...]:
    """Return a pod's row as `kubectl get pods` has it."""
    return tuple(str(column.cell(pod, now)) for column in POD_COLUMNS if not column.priority)


def finding_text(found: Found) -> str:
    """Return a finding in one line: the most important facts first."""
    first = [str(found.facts[key]) for key in FIRST_FACTS if key in found.facts]
    rest = [
        f"{key} {_short(value)}" for key, value in found.facts.items() if key not in FIRST_FACTS
    ]
    return f"{found.words}: {', '.join(first)}  ({', '.join(rest)})".replace("_", " ")


def _short(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def event_cells(event: JsonObject, now: float) -> tuple[str, ...]:
    """Return an Event's row as `kubectl get events` has it."""
    return tuple(str(column.cell(event, now)) for column in EVENT_COLUMNS if not column.priority)


def headers(columns: Iterable[Column]) -> tuple[str, ...]:
    """Return the headings of the columns that are shown by default."""
    return tuple(column.name.upper() for column in columns if not column.priority)


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the rows as aligned columns; the last column is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return [
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def verdict_parts(message: str) -> tuple[str, tuple[str, ...]]:
    """Return what an Event's message says first, and the evidence of its verdict."""
    said, _, verdict = message.partition(" Cause ")
    facts = verdict.partition(": ")[2].rstrip(".")
    return said, tuple(fact.strip() for fact in facts.split("; ") if fact.strip())


def summary(
    state: DemoState, restart: Found, told: Said, *, now: float, speed: float = 1.0
) -> list[str]:
    """Return what happened, why, the evidence, and the Event and metrics that say so."""
    facts = restart.facts
    said, evidence = verdict_parts(told.event["message"])
    hurry = f"(At --speed {speed:g}: probes and app ran {speed:g} times as fast as declared.)"
    return [
        *_section("What happened", [*sentences(said), *([hurry] if speed != 1 else [])]),
        *_section("Why", [f"{facts['cause']}, {facts['confidence']} (rule {facts['rule']})"]),
        *_section("Evidence", [f"- {fact}" for fact in evidence + _kubelet_facts(state)]),
        *_section("The Event, as kubectl shows it", table(_event_rows(told.event, now))),
        *_section("The metrics, as scraped", list(state.metrics)),
    ]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return re.sub(r"\. (?=[A-Z])", ".\n", text).splitlines()


def _section(title: str, lines: list[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines), ""]


def _event_rows(event: JsonObject, now: float) -> list[tuple[str, ...]]:
    return [headers(EVENT_COLUMNS), event_cells(event, now)]


def _kubelet_facts(state: DemoState) -> tuple[str, ...]:
    """Return the kubelet's own Events about the kill, each with its last count."""
    last: dict[tuple[str, str], Mapping[str, Any]] = {}
    for said in state.kubelet:
        if said.event["reason"] in {"Unhealthy", "Killing"}:
            last[said.event["reason"], said.event["message"]] = said.event
    return tuple(
        f"kubelet, {event['count']} × {event['reason']}: {event['message']}"
        for event in last.values()
        if not event["message"].startswith("Readiness")
    )
