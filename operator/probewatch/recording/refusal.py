"""Logs when records are refused, and when they are kept again.

A right to write may be missing where the right to read is there. Then reports are loaded again and
again, and none is saved: that records are kept again is said only after one was, or while another
process writes them.
"""

import logging
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Refusal:
    """Told of each refusal, and of all that succeeds."""

    _is_logged: bool = False
    _until_written: bool = False

    def begin(self, words: str, *, until_written: bool) -> None:
        """Records were refused with *words*; *until_written* says that it was a write."""
        if not self._is_logged:
            _log.warning(
                "Records cannot be kept; metrics and Events go on without them",
                extra={"answer": words},
            )
        self._is_logged = True
        self._until_written |= until_written

    def read(self, *, is_led: bool) -> None:
        """All reports were read; *is_led* says that another process writes them."""
        if is_led or not self._until_written:
            self.written()

    def written(self) -> None:
        """A report was written."""
        if self._is_logged:
            _log.info("Records are kept again")
        self._is_logged = self._until_written = False
