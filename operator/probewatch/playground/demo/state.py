"""What the demo has seen so far: the pod, the kubelet's Events, and the operator's findings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.playground.json_object import JsonObject

CONTROLLER = "probewatch.dev/operator"
RESTARTED, READINESS = "Container restarted", "Readiness changed"
"""The messages of the operator's findings in its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding, as the operator logged it."""

    at: float
    """Seconds since the demo began."""
    words: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One Event, by the kubelet or by the operator."""

    at: float
    event: JsonObject


@dataclass(slots=True)
class DemoState:
    """Collects what happens; `missing` is empty once all was seen."""

    pod: JsonObject = field(default_factory=dict)
    findings: list[Found] = field(default_factory=list)
    kubelet: list[Said] = field(default_factory=list)
    events: dict[str, Said] = field(default_factory=dict)
    """The operator's Events, by name."""
    metrics: tuple[str, ...] = ()
    """The metrics with the restart, as scraped."""

    def note_event(self, event: JsonObject, at: float) -> None:
        """Take in an Event about the pod."""
        if event.get("reportingComponent") == CONTROLLER:
            self.events[event["metadata"]["name"]] = Said(at=at, event=event)
        elif (event.get("source") or {}).get("component") == "kubelet":
            self.kubelet.append(Said(at=at, event=event))

    def note_finding(self, line: str, at: float) -> Found | None:
        """Take in a line of the operator's log; return the finding, if it is one."""
        record = parse_record(line)
        if record.get("logger") != "probewatch.findings":
            return None
        hidden = {"time", "level", "logger", "message", "namespace", "workload"}
        # Flags that are false, such as `hidden` and `baseline`, are not worth showing.
        facts = {
            key: value for key, value in record.items() if key not in hidden and value is not False
        }
        found = Found(at=at, words=str(record["message"]), facts=facts)
        self.findings.append(found)
        return found

    # --- what has to be seen ------------------------------------------------------

    @property
    def restart(self) -> Found | None:
        """The restart with the expected verdict."""
        wanted = {"cause": "LivenessProbe", "confidence": "Confirmed"}
        return self._find(RESTARTED, wanted)

    @property
    def any_restart(self) -> Found | None:
        """The first restart, with any verdict."""
        return self._find(RESTARTED, {})

    @property
    def restart_event(self) -> Said | None:
        """The operator's Event about the restart."""
        events = self.events.values()
        return next((it for it in events if it.event["reason"] == "LivenessProbeRestart"), None)

    def _find(self, words: str, wanted: Mapping[str, object]) -> Found | None:
        for found in self.findings:
            facts = found.facts
            if found.words == words and wanted.items() <= facts.items():
                return found
        return None

    def missing(self) -> tuple[str, ...]:
        """Return what has not been seen yet, as text."""
        needed = {
            "the pod became ready": self._find(READINESS, {"to": "Ready"}),
            "the pod became not ready": self._find(READINESS, {"to": "NotReady"}),
            "a restart with cause LivenessProbe, Confirmed": self.restart,
            "the operator's Event LivenessProbeRestart": self.restart_event,
            "the restart in /metrics": self.metrics,
        }
        return tuple(words for words, seen in needed.items() if not seen)


def parse_record(line: str) -> JsonObject:
    """Return the record in a line of the operator's log; empty if the line has none."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
