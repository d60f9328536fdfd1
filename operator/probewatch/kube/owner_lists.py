"""Owners by the list: for a first sync, which would else ask for each of them by itself.

Metadata alone, in pages, for the whole cluster or for each named namespace. It is only a
shorter way: whoever is in no list is asked for as ever, and so is everyone where the list is
refused. What is held of it is bounded, and let go of once the first sync is over: of a Deployment
no more than its newest revisions, for most clusters keep ten old ones of each, without pods.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from sys import intern
from typing import NamedTuple, Protocol

import msgspec

from probewatch.core.model import Workload
from probewatch.errors import ApiError
from probewatch.kube import objects
from probewatch.kube.owners import find_controlling
from probewatch.kube.parsing import parse_version

_log = logging.getLogger(__name__)

METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Neither spec nor status; a server that does not know it sends everything."""

PAGE = 500

LISTED_MOST = 100_000
"""Owners that are held, until the first sync is over: some twenty megabytes."""

REVISIONS_HELD = 2
"""Of a Deployment: while one is rolled out, two have pods. The others are asked for if they do."""

REVISION = "deployment.kubernetes.io/revision"
"""The annotation that says which of its ReplicaSets a Deployment made, or went back to, last.
Source: pkg/controller/deployment/util/deployment_util.go (RevisionAnnotation)."""

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


class _Annotations(_Struct):
    revision: str | None = msgspec.field(name=REVISION, default=None)


class _Metadata(_Struct):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    annotations: _Annotations | None = None
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
    found = _Found()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for items, kind in _list_all(requester, namespaces):
                if not found.take(items, kind):
                    break
    except TimeoutError:
        _log.info("Owners were not listed in time; those missing are asked for one by one")
    return found.workloads


class _Found:
    """What lists said of owners so far."""

    def __init__(self) -> None:
        self.workloads: dict[str, Workload] = {}
        """By the owner's uid."""
        self._controllers: dict[str, Workload] = {}
        """By their own uid: held once, not once for each of their revisions."""
        self._newest: dict[tuple[str, str], list[tuple[int, str]]] = {}
        """Revisions of a controller, by its namespace and uid, and the uids of these owners."""

    def take(self, items: Sequence[_Item], kind: Kind) -> bool:
        """Hold what a page says; tell whether there is room for more."""
        for item in items:
            self._take(item.metadata, kind)
            if len(self.workloads) >= LISTED_MOST:
                return False
        return True

    def _take(self, owner: _Metadata, kind: Kind) -> None:
        controller = find_controller(owner.owner_references or (), owner.namespace)
        if controller is None:
            self.workloads[owner.uid] = Workload(
                namespace=owner.namespace,
                kind=kind.kind,
                name=owner.name,
                api_version=kind.api_version,
                uid=owner.uid,
            )
            return
        known = self._controllers.setdefault(controller.uid, controller)
        self.workloads[owner.uid] = known if known == controller else controller
        notes = owner.annotations or _Annotations()
        revision = parse_version(notes.revision)
        if revision:
            self._hold_newest((owner.namespace, controller.uid), revision, owner.uid)

    def _hold_newest(self, controller: tuple[str, str], revision: int, uid: str) -> None:
        newest = self._newest.setdefault(controller, [])
        newest.append((revision, uid))
        if len(newest) > REVISIONS_HELD:
            oldest = min(newest)
            newest.remove(oldest)
            self.workloads.pop(oldest[1], None)


def find_controller(
    references: Sequence[objects.OwnerReference], namespace: str
) -> Workload | None:
    """Return the controller among owners."""
    found = find_controlling(references)
    if found is None:
        return None
    return Workload(
        namespace=intern(namespace),  # thousands have the same but for names and uids
        kind=intern(found.kind or ""),
        name=found.name or "",
        api_version=intern(found.api_version or ""),
        uid=found.uid or "",
    )


async def _list_all(
    requester: Requester, namespaces: Sequence[str]
) -> AsyncIterator[tuple[Sequence[_Item], Kind]]:
    for kind in KINDS:
        for namespace in namespaces or (None,):
            async for items in _list(requester, kind, namespace):
                yield items, kind


async def _list(
    requester: Requester, kind: Kind, namespace: str | None
) -> AsyncIterator[Sequence[_Item]]:
    """All of a kind, page by page, as far as there is an answer."""
    place = "" if namespace is None else f"namespaces/{namespace}/"
    path = f"/apis/{kind.api_version}/{place}{kind.resource}"
    params = {"limit": str(PAGE)}
    while True:
        page = await _ask(requester, path, params)
        if page is None:
            return
        yield page.items or ()
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
