"""The demo in words: rows, lines and the summary. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from probewatch.playground.demo_state import DemoState, Found, Said

JsonObject = dict[str, Any]
POD_COLUMNS = ("NAME", "READY", "STATUS", "RESTARTS", "AGE")
SECONDS_ALONE_MINUTES, MINUTES_ALONE = 2, 10
"""Below two minutes kubectl prints seconds, from ten on minutes."""
FIRST_FACTS = ("to", "cause", "confidence", "reason", "finding")
EVENT_COLUMNS = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")


def pod_cells(pod: JsonObject, now: float) -> tuple[str, ...]:
    """Return a pod's row as `kubectl get pods` has it."""
    status = pod.get("status") or {}
    found = status.get("containerStatuses") or []
    total = len(pod["spec"]["containers"])
    ready = sum(1 for item in found if item["ready"])
    restarts = sum(item["restartCount"] for item in found)
    ended = [item["lastState"]["terminated"]["finishedAt"] for item in found if item["lastState"]]
    ago = f" ({render_age(now - parse_time(max(ended)))} ago)" if restarts and ended else ""
    age = render_age(now - parse_time(pod["metadata"]["creationTimestamp"]))
    name = pod["metadata"]["name"]
    return (name, f"{ready}/{total}", _pod_status(pod, found), f"{restarts}{ago}", age)


def _pod_status(pod: JsonObject, found: list[JsonObject]) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    for item in found:
        for kind in ("waiting", "terminated"):
            reason = (item["state"].get(kind) or {}).get("reason")
            if reason:
                return str(reason)
    return str((pod.get("status") or {}).get("phase", "Pending"))


def parse_time(text: str) -> float:
    """Return epoch seconds for the API's time."""
    return datetime.fromisoformat(text).timestamp()


def render_age(seconds: float) -> str:
    """Return a duration as kubectl prints ages: `47s`, `2m30s`, `12m`."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    if minutes < SECONDS_ALONE_MINUTES:
        return f"{whole}s"
    return f"{minutes}m{rest}s" if minutes < MINUTES_ALONE and rest else f"{minutes}m"


def finding_text(found: Found) -> str:
    """Return a finding in one line: what matters most, then the other facts."""
    first = [str(found.facts[key]) for key in FIRST_FACTS if key in found.facts]
    rest = [
        f"{key} {_short(value)}" for key, value in found.facts.items() if key not in FIRST_FACTS
    ]
    return f"{found.words}: {', '.join(first)}  ({', '.join(rest)})".replace("_", " ")


def _short(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def event_cells(event: JsonObject, now: float) -> tuple[str, ...]:
    """Return an Event's row as `kubectl get events` has it."""
    involved = event["involvedObject"]
    seen = event.get("lastTimestamp") or event.get("eventTime") or ""
    age = render_age(now - parse_time(seen)) if seen else "<unknown>"
    what = f"{involved['kind'].lower()}/{involved['name']}"
    return (age, event["type"], event["reason"], what, event["message"])


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows in columns, the last one as long as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return [
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def verdict_parts(message: str) -> tuple[str, tuple[str, ...]]:
    """Return what an Event's message says first, and the facts that the verdict rests on."""
    said, _, verdict = message.partition(" Cause ")
    facts = verdict.partition(": ")[2].rstrip(".")
    return said, tuple(fact.strip() for fact in facts.split("; ") if fact.strip())


def summary(
    state: DemoState, restart: Found, told: Said, *, now: float, speed: float = 1.0
) -> list[str]:
    """Return what happened, why, by which evidence, and where it can be read."""
    facts = restart.facts
    said, evidence = verdict_parts(told.event["message"])
    hurry = f"(At --speed {speed:g}: probes and app ran {speed:g} times as fast as declared.)"
    return [
        *_section("What happened", [*sentences(said), *([hurry] if speed != 1 else [])]),
        *_section("Why", [f"{facts['cause']}, {facts['confidence']} (rule {facts['rule']})"]),
        *_section("By which evidence", [f"- {fact}" for fact in evidence + _kubelet_facts(state)]),
        *_section("The Event, as kubectl shows it", table(_event_rows(told.event, now))),
        *_section("The metrics, as scraped", list(state.metrics)),
    ]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, one a line."""
    return re.sub(r"\. (?=[A-Z])", ".\n", text).splitlines()


def _section(title: str, lines: list[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines), ""]


def _event_rows(event: JsonObject, now: float) -> list[tuple[str, ...]]:
    return [EVENT_COLUMNS, event_cells(event, now)]


def _kubelet_facts(state: DemoState) -> tuple[str, ...]:
    """Return what the kubelet itself said that bears on it, with the last count of each."""
    last: dict[tuple[str, str], Mapping[str, Any]] = {}
    for said in state.kubelet:
        if said.event["reason"] in {"Unhealthy", "Killing"}:
            last[said.event["reason"], said.event["message"]] = said.event
    return tuple(
        f"kubelet, {event['count']} × {event['reason']}: {event['message']}"
        for event in last.values()
        if not event["message"].startswith("Readiness")
    )
