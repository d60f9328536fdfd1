"""The login: up-to-date credentials and TLS settings, shared by all users of the API server.

They are read again every minute, because the kubelet renews tokens and certificates in their
files, and at once when the server refuses them. If they cannot be read, the last ones are kept,
since they may still be valid.

client-go reads tokens every minute and CAs every five, and runs a plugin for each 401 unless its
credentials have been replaced since the request was sent. So does this, but more and more rarely
while all are refused: a plugin may be slow, or ask a person.
Source: client-go/transport/token_source.go (NewCachedFileTokenSource), ca_rotation.go
(CARefreshDuration); client-go/plugin/pkg/client/auth/exec/exec.go (maybeRefreshCreds).
"""

import asyncio
import hashlib
import logging
import ssl
from pathlib import Path

from probewatch.clock import Clock, Throttle
from probewatch.errors import KubeconfigError
from probewatch.kube.access import Access, Credentials

_log = logging.getLogger(__name__)

RENEW_SECONDS = 60.0

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
PAUSE_GROWTH = 1.5
"""The pauses between readings while credentials are refused: 1, 1.5, 2.25, … 10 s."""


class Login:
    """Holds the current access; call `read` once before anything else.

    *version* increases whenever what is read differs, so that a request that was refused can tell
    whether there are other credentials than those it was sent with.
    """

    def __init__(self, credentials: Credentials, *, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._lock = asyncio.Lock()
        self._access: Access | None = None
        self._tls: ssl.SSLContext | None = None
        self._fingerprint = ""
        self.version = 0
        self._pause = 0.0
        self._again_at = float("-inf")
        """When refused credentials may be read again."""
        self._errors = Throttle(clock.monotonic)

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
        if access != self._access or fingerprint != self._fingerprint:
            self.version += 1
        self._access, self._fingerprint = access, fingerprint
        return access

    async def renew(self, *, refused: int | None = None) -> None:
        """Read the credentials again; if that fails, log it and keep the last ones.

        *refused* is the version that the server refused. Nothing is read if there is a newer one,
        or if it was read again a moment ago: many requests may be refused at once.
        """
        async with self._lock:
            if refused is not None and (refused != self.version or not self._may_read_again()):
                return
            try:
                await self.read(refused=refused is not None)
            except KubeconfigError as error:
                if self._errors.allows(str(error)):
                    _log.warning("Credentials cannot be reloaded", extra={"error": str(error)})

    def _may_read_again(self) -> bool:
        """Tell whether to read refused credentials again now; if so, the next time is later.

        The renewal of each minute does not count, since it keeps a plugin's token.
        """
        now = self._clock.monotonic()
        if now < self._again_at:
            return False
        is_first = now - self._again_at > RENEW_SECONDS
        longer = min(self._pause * PAUSE_GROWTH, LONGEST_PAUSE_SECONDS)
        self._pause = FIRST_PAUSE_SECONDS if is_first else longer
        self._again_at = now + self._pause
        return True

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
