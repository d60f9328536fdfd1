"""A metric family: one row of the table of families."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The Prometheus type of a family."""

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
    """One metric family."""

    name: str
    """The full name, as in a query."""
    kind: Kind
    labels: tuple[str, ...]
    help: str
    stability: Stability = Stability.STABLE

    @property
    def open_metrics_name(self) -> str:
        """The name in HELP and TYPE of OpenMetrics, where a counter has no `_total`."""
        return self.name.removesuffix("_total") if self.kind is Kind.COUNTER else self.name

    @property
    def unit(self) -> str:
        """The base unit, taken from the name; empty for plain counts."""
        last = self.open_metrics_name.rpartition("_")[2]
        return last if last in UNITS else ""


WORKLOAD = ("namespace", "workload", "workload_type")
"""Labels of the top-level controller of a pod, whose metrics outlive the pod."""

CONTAINER = (*WORKLOAD, "container")
