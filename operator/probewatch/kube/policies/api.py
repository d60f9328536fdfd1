"""Lists ProbePolicies and writes their status: what is asked of the API about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote

import msgspec

from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube.answers import refusal
from probewatch.kube.parsing import parse_version
from probewatch.kube.policies import objects
from probewatch.kube.policies.parsing import Read, parse_policy
from probewatch.kube.reports.answers import NO_RIGHT

PAGE = 25
"""Policies in a page: one may have a megabyte and a half, and tenants may make many."""
APPLY = "application/apply-patch+yaml"
FIELD_MANAGER = "probewatch"

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
    """Asks through *requester*; *namespaces* are those that are watched, none for all."""

    def __init__(self, requester: Requester, namespaces: Sequence[str] = ()) -> None:
        self._requester = requester
        self._namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._listed: Mapping[int, Read] = {}
        """By the hash of what was listed, as of the last list."""

    async def list(self) -> Sequence[Listing]:
        """All policies, a listing for each namespace; raises ApiError."""
        found: dict[int, Read] = {}
        listings = [await self._list(namespace, found) for namespace in self._namespaces]
        self._listed = found
        return listings

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
        return parse_policy(answer)

    def whom(self, error: ApiError) -> Concerned:
        """Whom a refusal concerns: a webhook or a role may be of one namespace alone."""
        if error.status in ITS_OWN_FAULT:
            return Concerned.ONE
        is_of_all = self._namespaces == (None,) and NO_RIGHT.search(str(error))
        if error.status == HTTPStatus.FORBIDDEN and not is_of_all:
            return Concerned.NAMESPACE
        return Concerned.ALL

    def _parse(self, item: msgspec.Raw, found: dict[int, Read]) -> Read | None:
        """Read a policy, which may be large: one that is as it was is not read nor held twice."""
        key = hash(bytes(item))
        read = self._listed.get(key) or parse_policy(item)
        if read is not None:
            found[key] = read
        return read

    async def _list(self, namespace: str | None, found: dict[int, Read]) -> Listing:
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
            parsed = (self._parse(item, found) for item in page.items or ())
            reads.extend(read for read in parsed if read is not None)
            token = page.metadata.continue_
            if not token:
                version = parse_version(page.metadata.resource_version)
                return Listing(namespace=namespace, reads=tuple(reads), version=version)


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
