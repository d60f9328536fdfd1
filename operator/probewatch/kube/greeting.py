"""The first question to an API server: which version it has, and whether it answers at all."""

import logging

import msgspec

from probewatch.errors import ApiError
from probewatch.kube.client import ApiClient

_log = logging.getLogger(__name__)


class _Version(msgspec.Struct, rename="camel"):
    git_version: str = "unknown"


async def greet(client: ApiClient) -> None:
    """Log the server's version, or why there is no answer; raises nothing the network can cause."""
    try:
        _, body = await client.request("GET", "/version")
    except ApiError as error:
        cause = error.__cause__
        why = cause if isinstance(cause, OSError) else OSError(str(error))
        client.reachability.failed(client.server, why)
        return
    _log.info("The API server answers", extra={"version": _read_version(body)})


def _read_version(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Version).git_version
    except msgspec.DecodeError:  # we may not ask, or it is no API server
        return "unknown"
