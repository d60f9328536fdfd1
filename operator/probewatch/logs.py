"""Logging: one record is one line, with a constant message and separate values.

JSON for machines, text for people. Values are passed in `extra=`. In both
formats they are escaped or sanitized, so that no pod, probe or error can forge
a second record. Only strings, numbers and booleans are written, not the objects
that libraries attach to their records.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from probewatch.kube.sanitize import sanitize
from probewatch.log_stream import LossyHandler
from probewatch.settings import LogFormat, LogLevel

VALUE_LIMIT = 1024
"""Maximum length of a value in bytes; only tracebacks may be longer."""

TRACEBACK_LIMIT = 16_384

OWN = "probewatch"
"""Root of our loggers. Other loggers write warnings and above, unless the level is debug."""

KOPF = "kopf"
KOPF_NOISE = ("Request attempt #", "OS signals are ignored", "Ran out of valid credentials")
"""Messages that our own records replace; the last one also comes with misleading advice."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(*, log_format: LogFormat, level: LogLevel, stream: TextIO | None = None) -> None:
    """Write all records to *stream* (standard error by default), replacing earlier handlers."""
    out = sys.stderr if stream is None else stream
    handler = LossyHandler(out)
    as_text = log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and out.isatty())
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    everything = level is LogLevel.DEBUG
    root.setLevel(logging.DEBUG if everything else logging.WARNING)
    if not everything:
        handler.addFilter(shorten_kopf)
    logging.getLogger(OWN).setLevel(level.upper())
    logging.captureWarnings(capture=True)
    _skip_what_is_not_written()


def count_dropped() -> int:
    """Count the records that were dropped, because nobody read them."""
    handlers = logging.getLogger().handlers
    return sum(each.dropped for each in handlers if isinstance(each, LossyHandler))


def _skip_what_is_not_written() -> None:
    """Do not collect caller, thread and process for each record: none of them is written."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  # as Python's logging HOWTO says, "Optimization"


def shorten_kopf(record: logging.LogRecord) -> bool:
    """Filter out kopf's records that repeat our own, and remove its tracebacks.

    Our client logs failed requests once a minute, and the supervisor logs the error that kopf
    ended with. Rejected credentials are logged at start-up and by `missing_rights`.
    """
    if not record.name.startswith(KOPF):
        return True
    record.exc_info = record.exc_text = None
    message = record.getMessage()
    return not any(words in message for words in KOPF_NOISE)


class JsonFormatter(logging.Formatter):
    """One JSON object per line; non-ASCII characters and line ends are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        fields: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _cut(record.getMessage()),
            **find_values(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)[-TRACEBACK_LIMIT:]
        return json.dumps(fields)


class TextFormatter(logging.Formatter):
    """`TIME LEVEL message key=value …`; a traceback follows indented, so it is no new record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        words = sanitize(record.getMessage(), limit=VALUE_LIMIT)
        values = [f"{key}={_quoted(value)}" for key, value in find_values(record).items()]
        line = "  ".join([f"{_time(record)} {record.levelname:7} {words}", *values])
        if not record.exc_info:
            return line
        lines = self.formatException(record.exc_info)[-TRACEBACK_LIMIT:].splitlines()
        return "\n".join([line, *("    " + sanitize(each, limit=VALUE_LIMIT) for each in lines)])


def find_values(record: logging.LogRecord) -> Mapping[str, object]:
    """Return the plain values passed in `extra=`, with long strings cut."""
    return {
        key: _cut(value) if isinstance(value, str) else value
        for key, value in vars(record).items()
        if key not in _STANDARD and isinstance(value, str | int | float | bool)
    }


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _cut(text: str) -> str:
    return sanitize(text, limit=VALUE_LIMIT)


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text
