"""Logs when the Lease is lost, or lapses: it is not renewed in time, so nothing may be written."""

import logging
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Lapse:
    """Logs when a Lease lapses or is lost, and when it is renewed again."""

    lease: str
    """Its name."""
    _is_told: bool = False

    def lost(self, *, was_ours: bool) -> None:
        """Log that the Lease is another's, or was deleted."""
        if was_ours:
            _log.warning("The Lease was lost; it is read again", extra={"lease": self.lease})
        else:
            _log.debug("Another replica took the Lease first", extra={"lease": self.lease})

    def look(self, *, is_ours: bool, is_held: bool) -> None:
        """Log if our Lease (*is_ours*) has expired (not *is_held*), and once it is valid again."""
        if is_ours and not is_held and not self._is_told:
            words = "The Lease cannot be renewed; this replica writes nothing until it can"
            _log.warning(words, extra={"lease": self.lease})
        elif is_held and self._is_told:
            _log.info("The Lease is renewed again", extra={"lease": self.lease})
        self._is_told = is_ours and not is_held
