"""What a family of metrics is: the columns of the table of families."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Prometheus' types."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Stability(StrEnum):
    """What an upgrade may do to a family."""

    STABLE = "Stable"
    """Keeps its name, labels and meaning until the next major version."""
    EXPERIMENTAL = "Experimental"
    """May change in any version; the change log says so."""


UNITS = ("seconds", "bytes")


@dataclass(frozen=True, slots=True)
class Family:
    """One family."""

    name: str
    """Complete, as in a query."""
    kind: Kind
    labels: tuple[str, ...]
    help: str
    stability: Stability = Stability.STABLE

    @property
    def open_metrics_name(self) -> str:
        """The name as OpenMetrics has it in HELP and TYPE: a counter without `_total`."""
        return self.name.removesuffix("_total") if self.kind is Kind.COUNTER else self.name

    @property
    def unit(self) -> str:
        """The base unit, which is part of the name; empty for what is only counted."""
        last = self.open_metrics_name.rpartition("_")[2]
        return last if last in UNITS else ""


WORKLOAD = ("namespace", "workload", "workload_type")
"""Whose metrics outlive their pods: the controller that people know a pod by."""

CONTAINER = (*WORKLOAD, "container")
