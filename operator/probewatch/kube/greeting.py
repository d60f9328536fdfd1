"""The first requests to an API server: whether it is ready, and which version it has.

A server that has just started may answer 403, 404 or 503 to requests that it will serve a moment
later, so rights and CRDs would seem to be missing. So we wait until it is ready.
"""

import logging
from http import HTTPStatus

import msgspec

from probewatch.clock import Clock
from probewatch.errors import ApiError
from probewatch.kube.client import ApiClient
from probewatch.kube.objects import BROKEN

_log = logging.getLogger(__name__)

READY = "/readyz"
"""A path that everybody may read, and that succeeds once RBAC rules and CRDs are loaded. A
starting server forbids even this path for the tenth of a second before it knows any RBAC rule.
Source: apiserver/pkg/server/healthz.go, and the ClusterRole system:public-info-viewer."""

LOOK_SECONDS = 1.0

PATIENCE_SECONDS = 60.0
"""How long to wait for a server that answers that it is not ready, before it is used anyway."""


class _Version(msgspec.Struct, rename="camel"):
    git_version: str = "unknown"


async def greet(client: ApiClient, clock: Clock) -> None:
    """Wait until the server answers and is ready, and log its version.

    A missing answer is logged at once with its cause. If the server refuses the credentials, that
    is logged instead of the version. No error of the network is raised.
    """
    end, before = None, 0
    while not _is_ready(status := await _ask(client), before):
        _log_wait(status, before)
        now, before = clock.monotonic(), status
        if client.reachability.is_away:
            end = None
        elif end is None:
            end = now + PATIENCE_SECONDS
        elif now >= end:
            break
        await clock.sleep(LOOK_SECONDS)
    if status == HTTPStatus.UNAUTHORIZED:
        _log.error("The API server refuses the credentials", extra={"server": client.server})
    else:
        _log.info("The API server answers", extra={"version": await _ask_version(client)})


async def _ask(client: ApiClient) -> int:
    """Return the status of the server's readiness endpoint; 0 without an answer."""
    try:
        status, _ = await client.request("GET", READY)
    except ApiError as error:
        cause = error.__cause__
        why = cause if isinstance(cause, OSError) else OSError(str(error))
        client.reachability.failed(client.server, why)
        return 0
    return status


def _is_ready(status: int, before: int) -> bool:
    """Whether to stop waiting: after any answer but a first 403, a 429, or a server error."""
    if status == HTTPStatus.FORBIDDEN:
        return before == status
    return 0 < status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS


def _log_wait(status: int, before: int) -> None:
    """Log why the server is waited for, when that changes; a missing answer is logged elsewhere."""
    # After a 403 it is only looked whether it stays so.
    if status not in {0, before, HTTPStatus.FORBIDDEN}:
        _log.info("The API server is not ready; waiting for it", extra={"status": status})


async def _ask_version(client: ApiClient) -> str:
    try:
        _, body = await client.request("GET", "/version")
        return msgspec.json.decode(body, type=_Version).git_version
    except (ApiError, *BROKEN):  # forbidden, or not an API server
        return "unknown"
