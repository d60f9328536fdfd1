"""Requests for ProbeReports: list, read, create, and replace the status of a known version.

Each answer is classified by what it means for the caller; nothing is retried here.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Protocol

import msgspec

from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube.api_paths import find_path
from probewatch.kube.custom_resources import GROUP_VERSION
from probewatch.kube.objects import BROKEN
from probewatch.kube.pages import METADATA_ONLY, RawPage, read_pages
from probewatch.kube.reports import objects
from probewatch.kube.reports.answers import Answer, Outcome, sort_answer
from probewatch.kube.reports.parsing import decode_report, is_intact, parse_record
from probewatch.records.entry import Key, Loaded

_path = partial(find_path, GROUP_VERSION, objects.PLURAL)

PAGE = 100
"""Reports in a page of a list: at most 25 MB, and rarely more than 1 MB."""

JSON = "application/json"

REFUSALS: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "the CRD of ProbeReport is not installed (kubectl apply -f crds)",
    HTTPStatus.FORBIDDEN: "a right is missing: list probereports",
}
"""What to fix if reports cannot be listed, by the status of the answer."""


class Requester(Protocol):
    """The one thing needed of an API client."""

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        params: Mapping[str, str] | None = None,
        accept: str = JSON,
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError or OSError without one."""
        ...


class ReportApi:
    """Sends its requests by *requester*; *namespaces* are the watched ones, none for all."""

    def __init__(self, requester: Requester, namespaces: Sequence[str] = ()) -> None:
        self._requester = requester
        self._namespaces = tuple(namespaces)
        self.refused: frozenset[str] = frozenset()
        """The namespaces in which the last list was forbidden, if others were allowed."""

    async def list(self) -> AsyncIterator[objects.Report]:
        """Yield all reports, page by page.

        Namespaces in which the list is forbidden are left out, unless that is all of them. Raises
        ApiError, with 404 if the CRD is missing, or one of `objects.BROKEN`.
        """
        async for item in self._list(accept=JSON):
            report = _decode(item)
            if report is not None:
                yield report

    async def versions(self) -> AsyncIterator[tuple[Key, str]]:
        """Yield the key and resourceVersion of all reports; raises what `list` raises."""
        async for item in self._list(accept=METADATA_ONLY):
            report = _decode(item)
            if report is not None:
                metadata = report.metadata
                yield Key(metadata.namespace, metadata.name), metadata.resource_version

    async def _list(self, *, accept: str) -> AsyncIterator[msgspec.Raw]:
        refused: set[str] = set()
        for namespace in self._namespaces or (None,):
            try:
                ask = partial(self._ask, _path(namespace), accept)
                async for page in read_pages(ask, {"limit": str(PAGE)}):
                    for item in page.items or ():
                        yield item
            except ApiError as error:
                refused.add(namespace or "")
                if error.status != HTTPStatus.FORBIDDEN or len(refused) >= len(self._namespaces):
                    raise
        self.refused = frozenset(refused)

    async def _ask(self, path: str, accept: str, params: Mapping[str, str]) -> RawPage:
        status, body = await self._requester.request("GET", path, params=params, accept=accept)
        if status != HTTPStatus.OK:
            raise ApiError(REFUSALS.get(status, "they cannot be listed"), status=status)
        return msgspec.json.decode(body, type=RawPage)

    def is_of_one(self, answer: Answer) -> bool:
        """Whether a refusal concerns this report only, and not all of them.

        A missing right concerns all reports, unless namespaces are named, each with its own role.
        """
        return not answer.lacks_right or len(self._namespaces) > 1

    async def read(self, key: Key) -> Answer:
        """Return one report."""
        return await self._send("GET", _path(key.namespace, key.name))

    async def create(self, key: Key, status: objects.Status) -> Answer:
        """Create a report, owned by its workload, still without a status."""
        workload = status.workload
        owner = {
            "apiVersion": workload.api_version,
            "kind": workload.kind,
            "name": workload.name,
            "uid": workload.uid,
        }
        metadata = {"ownerReferences": [owner]} if workload.uid else {}
        crash_point("report.create.before")
        answer = await self._send("POST", _path(key.namespace), _render(key, metadata))
        crash_point("report.create.after")
        return answer

    async def replace_status(self, key: Key, version: str, status: objects.Status) -> Answer:
        """Replace the status if the report still has this resourceVersion."""
        body = {**_render(key, {"resourceVersion": version}), "status": status}
        crash_point("report.status.before")
        answer = await self._send("PUT", f"{_path(key.namespace, key.name)}/status", body)
        crash_point("report.status.after")
        return answer

    async def _send(self, verb: str, path: str, body: object | None = None) -> Answer:
        try:
            status, answer = await self._requester.request(verb, path, body=body)
        except (ApiError, OSError) as error:
            return Answer(outcome=Outcome.LATER, words=str(error))
        if status in {HTTPStatus.OK, HTTPStatus.CREATED}:
            report = _decode(answer)
            if report is None:
                return Answer(outcome=Outcome.LATER, words="the answer is no ProbeReport")
            return Answer(outcome=Outcome.DONE, report=report, status=status)
        return sort_answer(status, answer)


def loaded(report: objects.Report) -> Loaded | None:
    """Return a report as the record book takes it; None if it does not name its workload."""
    record = parse_record(report)
    if record is None:
        return None
    return Loaded(
        record=record,
        version=report.metadata.resource_version,
        intact=is_intact(report.status),
    )


def _render(key: Key, more: Mapping[str, object]) -> Mapping[str, object]:
    """Return a report without a status, with *more* metadata than its name."""
    metadata = {"name": key.name, "namespace": key.namespace, **more}
    return {"apiVersion": GROUP_VERSION, "kind": objects.KIND, "metadata": metadata}


def _decode(body: bytes | msgspec.Raw) -> objects.Report | None:
    try:
        return decode_report(body)
    except BROKEN:
        return None
