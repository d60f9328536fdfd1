"""A Lease that lapses: held, but not renewed in time, so that nothing may be written by it."""

import logging
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Lapse:
    """Tells when a Lease lapses, and when it could be renewed again."""

    lease: str
    """Its name."""
    _is_told: bool = False

    def look(self, *, is_ours: bool, is_held: bool) -> None:
        """Take in whether it was taken by this process and not lost, and whether it still holds."""
        if is_ours and not is_held and not self._is_told:
            words = "The Lease cannot be renewed; this replica writes nothing until it can"
            _log.warning(words, extra={"lease": self.lease})
        elif is_held and self._is_told:
            _log.info("The Lease is renewed again", extra={"lease": self.lease})
        self._is_told = is_ours and not is_held
