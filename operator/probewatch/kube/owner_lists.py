"""Lists ReplicaSets and Jobs before a first sync, which would else request each of them singly.

Only their metadata is listed, in pages, for the whole cluster or for each named namespace. This is
an optimization: owners missing from the lists are requested singly as usual, and so are all if
the list is refused. What is kept is bounded, and dropped after the first sync. Of a Deployment's
revisions only the newest are kept, since most clusters have ten old ones of each, without pods.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from sys import intern
from typing import NamedTuple, Protocol

import msgspec

from probewatch.core.model import Workload
from probewatch.errors import ApiError
from probewatch.kube import objects
from probewatch.kube.api_paths import find_path
from probewatch.kube.owners import find_controlling
from probewatch.kube.pages import METADATA_ONLY, Page, read_pages
from probewatch.kube.parsing import parse_version

_log = logging.getLogger(__name__)

PAGE = 500

LISTED_MOST = 100_000
"""How many owners are kept until the end of the first sync: they take about twenty megabytes."""

REVISIONS_HELD = 2
"""Per Deployment: during a rollout two revisions have pods. Others are requested singly."""

REVISION = "deployment.kubernetes.io/revision"
"""The annotation of a ReplicaSet that is highest on the one which the Deployment made, or rolled
back to, last.
Source: pkg/controller/deployment/util/deployment_util.go (RevisionAnnotation)."""

PATIENCE_SECONDS = 20.0
"""Timeout for all lists together, since the watch waits for them."""


class Kind(NamedTuple):
    """A kind of owner whose own controller is the workload that people know."""

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


_PAGES = msgspec.json.Decoder(Page[_Item])


async def list_owners(
    requester: Requester, namespaces: Sequence[str] = ()
) -> Mapping[str, Workload]:
    """Return the workload of each ReplicaSet and Job, by the owner's uid; never raises.

    *namespaces* are the watched ones, none for all.
    """
    found = _Found()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for items, kind in _list_all(requester, namespaces):
                if not found.take(items, kind):
                    break
    except TimeoutError:
        _log.info("Owners were not listed in time; the missing ones are read one by one")
    return found.workloads


class _Found:
    """The workloads found in lists so far."""

    def __init__(self) -> None:
        self.workloads: dict[str, Workload] = {}
        """By the owner's uid."""
        self._controllers: dict[str, Workload] = {}
        """By their own uid, so that the revisions of one controller share one value."""
        self._newest: dict[tuple[str, str], list[tuple[int, str]]] = {}
        """By a controller's namespace and uid: its revisions kept, each with the owner's uid."""

    def take(self, items: Sequence[_Item], kind: Kind) -> bool:
        """Add the items of a page; return whether there is room for more."""
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
    """Return the controlling owner as a workload; None if there is none."""
    found = find_controlling(references)
    if found is None:
        return None
    return Workload(
        namespace=intern(namespace),  # thousands differ only in names and uids
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
    """Yield the pages of a list, until its end or a failure, which is logged."""
    path = find_path(kind.api_version, kind.resource, namespace)
    try:
        async for page in read_pages(partial(_ask, requester, path), {"limit": str(PAGE)}):
            yield page.items or ()
    except (ApiError, *objects.BROKEN) as error:
        extra = {"path": path, "why": str(error)}
        _log.info("Owners cannot be listed, and are read one by one", extra=extra)


async def _ask(requester: Requester, path: str, params: Mapping[str, str]) -> Page[_Item]:
    status, body = await requester.request("GET", path, params=params, accept=METADATA_ONLY)
    if status != HTTPStatus.OK:
        raise ApiError(str(status), status=status)
    return _PAGES.decode(body)
