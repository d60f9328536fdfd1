"""The server's certificate: loaded from files, and reloaded when they change.

Certificates in a cluster are rotated every few weeks, while a process may live for
longer. If a new pair cannot be used (half written, or not matching), the one in use
stays, and the next change is tried again.
"""

import logging
import ssl
from pathlib import Path

from probewatch.errors import SettingsError

_log = logging.getLogger(__name__)


class Certificate:
    """Provides the TLS context; raises SettingsError if the files cannot be used at first."""

    def __init__(self, cert_file: str, key_file: str) -> None:
        if not (cert_file and key_file):
            raise SettingsError(
                "HTTPS needs both metrics_cert_file and metrics_key_file, and one is not set"
            )
        self._cert = Path(cert_file)
        self._key = Path(key_file)
        self._seen = self._stamp()
        try:
            self._context = self._load()
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"The TLS certificate {cert_file} with the key {key_file} cannot be used: {error}"
            ) from error

    def context(self) -> ssl.SSLContext:
        """Return the context for a new connection, reloaded if the files have changed."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp  # even if it fails: each change is tried and logged once
            self._renew()
        return self._context

    def _renew(self) -> None:
        try:
            self._context = self._load()
            _log.info("The TLS certificate was reloaded")
        except (OSError, ValueError) as error:
            _log.warning("The new TLS certificate cannot be used", extra={"error": str(error)})

    def _stamp(self) -> tuple[object, ...]:
        """Return a value that changes with the files; a Secret swaps its symlink."""
        try:
            found = [path.stat() for path in (self._cert, self._key)]
        except OSError as error:
            return (error.errno,)
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self._cert, self._key)
        return context
