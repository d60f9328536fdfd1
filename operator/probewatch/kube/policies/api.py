"""Requests for ProbePolicies: list them, and write their status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from typing import Protocol

import msgspec

from probewatch.clock import Stint
from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube.answers import NO_RIGHT, ask_for, refusal
from probewatch.kube.api_paths import find_path
from probewatch.kube.custom_resources import GROUP_VERSION
from probewatch.kube.pages import RawPage, read_pages
from probewatch.kube.parsing import parse_version
from probewatch.kube.policies import objects
from probewatch.kube.policies.parsing import Known, Read, nothing_known, parse_policy

_PAGES = msgspec.json.Decoder(RawPage)

_path = partial(find_path, GROUP_VERSION, objects.PLURAL)

PAGE = 25
"""Policies in a page: one may take 1.5 MB, and tenants may create many."""
APPLY = "application/apply-patch+yaml"
FIELD_MANAGER = "probewatch"

READ_AT_ONCE = 128 * 1024
"""Bytes parsed before other tasks get to run: some milliseconds, if all policies are new."""

NOT_SERVED = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN})
"""The resource is not served, or there is no right to list it: both last for a while."""

ITS_OWN_FAULT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
"""Answers that refuse a status because of this one policy."""


class Concerned(Enum):
    """Which policies the refusal of a status write concerns."""

    ONE = auto()
    NAMESPACE = auto()
    ALL = auto()


class Requester(Protocol):
    """The one thing needed of an API client."""

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError without one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All policies of a namespace (None: of the cluster), as of a resourceVersion."""

    namespace: str | None
    reads: tuple[Read, ...] = ()
    version: int = 0
    is_refused: bool = False
    """Whether the list was refused, because the resource or the right is missing."""
    is_forbidden: bool = False
    """Whether it was refused because the right is missing."""


class PolicyApi:
    """Sends its requests by *requester*; *namespaces* are the watched ones, none for all.

    *known* returns what was read of a policy the last time.
    """

    def __init__(
        self, requester: Requester, namespaces: Sequence[str] = (), *, known: Known = nothing_known
    ) -> None:
        self._requester = requester
        self._namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._known = known

    async def list(self) -> Sequence[Listing]:
        """Return all policies, one listing per namespace; raises ApiError."""
        return [await self._list(namespace) for namespace in self._namespaces]

    async def patch_status(self, read: Read, status: objects.Status) -> Read | None:
        """Write the status of a policy and return it; None if it changed since it was read.

        Raises ApiError.
        """
        crash_point("policy.status.before")
        code, answer = await self._requester.request(
            "PATCH",
            f"{_path(read.policy.namespace, read.policy.name)}/status",
            body=_render_patch(read, status),
            params={"fieldManager": FIELD_MANAGER, "force": "true"},
            content_type=APPLY,
        )
        crash_point("policy.status.after")
        if code in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
            return None
        if code != HTTPStatus.OK:
            raise refusal(code, answer)
        return parse_policy(answer, self._known)

    def whom(self, error: ApiError) -> Concerned:
        """Return whom a refusal concerns: webhooks and roles may apply to one namespace only."""
        if error.status in ITS_OWN_FAULT:
            return Concerned.ONE
        is_of_all = self._namespaces == (None,) and NO_RIGHT.search(str(error))
        if error.status == HTTPStatus.FORBIDDEN and not is_of_all:
            return Concerned.NAMESPACE
        return Concerned.ALL

    async def _list(self, namespace: str | None) -> Listing:
        reads: list[Read] = []
        version = 0
        ask = partial(ask_for, self._requester, _PAGES, _path(namespace))
        try:
            async for page in read_pages(ask, {"limit": str(PAGE)}):
                reads.extend(await _read_page(page, self._known))
                version = parse_version(page.metadata.resource_version)
                del page  # as in `read_pages`
        except ApiError as error:
            if error.status not in NOT_SERVED:
                raise
            is_forbidden = error.status == HTTPStatus.FORBIDDEN
            return Listing(namespace=namespace, is_refused=True, is_forbidden=is_forbidden)
        return Listing(namespace=namespace, reads=tuple(reads), version=version)


async def _read_page(page: RawPage, known: Known) -> Sequence[Read]:
    """Parse the policies of a page, and let other tasks run now and then."""
    reads, stint = [], Stint(READ_AT_ONCE)
    for item in page.items or ():
        body = bytes(item)
        if (read := parse_policy(body, known)) is not None:
            reads.append(read)
        await stint.did(len(body))
    return reads


def _render_patch(read: Read, status: objects.Status) -> Mapping[str, object]:
    return {
        "apiVersion": GROUP_VERSION,
        "kind": objects.KIND,
        "metadata": {
            "name": read.policy.name,
            "namespace": read.policy.namespace,
            # For a status, the API server checks this but not the uid.
            "resourceVersion": str(read.version),
        },
        "status": status,
    }
