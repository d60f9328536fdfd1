"""The tables of all families that grow with the cluster."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from probewatch.metrics import cluster_families as families
from probewatch.metrics.blanks import Blanks, Shown
from probewatch.metrics.labels import OVERFLOW_CONTAINER, OVERFLOW_WORKLOAD
from probewatch.metrics.series import Cells, Histogram, Table

START_BOUNDS = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds: from the resolution of a probe with a period of 1 s to longer than anybody waits."""

OUTAGE_BOUNDS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 21600.0)
"""Seconds: from one failed run of a probe to a working day."""


class Tables:
    """One table for each family, each with at most *limit* series."""

    def __init__(self, limit: int) -> None:
        of_containers = partial(Table, limit=limit, overflow=OVERFLOW_CONTAINER)
        of_workloads = partial(Table, limit=limit, overflow=OVERFLOW_WORKLOAD)
        of_state = partial(Table, limit=limit)

        self.restarts = of_containers(families.RESTARTS)
        self.failures = of_containers(families.PROBE_FAILURES)
        self.transitions = of_workloads(families.TRANSITIONS)
        self.not_ready = of_workloads(families.NOT_READY_SECONDS)
        self.patterns = of_containers(families.PATTERN_RESTARTS)
        self.corrections = of_containers(families.CORRECTIONS)
        self.kills = of_containers(families.KILLS_WITHOUT_RESTART)
        self.startups = of_containers(families.STARTUPS)
        self.budgets = of_state(families.PROBE_BUDGET)
        self.advice = of_state(families.ADVICE)
        self.nodes = of_state(families.NODE_WIDE_RESTARTS)
        self.loops = of_state(families.RESTART_LOOP)
        self.last_restarts = of_state(families.LAST_RESTART)
        self.flapping = of_state(families.FLAPPING)
        self.time_to_ready = Histogram(families.TIME_TO_READY, bounds=START_BOUNDS, limit=limit)
        self.outages = Histogram(families.NOT_READY_DURATION, bounds=OUTAGE_BOUNDS, limit=limit)
        self.of_workloads = Blanks(self.transitions, self.not_ready)
        """Tables whose rows start with `possible.first_of_workload`."""
        self.of_containers = Blanks(
            *(self.restarts, self.failures, self.patterns, self.kills, self.startups),
            *(self.budgets, self.advice),
        )
        """Tables whose rows start with `possible.First`."""

    def drop_states(self, subjects: Iterable[str]) -> None:
        """Drop the series of containers that exist only while their workload has pods."""
        for subject in subjects:
            for table in self.states():
                table.drop(subject)

    def renew_states(self, subjects: Mapping[str, Sequence[Cells] | None]) -> None:
        """Drop such series of an earlier spec, except where the new spec leads to the same ones.

        *subjects* are those of the containers, with their first series now.
        """
        blank = self.of_containers.entries
        self.drop_states(
            subject
            for subject, first in subjects.items()
            if blank.get(subject) is not first
            or any(subject in table.rows for table in self.states())
        )

    def counters(self) -> Iterator[Table | Histogram]:
        """Yield the tables that count what happened to workloads."""
        yield from (self.restarts, self.failures, self.transitions, self.not_ready)
        yield from (self.patterns, self.corrections, self.kills, self.startups)
        yield from (self.time_to_ready, self.outages)

    def states(self) -> Iterator[Table]:
        """Yield the tables with the state of workloads, which exists only while they have pods."""
        yield from (self.budgets, self.advice)

    def of_pods(self) -> Iterator[Table]:
        """Yield the tables with the state of single pods."""
        yield from (self.loops, self.last_restarts, self.flapping)

    def every(self) -> Iterator[Table | Histogram]:
        """Yield all tables."""
        yield from (*self.counters(), *self.states(), self.nodes, *self.of_pods())

    def shown(self) -> Iterator[tuple[Table, Shown]]:
        """Yield the tables of counters and gauges, each with a snapshot of its series."""
        shared = dict((*self.of_workloads.shown(), *self.of_containers.shown()))
        for table in self.every():
            if isinstance(table, Table):
                yield table, shared.get(table) or Shown(table.rows.copy())

    def start_over(self) -> None:
        """Reset counters that records do not hold to 0: each replica counts them on its own.

        Prometheus takes a fall for a reset. Without it, a counter that another replica exposed with
        a lower value in between would seem to rise by the difference.
        """
        self.restarts.start_sum_over()
        for table in (*self.counters(), self.nodes):
            if table is not self.restarts:
                table.start_over()
