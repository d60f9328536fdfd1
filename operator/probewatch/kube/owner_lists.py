"""Owners by the list: for a first sync, which would else ask for each of them by itself.

Metadata alone, in pages, for the whole cluster or for each named namespace. It is only a
shorter way: whoever is in no list is asked for as ever, and so is everyone where the list is
refused. What is held of it is bounded, and let go of once the first sync is over.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple, Protocol

import msgspec

from probewatch.core.model import Workload
from probewatch.errors import ApiError
from probewatch.kube import objects
from probewatch.kube.owners import find_controlling

_log = logging.getLogger(__name__)

METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Neither spec nor status; a server that does not know it sends everything."""

PAGE = 500

LISTED_MOST = 50_000
"""Owners that are held, old revisions among them: some ten megabytes."""

PATIENCE_SECONDS = 20.0
"""For all lists: the watch does not wait for longer."""


class Kind(NamedTuple):
    """A kind of owners that stand for someone else."""

    api_version: str
    kind: str
    resource: str


KINDS = (
    Kind("apps/v1", "ReplicaSet", "replicasets"),
    Kind("batch/v1", "Job", "jobs"),
)


class Requester(Protocol):
    """The one thing needed of an API client."""

    async def request(
        self,
        verb: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        accept: str = "application/json",
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError without one."""
        ...


class _Struct(msgspec.Struct, rename="camel", gc=False):
    """Fields as in the API; everything else is skipped."""


class _Metadata(_Struct):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    owner_references: list[objects.OwnerReference] | None = None


class _Item(_Struct):
    metadata: _Metadata


class _ListMetadata(_Struct):
    continue_: str | None = msgspec.field(name="continue", default=None)


class _List(_Struct):
    metadata: _ListMetadata
    items: list[_Item] | None = None


_LISTS = msgspec.json.Decoder(_List)


async def list_owners(
    requester: Requester, namespaces: Sequence[str] = ()
) -> Mapping[str, Workload]:
    """Return the workloads of ReplicaSets and Jobs, by the uid of these; never fails.

    *namespaces* are those that are watched, none for all.
    """
    found: dict[str, Workload] = {}
    same: dict[Workload, Workload] = {}
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for item, kind in _list_all(requester, namespaces):
                workload = _find_workload(item, kind)
                found[item.uid] = same.setdefault(workload, workload)
                if len(found) >= LISTED_MOST:
                    break
    except TimeoutError:
        _log.info("Owners were not listed in time; those missing are asked for one by one")
    return found


def find_controller(
    references: Sequence[objects.OwnerReference], namespace: str
) -> Workload | None:
    """Return the controller among owners."""
    found = find_controlling(references)
    if found is None:
        return None
    return Workload(
        namespace=namespace,
        kind=found.kind or "",
        name=found.name or "",
        api_version=found.api_version or "",
        uid=found.uid or "",
    )


async def _list_all(
    requester: Requester, namespaces: Sequence[str]
) -> AsyncIterator[tuple[_Metadata, Kind]]:
    for kind in KINDS:
        for namespace in namespaces or (None,):
            async for item in _list(requester, kind, namespace):
                yield item.metadata, kind


async def _list(requester: Requester, kind: Kind, namespace: str | None) -> AsyncIterator[_Item]:
    """All of a kind, page by page, as far as there is an answer."""
    place = "" if namespace is None else f"namespaces/{namespace}/"
    path = f"/apis/{kind.api_version}/{place}{kind.resource}"
    params = {"limit": str(PAGE)}
    while True:
        page = await _ask(requester, path, params)
        if page is None:
            return
        for item in page.items or ():
            yield item
        if not page.metadata.continue_:
            return
        params = {**params, "continue": page.metadata.continue_}


async def _ask(requester: Requester, path: str, params: Mapping[str, str]) -> _List | None:
    try:
        status, body = await requester.request("GET", path, params=params, accept=METADATA_ONLY)
        if status == HTTPStatus.OK:
            return _LISTS.decode(body)
        why = str(status)
    except (ApiError, msgspec.DecodeError) as error:
        why = str(error)
    extra = {"path": path, "why": why}
    _log.info("Owners cannot be listed, and are asked for one by one", extra=extra)
    return None


def _find_workload(item: _Metadata, kind: Kind) -> Workload:
    found = find_controller(item.owner_references or (), item.namespace)
    return found or Workload(
        namespace=item.namespace,
        kind=kind.kind,
        name=item.name,
        api_version=kind.api_version,
        uid=item.uid,
    )
