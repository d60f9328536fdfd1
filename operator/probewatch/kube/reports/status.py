"""Renders a record as the status of its ProbeReport, always within 256 KiB.

Watermarks and totals are always complete; if there is too much, the oldest incidents are dropped.
A digest tells later whether the status is as an operator wrote it.
"""

import hashlib

import msgspec

from probewatch.core.causes import ReadinessReason
from probewatch.core.model import PodUid
from probewatch.core.records import Incident, LoopMark, PodMarks, Record
from probewatch.kube.reports import objects
from probewatch.kube.reports.conditions import conditions_of
from probewatch.kube.sanitize import sanitize
from probewatch.kube.times import render_time

STATUS_BYTES = 250 * 1024
"""Bytes of the status in JSON; the rest of the object needs far less than the other 6 KiB."""

INCIDENTS_KEPT = 200
LOOPS_KEPT = 50
SENTENCE_BYTES = 256
IDENTITY_BYTES = 256

MOST = 2_147_483_647
"""The largest int32."""


def render_status(record: Record, *, before: objects.Status | None, now: float) -> objects.Status:
    """Return the status of a record; conditions keep the transition times they had *before*."""
    status = _status(record)
    status.incidents = [_incident(each) for each in reversed(record.incidents)][:INCIDENTS_KEPT]
    dropped = _fit(status)
    old = before.conditions if before else []
    status.conditions = conditions_of(
        record, old, now=render_time(now), dropped=dropped, kept=len(status.loops)
    )
    status.digest = digest(status)
    return status


def digest(status: objects.Status) -> str:
    """Return the digest of a status without its conditions, which are for people only."""
    bare = msgspec.structs.replace(status, digest="", conditions=[])
    return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()[:32]


def _status(record: Record) -> objects.Status:
    loops = record.loops()
    workload, last = record.workload, record.last_restart
    return objects.Status(
        workload=objects.Workload(
            api_version=workload.api_version,
            kind=workload.kind,
            name=workload.name,
            uid=workload.uid,
        ),
        part=record.part,
        restarts=record.restarts,
        top_cause="" if record.top_cause is None else record.top_cause.value,
        looping=len(loops),
        last_restart=None if last is None else _last(last),
        totals=[
            objects.Total(
                container=container,
                cause=cause,
                restarts=tally.counted,
                corrected=tally.corrected,
                unshown=tally.unshown,
            )
            for (container, cause), tally in sorted(record.tallies.items())
        ],
        readiness=_readiness(record),
        loops=[_loop(uid, name, loop) for uid, name, loop in loops[:LOOPS_KEPT]],
        pods=[_pod(uid, marks) for uid, marks in sorted(record.pods.items())],
    )


def _last(incident: Incident) -> objects.LastRestart:
    return objects.LastRestart(
        time=render_time(incident.observed_at),
        cause=incident.cause,
        container=incident.container,
        pod=incident.pod,
    )


def _readiness(record: Record) -> objects.Readiness | None:
    totals = record.readiness
    if not totals.losses and not totals.not_ready_seconds:
        return None
    reasons = [
        objects.ReasonCount(reason=reason, count=totals.losses[reason])
        for reason in ReadinessReason
        if reason in totals.losses
    ]
    return objects.Readiness(
        losses=sum(totals.losses.values()),
        not_ready_seconds=round(totals.not_ready_seconds, 3),
        reasons=reasons,
    )


def _loop(uid: PodUid, container: str, loop: LoopMark) -> objects.Loop:
    return objects.Loop(
        pod=loop.pod,
        uid=uid,
        container=container,
        cause=loop.cause,
        since=render_time(loop.since),
        restart_count=loop.restart_count,
        epoch=loop.epoch,
    )


def _pod(uid: PodUid, marks: PodMarks) -> objects.Pod:
    return objects.Pod(
        uid=uid,
        ready_at="" if marks.ready_at is None else render_time(marks.ready_at),
        containers=[
            objects.Container(
                name=name,
                count=mark.count,
                epoch=mark.epoch,
                resource_version=str(mark.resource_version or ""),
                termination=sanitize(mark.termination, limit=IDENTITY_BYTES),
            )
            for name, mark in sorted(marks.containers.items())
        ],
    )


def _incident(incident: Incident) -> objects.Incident:
    return objects.Incident(
        time=render_time(incident.observed_at),
        pod=incident.pod,
        uid=incident.uid,
        container=incident.container,
        restart_count=incident.restart_count,
        cause=incident.cause,
        confidence=incident.confidence,
        epoch=incident.epoch,
        # Written only if restartCount jumped, so that it differs from the restart's own number.
        seen_count=incident.seen_count if incident.seen_count > incident.restart_count else 0,
        node=incident.node,
        first_cause="" if incident.first_cause is None else incident.first_cause.value,
        rule=incident.rule,
        exit_code=_within(incident.exit_code),
        started_at=_time(incident.started_at),
        finished_at=_time(incident.finished_at),
        pattern=incident.pattern.value,
        evidence=[sanitize(each, limit=SENTENCE_BYTES) for each in incident.evidence],
    )


def _within(number: int | None) -> int | None:
    return None if number is None else max(-MOST - 1, min(MOST, number))


def _time(at: float | None) -> str:
    return "" if at is None else render_time(at)


def _fit(status: objects.Status) -> int:
    """Drop the oldest incidents until the status fits; return how many were dropped."""
    if len(msgspec.json.encode(status)) <= STATUS_BYTES:
        return 0
    sizes = [len(msgspec.json.encode(each)) + 1 for each in status.incidents]
    incidents, status.incidents = status.incidents, []
    room = STATUS_BYTES - len(msgspec.json.encode(status))
    kept = 0
    for size in sizes:
        room -= size
        if room < 0:
            break
        kept += 1
    status.incidents = incidents[:kept]
    return len(incidents) - kept
