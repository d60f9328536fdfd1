"""The Events of a simulated kubelet, filtered like those of a real one."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from probewatch.core.evidence import Evidence, EvidenceKind, FailureReason
from probewatch.core.spec import ProbeType
from probewatch.playground.kubelet.event_filter import (
    COMBINED,
    Delivery,
    EventFilter,
    Note,
    SpamKey,
    Subject,
)

REASONS = {
    EvidenceKind.PROBE_FAILED: "Unhealthy",
    EvidenceKind.BACK_OFF: "BackOff",
    EvidenceKind.START_FAILED: "Failed",
    EvidenceKind.POST_START_FAILED: "FailedPostStartHook",
    EvidenceKind.PULLED: "Pulled",
    EvidenceKind.CREATED: "Created",
    EvidenceKind.STARTED: "Started",
    EvidenceKind.SANDBOX_CHANGED: "SandboxChanged",
}
"""The reason of all other kinds is `Killing`."""

WARNINGS = frozenset({"Unhealthy", "BackOff", "Failed", "FailedPostStartHook"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An Event that passed the filter, and when it reached the API server."""

    at: float
    evidence: Evidence


class EventRecorder:
    """The Event recorder of one kubelet for one pod; *arrival* returns when a write arrives."""

    def __init__(self, random: Random, uid: str, arrival: Callable[[float], float]) -> None:
        self.said: list[Said] = []
        self._arrival = arrival
        self._uid = uid
        self._key = random.choice(tuple(SpamKey))
        self._meanings: dict[str, tuple[EvidenceKind, str]] = {}
        self._names: dict[str, str] = {}
        self._unique = 0
        self._epoch = 0
        self._filter = EventFilter(spam_key=self._key)

    def restart(self) -> None:
        """Lose all counts, as a new process does."""
        self._filter = EventFilter(spam_key=self._key)
        self._names.clear()
        self._epoch += 1

    def say(
        self,
        now: float,
        kind: EvidenceKind,
        container: str = "",
        probe: ProbeType | None = None,
        *,
        unique: bool = False,
    ) -> None:
        """Record an Event about a container, or about the pod.

        The text of a *unique* one is never repeated, so the Event is not aggregated.
        """
        self._unique += unique
        reason = REASONS.get(kind, "Killing")
        text = f"{kind} {probe or ''} {self._unique if unique else ''}"
        self._meanings[text] = (kind, probe or "")
        note = Note(
            component="kubelet",
            host="n1",
            subject=Subject(
                kind="Pod", namespace="shop", name="web", uid=self._uid, field_path=container
            ),
            type="Warning" if reason in WARNINGS else "Normal",
            reason=reason,
            message=text,
        )
        delivery = self._filter.admit(note, now)
        if delivery is not None:
            self.said.append(Said(at=self._arrival(now), evidence=self._evidence(delivery)))

    def _evidence(self, delivery: Delivery) -> Evidence:
        note = delivery.note
        combined = note.message.startswith(COMBINED)
        kind, probe = self._meanings[note.message.removeprefix(COMBINED)]
        series = note.reason if combined else f"{note.subject.field_path}/{note.message}"
        return Evidence(
            kind=kind,
            at=float(int(delivery.last)),
            first_at=float(int(delivery.first)),
            count=delivery.count,
            container=note.subject.field_path,
            probe_type=probe,
            failure=FailureReason.HTTP_5XX,
            combined=combined,
            name=self._names.setdefault(series, f"web.{self._epoch}.{len(self._names)}"),
            involved_uid=self._uid,
            namespace="shop",
            node="n1",
        )

    def report_reboot(self, now: float) -> None:
        """Record the node's own Event about a reboot, to which the pod's filter does not apply."""
        at = float(int(now))
        evidence = Evidence(
            kind=EvidenceKind.NODE_REBOOTED, at=at, first_at=at, name=f"n1.{at}", node="n1"
        )
        self.said.append(Said(at=self._arrival(now), evidence=evidence))
