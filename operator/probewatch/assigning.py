"""Assigning: finds the workload of each finding, and gathers findings that are alike.

Findings are in no queue any more here, so an error must not lose any. If gathering fails, they are
passed on one by one. If a workload cannot be found, the nearest owner stands for it, or the pod.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from probewatch.boundary import Boundary
from probewatch.core.findings import Finding
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.gathering import gather
from probewatch.kube.workloads import nearest_workload


class Resolver(Protocol):
    """Finds the workload of a pod."""

    def find(self, pod: PodRef) -> Workload | None:
        """Return the workload if it is cached; None if the API server has to be asked."""
        ...

    async def resolve(self, pod: PodRef) -> Workload:
        """Return the workload, in bounded time; the nearest owner if the API server cannot tell."""
        ...


class Assigner:
    """Assigns findings to workloads, whatever fails on the way."""

    def __init__(self, resolver: Resolver, boundary: Boundary) -> None:
        self._resolver = resolver
        self._gather_guard = boundary.guard("gather")
        self._workload_guard = boundary.guard("workload")

    async def assign(self, findings: Sequence[Finding]) -> Sequence[tuple[Finding, Workload]]:
        """Return the findings in order, each with its workload; unknown ones are requested."""
        findings = self._gather(findings)
        pods = {finding.pod.uid: finding.pod for finding in findings}
        known = {uid: found for uid, pod in pods.items() if (found := self._find(pod)) is not None}
        asked = [pod for uid, pod in pods.items() if uid not in known]
        if asked:
            known.update(await asyncio.gather(*(self._learn(pod) for pod in asked)))
        return [(finding, known[finding.pod.uid]) for finding in findings]

    def _gather(self, findings: Sequence[Finding]) -> Sequence[Finding]:
        with self._gather_guard:
            return tuple(gather(findings))
        return findings

    def _find(self, pod: PodRef) -> Workload | None:
        with self._workload_guard:
            return self._resolver.find(pod)
        return None

    async def _learn(self, pod: PodRef) -> tuple[PodUid, Workload]:
        with self._workload_guard:
            return pod.uid, await self._resolver.resolve(pod)
        return pod.uid, self._nearest(pod)

    def _nearest(self, pod: PodRef) -> Workload:
        with self._workload_guard:
            return nearest_workload(pod)
        return Workload(namespace=pod.namespace, kind="Pod", name=pod.name, uid=pod.uid)
