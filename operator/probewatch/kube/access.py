"""Access: how to reach the API server, taken from the configuration of the official client.

Every problem with files and plugins becomes a KubeconfigError with a message of one line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config.config_exception import ConfigException

from probewatch.errors import KubeconfigError
from probewatch.kube.impersonation import Headers
from probewatch.kube.sanitize import sanitize

WORDS_LIMIT = 300
"""Bytes of another program's error text in a message of ours."""

BROKEN = (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError)
"""What the official client raises for unusable files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach the API server, as of now; paths are of PEM files."""

    where: str
    """The source that it was read from, for messages."""
    server: str
    authorization: str = field(default="", repr=False)
    """The value of the Authorization header with its scheme; empty without one."""
    impersonation: Headers = field(default=(), repr=False)
    """Headers that make the user act as another one, as `kubectl --as` does."""
    ca_path: str = ""
    certificate_path: str = ""
    private_key_path: str = ""
    ca_named: str = ""
    """How messages name the CA if its file is a temporary copy."""
    certificate_named: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    proxy: str = field(default="", repr=False)
    namespace: str = ""
    """The default namespace of commands."""


class Credentials(Protocol):
    """A source of credentials."""

    async def read(self, *, refused: bool) -> Access:
        """Return the current credentials; *refused* says that the server refused the last ones."""
        ...


@contextmanager
def as_kubeconfig_errors(where: str) -> Iterator[None]:
    """Turn errors about what is read from *where* into a KubeconfigError of one line."""
    try:
        yield
    except BROKEN as error:
        raise KubeconfigError(f"{where}: {sanitize(str(error), limit=WORDS_LIMIT)}") from error


def access_of(configuration: Configuration, where: str) -> Access:
    """Return the access in the official client's configuration.

    Raises KubeconfigError if it has no http(s) server, one with a user and password in its URL, or
    a token that no request can carry.
    """
    server = str(configuration.host)
    if not server.startswith(("https://", "http://")):
        raise KubeconfigError(f"{where}: the server {server!r} is not an http(s) URL")
    if "@" in server.split("/")[2]:
        # It would be logged with its password, and no request can have a token besides.
        raise KubeconfigError(f"{where}: the URL of the server contains a user, which it must not")
    return Access(
        where=where,
        server=server,
        authorization=_header(configuration.api_key.get("BearerToken") or "", where),
        ca_path=configuration.ssl_ca_cert or "",
        certificate_path=configuration.cert_file or "",
        private_key_path=configuration.key_file or "",
        insecure=not configuration.verify_ssl,
        tls_server_name=configuration.tls_server_name or "",
        proxy=configuration.proxy or "",
    )


def _header(authorization: str, where: str) -> str:
    """Return the header's value without the line end that a token file may have."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if not token.isprintable():
        # Every request would fail, while the token that was read before may still be good.
        raise KubeconfigError(f"{where}: the token contains a line break or a control character")
    return f"{scheme.capitalize()} {token}" if token else ""
