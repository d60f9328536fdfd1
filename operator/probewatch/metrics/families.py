"""The families: everything that /metrics shows, as one table.

Code interprets it, docs/metrics.md is made from it, and a test fails where the two
differ. Label values are names from the API and closed lists, never free text.
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
"""By what they are about, as the page shows them."""

FAMILIES: tuple[Family, ...] = tuple(family for group in GROUPS.values() for family in group)
