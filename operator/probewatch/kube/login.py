"""The login: up-to-date credentials and TLS settings, shared by all users of the API server.

They are read again every minute, because the kubelet renews tokens and certificates in their
files, and at once when the server refuses them. If they cannot be read, the last ones are kept,
since they may still be valid.
"""

import asyncio
import hashlib
import logging
import ssl
from pathlib import Path

from probewatch.clock import Clock
from probewatch.errors import KubeconfigError
from probewatch.kube.access import Access, Credentials

_log = logging.getLogger(__name__)

RENEW_SECONDS = 60.0

REFUSED_PAUSE_SECONDS = 1.0
"""Many requests may be refused at once, but the credentials are read only once for all of them."""


class Login:
    """Holds the current access; call `read` once before anything else."""

    def __init__(self, credentials: Credentials, *, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._lock = asyncio.Lock()
        self._access: Access | None = None
        self._tls: ssl.SSLContext | None = None
        self._fingerprint = ""
        self._refused: float | None = None
        """When credentials were last read because the server refused them."""

    @property
    def access(self) -> Access:
        """The credentials read last."""
        if self._access is None:
            raise KubeconfigError("nobody has logged in yet")
        return self._access

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context, a new one after its files changed; None for a server without TLS."""
        return self._tls

    async def read(self, *, refused: bool = False) -> Access:
        """Read the credentials; on a KubeconfigError, which is raised, the last ones are kept."""
        access = await self._credentials.read(refused=refused)
        fingerprint = find_fingerprint(access)
        if fingerprint != self._fingerprint:
            self._tls = build_tls(access)
            self._fingerprint = fingerprint
        self._access = access
        return access

    async def renew(self, *, refused: bool = False) -> Access:
        """Read the credentials again; if that fails, log it and keep the last ones."""
        async with self._lock:
            if refused and self._was_just_refused():
                return self.access
            try:
                await self.read(refused=refused)
            except KubeconfigError as error:
                _log.warning("Credentials cannot be reloaded", extra={"error": str(error)})
            if refused:
                self._refused = self._clock.monotonic()
            return self.access

    def _was_just_refused(self) -> bool:
        """Whether another request that was refused has just had the credentials read again.

        The renewal of each minute does not count, since it keeps a plugin's token.
        """
        last = self._refused
        return last is not None and self._clock.monotonic() - last < REFUSED_PAUSE_SECONDS

    async def run(self) -> None:
        """Renew the credentials every minute, for ever."""
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            await self.renew()


def find_fingerprint(access: Access) -> str:
    """Return a digest of the TLS settings and the contents of their files; empty without TLS."""
    if not access.server.startswith("https://"):
        return ""
    digest = hashlib.sha256(str(access.insecure).encode())
    for path in (access.ca_path, access.certificate_path, access.private_key_path):
        digest.update(f"\0{path}\0".encode())
        digest.update(_read(path) if path else b"")
    return digest.hexdigest()


def build_tls(access: Access) -> ssl.SSLContext | None:
    """Return the TLS context, None without TLS; raises KubeconfigError for unusable files."""
    if not access.server.startswith("https://"):
        return None
    try:
        context = ssl.create_default_context(cafile=access.ca_path or None)
    except ssl.SSLError as error:
        raise KubeconfigError(
            f"{access.where}: the CA is not a PEM certificate ({access.ca_named or access.ca_path})"
        ) from error
    # Python 3.13 requires extensions that many cluster CAs lack; client-go does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate_path:
        _load_certificate(context, access)
    return context


def _load_certificate(context: ssl.SSLContext, access: Access) -> None:
    try:
        # Without a password, OpenSSL would ask for one on the terminal if the key is encrypted.
        context.load_cert_chain(
            access.certificate_path, access.private_key_path or None, password=""
        )
    except ssl.SSLError as error:
        named = access.certificate_named or access.certificate_path
        raise KubeconfigError(
            f"{access.where}: the client certificate is not PEM or does not match its key ({named})"
        ) from error


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise KubeconfigError(f"{path}: {error.strerror}") from error
