"""Parses the status of a ProbeReport back into its record.

A status may have been edited, or written by another version of the operator. What cannot be
parsed is left out, and the digest tells whether the status is as an operator wrote it.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from probewatch.core.causes import Cause, Confidence, Pattern, ReadinessReason
from probewatch.core.incidents import share
from probewatch.core.model import PodUid, Workload
from probewatch.core.record_sizes import Marks
from probewatch.core.records import (
    Incident,
    LoopMark,
    Mark,
    PodMarks,
    ReadinessTotals,
    Record,
    Tally,
)
from probewatch.kube.reports import objects
from probewatch.kube.reports.status import digest
from probewatch.kube.times import parse_time

Value = TypeVar("Value", Cause, Confidence, Pattern, ReadinessReason)

_DECODER = msgspec.json.Decoder(objects.Report, strict=False)


def decode_report(body: bytes | msgspec.Raw) -> objects.Report:
    """Decode a report; raises one of `kube.objects.BROKEN`."""
    return _DECODER.decode(bytes(body))


def is_intact(status: objects.Status | None) -> bool:
    """Whether the status is as an operator wrote it; False for a report without a status."""
    return status is not None and status.digest == digest(status)


def parse_record(report: objects.Report) -> Record | None:
    """Return the record of a report; None if it does not name its workload."""
    status = report.status
    if status is None or not status.workload.kind or not status.workload.name:
        return None
    return Record(
        workload=Workload(
            namespace=report.metadata.namespace,
            kind=status.workload.kind,
            name=status.workload.name,
            api_version=status.workload.api_version,
            uid=status.workload.uid,
        ),
        part=status.part,
        tallies=_tallies(status.totals),
        readiness=_readiness(status.readiness),
        pods=_pods(status),
        incidents=_incidents(status),
    )


def _tallies(totals: Iterable[objects.Total]) -> Mapping[tuple[str, Cause], Tally]:
    return {
        (total.container, cause): Tally(
            counted=total.restarts, corrected=total.corrected, unshown=total.unshown
        )
        for total in totals
        if (cause := _find(Cause, total.cause)) is not None
    }


def _readiness(readiness: objects.Readiness | None) -> ReadinessTotals:
    if readiness is None:
        return ReadinessTotals()
    losses = {
        reason: each.count
        for each in readiness.reasons
        if (reason := _find(ReadinessReason, each.reason)) is not None
    }
    return ReadinessTotals(losses=losses, not_ready_seconds=readiness.not_ready_seconds)


def _pods(status: objects.Status) -> Marks:
    loops = {(loop.uid, loop.container): _loop(loop) for loop in status.loops}
    return Marks(
        {
            PodUid(pod.uid): PodMarks(
                ready_at=parse_time(pod.ready_at),
                containers={
                    each.name: _mark(each, loops.get((pod.uid, each.name)))
                    for each in pod.containers
                },
            )
            for pod in status.pods
        }
    )


def _mark(container: objects.Container, loop: LoopMark | None) -> Mark:
    version = container.resource_version
    return Mark(
        count=container.count,
        epoch=container.epoch,
        resource_version=int(version) if version.isdecimal() else 0,
        termination=container.termination,
        loop=loop,
    )


def _loop(loop: objects.Loop) -> LoopMark:
    return LoopMark(
        pod=loop.pod,
        cause=_find(Cause, loop.cause) or Cause.UNKNOWN,
        since=parse_time(loop.since) or 0.0,
        restart_count=loop.restart_count,
        epoch=loop.epoch,
    )


def _incidents(status: objects.Status) -> tuple[Incident, ...]:
    incidents: list[Incident] = []
    for each in reversed(status.incidents):
        incidents.append(share(parse_incident(each), incidents))
    return tuple(incidents)


def parse_incident(incident: objects.Incident) -> Incident:
    """Return one incident of a status; what cannot be read of it is left out."""
    return Incident(
        pod=incident.pod,
        uid=PodUid(incident.uid),
        node=incident.node,
        container=incident.container,
        restart_count=incident.restart_count,
        epoch=incident.epoch,
        seen_count=max(incident.seen_count, incident.restart_count),
        cause=_find(Cause, incident.cause) or Cause.UNKNOWN,
        confidence=_find(Confidence, incident.confidence) or Confidence.LOW,
        rule=incident.rule,
        observed_at=parse_time(incident.time) or 0.0,
        exit_code=incident.exit_code,
        started_at=parse_time(incident.started_at),
        finished_at=parse_time(incident.finished_at),
        pattern=_find(Pattern, incident.pattern) or Pattern.NONE,
        evidence=tuple(incident.evidence),
        first_cause=_find(Cause, incident.first_cause),
    )


def _find(kind: type[Value], text: str) -> Value | None:
    try:
        return kind(text)
    except ValueError:
        return None
