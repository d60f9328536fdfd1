"""Incidents as findings again: what is recorded may not have been told as an Event yet."""

from probewatch.core.findings import Restart
from probewatch.core.model import ContainerKind, PodRef, Workload
from probewatch.core.records import Incident
from probewatch.core.sighting import Sighting


def tell_again(incident: Incident, workload: Workload) -> Restart:
    """Return the restart of an incident; it has the same identity, and so the same Event."""
    return Restart(
        pod=PodRef(
            uid=incident.uid, namespace=workload.namespace, name=incident.pod, node=incident.node
        ),
        container=incident.container,
        container_kind=ContainerKind.REGULAR,
        restart_count=incident.restart_count,
        epoch=incident.epoch,
        cause=incident.first_cause or incident.cause,
        confidence=incident.confidence,
        rule=incident.rule,
        exit_code=incident.exit_code,
        started_at=incident.started_at,
        finished_at=incident.finished_at,
        observed_at=incident.observed_at,
        evidence=incident.evidence,
        pattern=incident.pattern,
        seen=Sighting(restart_count=incident.seen_count),
    )
