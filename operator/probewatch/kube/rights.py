"""Asks the API server whether we have a right, as `kubectl auth can-i` does."""

from http import HTTPStatus
from typing import Protocol

import msgspec

from probewatch.clock import Clock
from probewatch.errors import ApiError
from probewatch.kube.objects import BROKEN
from probewatch.pauses import Pauses

PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

PAUSES = Pauses(first=5.0, longest=600.0)
"""Pauses between two checks of a missing right. The first ones are short: one of several API
servers may have just started, and denies everything until it has loaded its RBAC rules. The
longest is for a right that is granted later, if at all."""


class Requester(Protocol):
    """The one thing needed of an API client."""

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError without one."""
        ...


class _Status(msgspec.Struct):
    allowed: bool = False


class _Review(msgspec.Struct):
    status: _Status


async def may_i(requester: Requester, verb: str, resource: str, namespace: str = "") -> bool | None:
    """Return whether we have a right; None if unknown. An empty namespace stands for all."""
    attributes = {"verb": verb, "resource": resource, "namespace": namespace}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        status, answer = await requester.request("POST", PATH, body=body)
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            return None
        return msgspec.json.decode(answer, type=_Review).status.allowed
    except (ApiError, *BROKEN):
        return None


async def wait_for_right(
    requester: Requester, verb: str, resource: str, namespace: str, *, clock: Clock
) -> None:
    """Return once we have a right, or cannot tell; pauses between checks double."""
    denials = 0
    while await may_i(requester, verb, resource, namespace) is False:
        denials += 1
        await clock.sleep(PAUSES.after(denials))
