"""Gathering: merges consecutive `PodTracked` findings of one controller into one.

A list is sorted by name, so the pods of a controller come one after the other. Thousands of
findings of a first list become a few hundred.
"""

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

from probewatch.core.findings import Finding, PodTracked
from probewatch.core.model import workload_owner
from probewatch.core.values import replace


def gather(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the findings in order, neighbours with the same controller and spec merged into one."""
    for _, family in groupby(findings, _family):
        first, *others = family
        if others and isinstance(first, PodTracked):
            yield replace(first, siblings=tuple(each.pod for each in others))
        else:
            yield first


def _family(finding: Finding) -> Hashable:
    """Return a key that only mergeable findings share; for any other finding its own identity.

    Equal owners and specs are interned, so their `id` is enough. The namespace is part of the key
    because ownerReferences are not checked: a pod may claim an owner in another namespace.
    """
    pod = finding.pod
    if not isinstance(finding, PodTracked) or finding.siblings or workload_owner(pod.owner) is None:
        return id(finding)
    return id(pod.owner), id(finding.spec), pod.namespace
