"""The first questions to an API server: whether it is there, and which version it has.

One that has just started answers 403, 404 or 503 to what it will allow and know in a
moment: who asks it too early takes rights and definitions for missing. So it is waited for.
"""

import logging
from http import HTTPStatus

import msgspec

from probewatch.clock import Clock
from probewatch.errors import ApiError
from probewatch.kube.client import ApiClient

_log = logging.getLogger(__name__)

READY = "/readyz"
"""Everybody may ask it; it succeeds once rights and definitions are loaded. In the tenth of a
second before it knows of any right, a server that starts forbids even that.
Source: apiserver/pkg/server/healthz.go, and the ClusterRole system:public-info-viewer."""

LOOK_SECONDS = 1.0

PATIENCE_SECONDS = 60.0
"""For a server that answers and says that it is not ready; then it is tried all the same."""


class _Version(msgspec.Struct, rename="camel"):
    git_version: str = "unknown"


async def greet(client: ApiClient, clock: Clock) -> None:
    """Wait until the server answers and is ready, and log its version.

    Why there is no answer is logged at once; that it refuses the credentials, in place of its
    version. Raises nothing that the network can cause.
    """
    end, before = None, 0
    while not _is_ready(status := await _ask(client), before):
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
    """Return what it answers when it is asked whether it is ready; 0 for no answer."""
    try:
        status, _ = await client.request("GET", READY)
    except ApiError as error:
        cause = error.__cause__
        why = cause if isinstance(cause, OSError) else OSError(str(error))
        client.reachability.failed(client.server, why)
        return 0
    return status


def _is_ready(status: int, before: int) -> bool:
    """Whether it says that it is ready, or says nothing about that, now and a moment ago."""
    if status == HTTPStatus.FORBIDDEN:
        return before == status
    return 0 < status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS


async def _ask_version(client: ApiClient) -> str:
    try:
        _, body = await client.request("GET", "/version")
        return msgspec.json.decode(body, type=_Version).git_version
    except (ApiError, msgspec.DecodeError):  # we may not ask, or it is no API server
        return "unknown"
