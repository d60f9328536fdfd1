"""The server's certificate: read from files, and again whenever they change.

Certificates in a cluster live for weeks, a process may live for longer. A pair that
cannot be used (half written, or of two different keys) leaves the one in use as
it is; the next change is tried again.
"""

import logging
import ssl
from pathlib import Path

from probewatch.errors import SettingsError

_log = logging.getLogger(__name__)


class Certificate:
    """Gives the context for a new connection; raises SettingsError if it never worked."""

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
        """Return the context of the files as they are now, or as they last were of use."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp  # whatever comes of it: tried once, and told once
            self._renew()
        return self._context

    def _renew(self) -> None:
        try:
            self._context = self._load()
            _log.info("The TLS certificate was read anew")
        except (OSError, ValueError) as error:
            _log.warning("The new TLS certificate cannot be used", extra={"error": str(error)})

    def _stamp(self) -> tuple[object, ...]:
        """Return what changes with the files; a Secret's are replaced through a link."""
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
