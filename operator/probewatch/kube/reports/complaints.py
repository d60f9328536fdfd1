"""Logs which reports cannot be written, without flooding the log.

A server in trouble turns away the reports of all workloads, each of them again and again. So
trouble that may pass is logged once a minute, whichever report it meets. What is wrong with a
report itself is logged for each.
"""

import logging

from probewatch.clock import Clock, Throttle
from probewatch.kube.reports.answers import Answer, Outcome
from probewatch.kube.sanitize import sanitize
from probewatch.records.entry import Key

_log = logging.getLogger(__name__)

WORDS_BYTES = 256


class Complaints:
    """Takes in each write that failed."""

    def __init__(self, clock: Clock) -> None:
        self._trouble = Throttle(clock.monotonic)
        """Of trouble that may pass, by status."""

    def add(self, key: Key, answer: Answer, tries: int) -> None:
        """Log a report that cannot be written, after so many tries in a row."""
        is_news = answer.outcome is not Outcome.LATER or self._trouble.allows(answer.status)
        _log.log(
            logging.WARNING if is_news else logging.DEBUG,
            "A report cannot be written",
            extra={
                "report": f"{key.namespace}/{key.name}",
                "status": answer.status,
                "answer": words_of(answer),
                "tries": tries,
            },
        )


def words_of(answer: Answer) -> str:
    """Return the API server's own words, short and clean."""
    return sanitize(answer.words, limit=WORDS_BYTES)
