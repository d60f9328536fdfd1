"""Access: how to reach the API server, read from what the official client found out.

All that can be wrong with files and plugins is a KubeconfigError of one line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config.config_exception import ConfigException

from probewatch.errors import KubeconfigError
from probewatch.kube.sanitize import sanitize

WORDS_LIMIT = 300
"""Bytes of someone else's words in a message of ours."""

BROKEN = (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError)
"""What the official client raises over files that are not as they should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach the API server, as of now; paths are of PEM files."""

    where: str
    """What it was read from, for messages."""
    server: str
    authorization: str = field(default="", repr=False)
    """The header's value, scheme included; empty without one."""
    ca_path: str = ""
    certificate_path: str = ""
    private_key_path: str = ""
    ca_named: str = ""
    """What people know the CA by, where its file is none of theirs."""
    certificate_named: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    proxy: str = field(default="", repr=False)
    namespace: str = ""
    """Where commands look that name no namespace."""


class Credentials(Protocol):
    """One source of credentials."""

    async def read(self, *, refused: bool) -> Access:
        """Return them as they are now; *refused*: the server did not take the last ones."""
        ...


@contextmanager
def told_in_one_line(where: str) -> Iterator[None]:
    """Say in a KubeconfigError what goes wrong over what is read from *where*."""
    try:
        yield
    except BROKEN as error:
        raise KubeconfigError(f"{where}: {sanitize(str(error), limit=WORDS_LIMIT)}") from error


def access_of(configuration: Configuration, where: str) -> Access:
    """Return what the official client set; raises KubeconfigError where that names no server."""
    server = str(configuration.host)
    if not server.startswith(("https://", "http://")):
        raise KubeconfigError(f"{where}: the server {server!r} is not an http(s) URL")
    return Access(
        where=where,
        server=server.rstrip("/"),
        authorization=_header(configuration.api_key.get("BearerToken") or ""),
        ca_path=configuration.ssl_ca_cert or "",
        certificate_path=configuration.cert_file or "",
        private_key_path=configuration.key_file or "",
        insecure=not configuration.verify_ssl,
        tls_server_name=configuration.tls_server_name or "",
        proxy=configuration.proxy or "",
    )


def _header(authorization: str) -> str:
    """Return the header without the line end that a token's file may have."""
    scheme, _, token = authorization.partition(" ")
    return f"{scheme.capitalize()} {token.strip()}" if token.strip() else ""
