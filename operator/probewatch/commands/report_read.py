"""Reads ProbeReports, and merges the several that one workload may have into a summary."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec

from probewatch.errors import ApiError
from probewatch.kube.answers import ask_for
from probewatch.kube.api_paths import find_path
from probewatch.kube.client import ApiClient
from probewatch.kube.custom_resources import GROUP_VERSION
from probewatch.kube.objects import BROKEN
from probewatch.kube.pages import RawPage, read_pages
from probewatch.kube.reports import objects

PAGE = 100

NOT_FOUND = 404

_PAGES = msgspec.json.Decoder(RawPage)
_REPORTS = msgspec.json.Decoder(objects.Report, strict=False)


@dataclass(slots=True, kw_only=True)
class Summary:
    """All that is recorded of one workload."""

    namespace: str
    kind: str
    name: str
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Restarts by container and cause, corrections included."""
    losses: int = 0
    not_ready_seconds: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    loops: list[objects.Loop] = field(default_factory=list)
    incidents: list[objects.Incident] = field(default_factory=list)
    """Newest first."""

    @property
    def restarts(self) -> int:
        """All restarts that were counted."""
        return sum(self.totals.values())

    @property
    def causes(self) -> Counter[str]:
        """Restarts by cause, over all containers."""
        causes: Counter[str] = Counter()
        for (_, cause), count in self.totals.items():
            causes[cause] += count
        return causes

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report.

        That is so for a workload whose containers restarted only before the operator watched it:
        the record keeps their counts, from which it counts on.
        """
        return not (self.restarts or self.losses or self.loops or self.incidents)

    @property
    def last(self) -> objects.Incident | None:
        """The latest restart that is recorded in detail."""
        return self.incidents[0] if self.incidents else None


async def read_summaries(client: ApiClient, namespace: str) -> tuple[Summary, ...]:
    """Return what is recorded in a namespace (empty: in all), the most restarts first.

    Raises ApiError; a report that cannot be read is left out.
    """
    path = find_path(GROUP_VERSION, objects.PLURAL, namespace or None)
    reports: list[objects.Report] = []
    async for page in read_pages(partial(_ask, client, path), {"limit": str(PAGE)}):
        reports.extend(_decode(page.items or ()))
    return merge(reports)


def merge(reports: Iterable[objects.Report]) -> tuple[Summary, ...]:
    """Return one summary for each workload: loops first, then the most restarts."""
    summaries: dict[tuple[str, str, str], Summary] = {}
    for report in reports:
        status = report.status
        if status is None or not status.workload.name:
            continue
        key = (report.metadata.namespace, status.workload.kind, status.workload.name)
        summary = summaries.setdefault(key, Summary(namespace=key[0], kind=key[1], name=key[2]))
        _add(summary, status)
    for summary in summaries.values():
        summary.incidents.sort(key=lambda each: each.time, reverse=True)
    return tuple(
        sorted(
            summaries.values(),
            key=lambda each: (-len(each.loops), -each.restarts, each.namespace, each.name),
        )
    )


def _add(summary: Summary, status: objects.Status) -> None:
    for total in status.totals:
        summary.totals[total.container, total.cause] += total.restarts + total.corrected
    summary.loops.extend(status.loops)
    summary.incidents.extend(status.incidents)
    if status.readiness is not None:
        summary.losses += status.readiness.losses
        summary.not_ready_seconds += status.readiness.not_ready_seconds
        for each in status.readiness.reasons:
            summary.reasons[each.reason] += each.count


def _decode(items: Iterable[msgspec.Raw]) -> Iterable[objects.Report]:
    for item in items:
        try:
            yield _REPORTS.decode(item)
        except BROKEN:
            continue


async def _ask(client: ApiClient, path: str, params: Mapping[str, str]) -> RawPage:
    try:
        return await ask_for(client, _PAGES, path, params)
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
        raise ApiError(
            "this cluster has no ProbeReports: the custom resources of probewatch are not "
            "installed (kubectl apply -f crds)",
            status=NOT_FOUND,
        ) from error
