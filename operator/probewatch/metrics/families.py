"""The families: everything that /metrics exposes, as one table.

docs/metrics.md is generated from it, and a test fails if they differ. Label values
are names from the API and enumerations, never free text.
"""

from collections.abc import Mapping

from probewatch.metrics.cluster_families import POD_FAMILIES, WORKLOAD_FAMILIES
from probewatch.metrics.family import Family
from probewatch.metrics.operator_families import OPERATOR_FAMILIES

GROUPS: Mapping[str, tuple[Family, ...]] = {
    "workloads": WORKLOAD_FAMILIES,
    "pods": POD_FAMILIES,
    "operator": OPERATOR_FAMILIES,
}
"""By subject, as on the page."""

FAMILIES: tuple[Family, ...] = tuple(family for group in GROUPS.values() for family in group)
