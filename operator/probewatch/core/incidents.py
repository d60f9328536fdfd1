"""Incidents: converts restarts to the form kept in records, and back to findings.

Back, because a recorded restart may not have been posted as an Event yet. A loop fills a record
with nearly equal incidents, and each version of a pod brings its own copies of the same strings:
equal strings are shared to save memory.
"""

from collections.abc import Sequence

from probewatch.core.findings import Restart
from probewatch.core.model import PodRef, Workload
from probewatch.core.records import EVIDENCE_KEPT, Incident
from probewatch.core.sighting import Sighting
from probewatch.core.values import replace

LOOKED_AT = 8
"""How many preceding incidents are searched for one of the same pod."""


def keep_restart(restart: Restart, earlier: Sequence[Incident]) -> Incident:
    """Return the incident of a restart; equal strings are shared with *earlier* incidents."""
    incident = Incident(
        pod=restart.pod.name,
        uid=restart.pod.uid,
        node=restart.pod.node,
        container=restart.container,
        restart_count=restart.restart_count,
        epoch=restart.epoch,
        cause=restart.cause,
        confidence=restart.confidence,
        rule=restart.rule,
        observed_at=restart.observed_at,
        exit_code=restart.exit_code,
        started_at=restart.started_at,
        finished_at=restart.finished_at,
        pattern=restart.pattern,
        evidence=restart.evidence[:EVIDENCE_KEPT],
        seen_count=max(restart.seen.restart_count, restart.restart_count),
    )
    return share(incident, earlier)


def share(incident: Incident, earlier: Sequence[Incident]) -> Incident:
    """Return an equal incident that shares strings with one of the *earlier* incidents."""
    if not earlier:
        return incident
    near = earlier[-LOOKED_AT:]
    like = next((each for each in reversed(near) if each.uid == incident.uid), near[-1])
    return replace(
        incident,
        pod=like.pod if like.pod == incident.pod else incident.pod,
        uid=like.uid if like.uid == incident.uid else incident.uid,
        node=like.node if like.node == incident.node else incident.node,
        container=like.container if like.container == incident.container else incident.container,
        evidence=_share(incident.evidence, like.evidence),
    )


def _share(sentences: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    if sentences == known:
        return known
    return tuple(known[known.index(each)] if each in known else each for each in sentences)


def tell_again(incident: Incident, workload: Workload) -> Restart:
    """Return the finding of an incident; its identity is the same, and so is its Event's name."""
    return Restart(
        pod=PodRef(
            uid=incident.uid, namespace=workload.namespace, name=incident.pod, node=incident.node
        ),
        container=incident.container,
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
