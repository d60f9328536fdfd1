"""Gathering: pods of one controller that came one after the other are told of at once.

A list is in the order of names, so thousands of findings that pods are followed now are a few
hundred that differ in nothing but the pod.
"""

from collections.abc import Iterable, Iterator

from probewatch.core.findings import Finding, PodTracked
from probewatch.core.model import PodRef
from probewatch.core.values import replace

NODE = "Node"
"""Owner of static pods, of which each stands for itself."""


def gather(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings in their order, neighbours of one controller and spec as one."""
    first: PodTracked | None = None
    siblings: list[PodRef] = []
    for finding in findings:
        if isinstance(finding, PodTracked):
            if first is not None and _are_siblings(first, finding):
                siblings.append(finding.pod)
                continue
            yield from _flush(first, siblings)
            first, siblings = finding, []
            continue
        yield from _flush(first, siblings)
        first, siblings = None, []
        yield finding
    yield from _flush(first, siblings)


def _flush(first: PodTracked | None, siblings: list[PodRef]) -> Iterator[PodTracked]:
    if first is not None:
        yield replace(first, siblings=tuple(siblings)) if siblings else first


def _are_siblings(one: PodTracked, other: PodTracked) -> bool:
    owner = one.pod.owner
    return (
        owner is not None
        and owner is other.pod.owner  # equal ones are the same
        and one.spec is other.spec
        and one.pod.namespace == other.pod.namespace  # anybody may claim to be owned by anything
        and owner.kind != NODE
        and not other.siblings
    )
