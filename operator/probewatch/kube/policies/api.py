"""Lists ProbePolicies and writes their status: what is asked of the API about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote

import msgspec

from probewatch.clock import Stint
from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube.answers import refusal
from probewatch.kube.parsing import parse_version
from probewatch.kube.policies import objects
from probewatch.kube.policies.parsing import Known, Read, nothing_known, parse_policy
from probewatch.kube.reports.answers import NO_RIGHT

PAGE = 25
"""Policies in a page: one may have a megabyte and a half, and tenants may make many."""
APPLY = "application/apply-patch+yaml"
FIELD_MANAGER = "probewatch"

READ_AT_ONCE = 128 * 1024
"""So many bytes are read before others go on: some milliseconds, where all is new."""

NOT_SERVED = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN})
"""There is no such resource, or no right to read it: neither will pass in a moment."""

ITS_OWN_FAULT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
"""What one policy is refused for."""


class Concerned(Enum):
    """Whom it concerns that a policy's status was refused."""

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
    """All policies of a namespace (None: of all), as of a version."""

    namespace: str | None
    reads: tuple[Read, ...] = ()
    version: int = 0
    is_refused: bool = False
    """Whether they are not served to us."""
    is_forbidden: bool = False
    """Whether that is for want of a right."""


class PolicyApi:
    """Asks through *requester*; *namespaces* are those that are watched, none for all.

    *known* tells what was read of a policy the last time.
    """

    def __init__(
        self, requester: Requester, namespaces: Sequence[str] = (), *, known: Known = nothing_known
    ) -> None:
        self._requester = requester
        self._namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._known = known

    async def list(self) -> Sequence[Listing]:
        """All policies, a listing for each namespace; raises ApiError."""
        return [await self._list(namespace) for namespace in self._namespaces]

    async def patch_status(self, read: Read, status: objects.Status) -> Read | None:
        """Write a policy's status and return the policy; None if it is not as it was read.

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
        """Whom a refusal concerns: a webhook or a role may be of one namespace alone."""
        if error.status in ITS_OWN_FAULT:
            return Concerned.ONE
        is_of_all = self._namespaces == (None,) and NO_RIGHT.search(str(error))
        if error.status == HTTPStatus.FORBIDDEN and not is_of_all:
            return Concerned.NAMESPACE
        return Concerned.ALL

    async def _list(self, namespace: str | None) -> Listing:
        reads: list[Read] = []
        token = ""
        while True:
            params = {"limit": str(PAGE)} | ({"continue": token} if token else {})
            code, body = await self._requester.request("GET", _path(namespace), params=params)
            if code in NOT_SERVED:
                is_forbidden = code == HTTPStatus.FORBIDDEN
                return Listing(namespace=namespace, is_refused=True, is_forbidden=is_forbidden)
            if code != HTTPStatus.OK:
                raise refusal(code, body)
            page = _decode(body)
            reads.extend(await _read_page(page, self._known))
            token = page.metadata.continue_
            if not token:
                version = parse_version(page.metadata.resource_version)
                return Listing(namespace=namespace, reads=tuple(reads), version=version)
            del page, body  # they may have many megabytes, and the next are asked for now


async def _read_page(page: objects.PolicyList, known: Known) -> Sequence[Read]:
    """Read the policies of a page, one or a few before others go on."""
    reads, stint = [], Stint(READ_AT_ONCE)
    for item in page.items or ():
        body = bytes(item)
        if (read := parse_policy(body, known)) is not None:
            reads.append(read)
        await stint.did(len(body))
    return reads


def _render_patch(read: Read, status: objects.Status) -> Mapping[str, object]:
    return {
        "apiVersion": objects.GROUP_VERSION,
        "kind": objects.KIND,
        "metadata": {
            "name": read.policy.name,
            "namespace": read.policy.namespace,
            # On a status, servers heed this and not the uid.
            "resourceVersion": str(read.version),
        },
        "status": status,
    }


def _decode(body: bytes) -> objects.PolicyList:
    try:
        return msgspec.json.decode(body, type=objects.PolicyList)
    except msgspec.DecodeError as error:
        raise ApiError("the API server's list of ProbePolicies cannot be read") from error


def _path(namespace: str | None, name: str = "") -> str:
    place = "" if namespace is None else f"/namespaces/{quote(namespace, safe='')}"
    end = f"/{quote(name, safe='')}" if name else ""
    return f"/apis/{objects.GROUP_VERSION}{place}/{objects.PLURAL}{end}"
