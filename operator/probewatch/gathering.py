"""Gathering: pods of one controller that came one after the other are told of at once.

A list is in the order of names, so thousands of findings that pods are followed now are a few
hundred that differ in nothing but the pod.
"""

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

from probewatch.core.findings import Finding, PodTracked
from probewatch.core.values import replace
from probewatch.kube.workloads import stands_for_itself


def gather(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the findings in their order, neighbours of one controller and spec as one."""
    for _, family in groupby(findings, _family):
        first, *others = family
        if others and isinstance(first, PodTracked):
            yield replace(first, siblings=tuple(each.pod for each in others))
        else:
            yield first


def _family(finding: Finding) -> Hashable:
    """What siblings have alike; of any other finding its own identity.

    Equal owners and specs are the same objects. Anybody may claim to be owned by anything, so the
    namespace counts too.
    """
    pod = finding.pod
    if not isinstance(finding, PodTracked) or finding.siblings or stands_for_itself(pod):
        return id(finding)
    return id(pod.owner), id(finding.spec), pod.namespace
