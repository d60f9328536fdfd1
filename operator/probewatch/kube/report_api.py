"""ProbeReports in the API: listed, read, made, and their status replaced if it is unchanged.

Each answer is sorted by what it means for the caller; nothing is tried again here.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote

import msgspec

from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube import report_objects as objects
from probewatch.kube.report_parsing import decode_report, is_intact, parse_record
from probewatch.record_entry import Key, Loaded

PAGE = 100
"""Reports in a page: at most 25 MB, and rarely one."""

JSON = "application/json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Neither spec nor status; a server that does not know it sends everything."""

LONGEST_WORDS = 1024
"""Bytes of an answer that is no object."""

LONGEST_WAIT_SECONDS = 60.0
"""A server that asks for more is asked again after this all the same."""


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


class Outcome(Enum):
    """What an answer means."""

    DONE = auto()
    CHANGED = auto()
    """Someone else wrote it, or made it: read it, and try again."""
    MISSING = auto()
    """There is no such report."""
    REFUSED = auto()
    """No right, or no such resource: that will not pass soon."""
    GOING = auto()
    """Its namespace is being deleted, or was."""
    INVALID = auto()
    """The object is no good: too large, or not as the definition wants it."""
    LATER = auto()
    """Trouble that may pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An outcome with what came with it."""

    outcome: Outcome
    report: objects.Report | None = None
    wait: float = 0.0
    """Seconds that the server asked to wait."""
    status: int = 0
    words: str = ""


class _Cause(msgspec.Struct):
    reason: str = ""


class _Details(msgspec.Struct, rename="camel"):
    kind: str = ""
    retry_after_seconds: float = 0.0
    causes: list[_Cause] = []


class _Status(msgspec.Struct):
    message: str = ""
    details: _Details = msgspec.field(default_factory=_Details)


class ReportApi:
    """Asks through *requester*; *namespaces* are those that are watched, none for all."""

    def __init__(self, requester: Requester, namespaces: Sequence[str] = ()) -> None:
        self._requester = requester
        self._namespaces = tuple(namespaces)

    async def list(self) -> AsyncIterator[objects.Report]:
        """All reports, page by page; raises ApiError, with 404 where there is no such resource."""
        async for item in self._list(accept=JSON):
            report = _decode(item)
            if report is not None:
                yield report

    async def versions(self) -> AsyncIterator[tuple[Key, str]]:
        """Which reports there are, and in which version; raises ApiError."""
        async for item in self._list(accept=METADATA_ONLY):
            report = _decode(item)
            if report is not None:
                metadata = report.metadata
                yield Key(metadata.namespace, metadata.name), metadata.resource_version

    async def _list(self, *, accept: str) -> AsyncIterator[msgspec.Raw]:
        for path in [_path(each) for each in self._namespaces] or [_path(None)]:
            token = ""
            while True:
                params = {"limit": str(PAGE)} | ({"continue": token} if token else {})
                status, body = await self._requester.request(
                    "GET", path, params=params, accept=accept
                )
                if status != HTTPStatus.OK:
                    raise ApiError("the reports cannot be listed", status=status)
                page = msgspec.json.decode(body, type=objects.ReportList)
                for item in page.items:
                    yield item
                token = page.metadata.continue_
                if not token:
                    break

    async def read(self, key: Key) -> Answer:
        """Return one report."""
        return await self._send("GET", _path(key.namespace, key.name))

    async def create(self, key: Key, status: objects.Status) -> Answer:
        """Make a report, owned by its workload, without a status yet."""
        workload = status.workload
        owner = {
            "apiVersion": workload.api_version,
            "kind": workload.kind,
            "name": workload.name,
            "uid": workload.uid,
        }
        body = {
            "apiVersion": objects.GROUP_VERSION,
            "kind": objects.KIND,
            "metadata": {
                "name": key.name,
                "namespace": key.namespace,
                **({"ownerReferences": [owner]} if workload.uid else {}),
            },
        }
        crash_point("report.create.before")
        answer = await self._send("POST", _path(key.namespace), body)
        crash_point("report.create.after")
        return answer

    async def replace_status(self, key: Key, version: str, status: objects.Status) -> Answer:
        """Write the status, if the report is still of this version."""
        body = {
            "apiVersion": objects.GROUP_VERSION,
            "kind": objects.KIND,
            "metadata": {
                "name": key.name,
                "namespace": key.namespace,
                "resourceVersion": version,
            },
            "status": status,
        }
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
        return _sort(status, answer)


def loaded(report: objects.Report) -> Loaded | None:
    """Return a report as the record book takes it; None where nobody can tell whose it is."""
    record = parse_record(report)
    if record is None:
        return None
    return Loaded(
        record=record,
        version=report.metadata.resource_version,
        intact=is_intact(report.status),
    )


def _path(namespace: str | None, name: str = "") -> str:
    place = "" if namespace is None else f"/namespaces/{quote(namespace, safe='')}"
    end = f"/{quote(name, safe='')}" if name else ""
    return f"/apis/{objects.GROUP_VERSION}{place}/{objects.PLURAL}{end}"


def _decode(body: bytes | msgspec.Raw) -> objects.Report | None:
    try:
        return decode_report(body)
    except msgspec.DecodeError:
        return None


def _sort(status: int, body: bytes) -> Answer:
    said = _read(body)
    wait = min(said.details.retry_after_seconds, LONGEST_WAIT_SECONDS)
    # A path that the server does not have is answered in plain text.
    words = said.message or body[:LONGEST_WORDS].decode(errors="replace").strip() or "no words"
    return Answer(outcome=_outcome(status, said), wait=wait, status=status, words=words)


def _outcome(status: int, said: _Status) -> Outcome:
    if any(cause.reason == "NamespaceTerminating" for cause in said.details.causes):
        return Outcome.GOING
    if status == HTTPStatus.NOT_FOUND:
        if said.details.kind == "namespaces":
            return Outcome.GOING
        # A resource that is not served is answered without saying what was not found.
        return Outcome.MISSING if said.details.kind == objects.PLURAL else Outcome.REFUSED
    return _OUTCOMES.get(status, Outcome.LATER)


_OUTCOMES: Mapping[int, Outcome] = {
    HTTPStatus.CONFLICT: Outcome.CHANGED,
    HTTPStatus.FORBIDDEN: Outcome.REFUSED,
    HTTPStatus.METHOD_NOT_ALLOWED: Outcome.REFUSED,
    HTTPStatus.BAD_REQUEST: Outcome.INVALID,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Outcome.INVALID,
    HTTPStatus.UNPROCESSABLE_ENTITY: Outcome.INVALID,
}


def _read(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except msgspec.DecodeError:
        return _Status()
