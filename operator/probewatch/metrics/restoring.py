"""Restoring: reads the counters of a workload as totals, and raises them to totals."""

from collections.abc import Iterator

from probewatch.core.model import Workload
from probewatch.metrics import possible
from probewatch.metrics.followed import Known
from probewatch.metrics.tables import Tables
from probewatch.metrics.totals import NotReadyTotal, RestartTotal, Total, TransitionTotal


def raise_to(tables: Tables, known: Known, total: Total) -> None:
    """Raise a counter of a known workload to a total; one that is higher stays."""
    match total:
        case RestartTotal():
            subject = known.container(total.container)
            tables.restarts.raise_to(subject, possible.CAUSES[total.cause], total.count)
        case TransitionTotal():
            change = possible.TRANSITIONS[total.to, total.reason]
            tables.transitions.raise_to(known.subject, change, total.count)
        case NotReadyTotal():
            tables.not_ready.raise_to(known.subject, "", total.seconds)


def totals_of(tables: Tables, known: Known, workload: Workload) -> tuple[Total, ...]:
    """Return what the counters of a known workload show."""
    return (
        *_restart_totals(tables, known, workload),
        *(
            TransitionTotal(workload=workload, to=to, reason=reason, count=int(count))
            for (to, reason), text in possible.TRANSITIONS.items()
            if (count := tables.transitions.value(known.subject, text))
        ),
        NotReadyTotal(workload=workload, seconds=tables.not_ready.value(known.subject, "")),
    )


def _restart_totals(tables: Tables, known: Known, workload: Workload) -> Iterator[RestartTotal]:
    for container, subject in known.containers.items():
        for cause, text in possible.CAUSES.items():
            if count := tables.restarts.value(subject, text):
                yield RestartTotal(
                    workload=workload, container=container, cause=cause, count=int(count)
                )
