"""The record format: what the API server sent, line by line, with the time of arrival.

A file holds one JSON object a line,
`{"receivedAt": RFC 3339, "type": "ADDED|MODIFIED|DELETED|BOOKMARK|ERROR", "object": {...}}`,
in order of arrival, plain or compressed with gzip. `BOOKMARK` and `ERROR` lines
carry no object of interest, but they prove that time passed. Objects other than
Pods and Events are skipped.

Files are read as streams, one line of limited length at a time, so that a recording
of days needs no more memory than one of minutes. A recorder that is killed, or loses
its power, leaves half a line or half a gzip member at the end, or bytes that were
never written and read as NUL: everything before that is whole, and is read.
"""

import gzip
import heapq
import os
import sys
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec

from probewatch.errors import InputError
from probewatch.kube.objects import BROKEN

STDIN = "-"
"""The file name that stands for standard input."""

MAX_LINE_BYTES = 16 * 1024 * 1024
"""The limit of a line: etcd stores objects of up to 1.5 MiB, and this is ten times as much."""

WRITER = "`probewatch record` writes files of records"
"""A hint if already the first line is no record: it may be what `kubectl get -o json` wrote."""

_GZIP_MAGIC = b"\x1f\x8b"

UNWRITTEN = b"\0"
"""What a file system returns for bytes that were allocated and never written."""

UNWRITTEN_BYTES = 16
"""A gzip file cannot end with so many of them: it ends with a checksum and a size."""


class StreamError(InputError):
    """A file cannot be read as a recorded stream; the text says where and why."""


class LineType(StrEnum):
    """What a line says has happened, in the words of a Kubernetes watch."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    ERROR = "ERROR"

    @property
    def has_object(self) -> bool:
        """Whether the line brings a version of an object."""
        return self not in {LineType.BOOKMARK, LineType.ERROR}


class Kind(StrEnum):
    """The objects that a recording is about."""

    POD = "Pod"
    EVENT = "Event"
    NONE = ""
    """Anything else: bookmarks, errors, objects of other kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line: an object (undecoded) and when it was received, in epoch seconds."""

    received_at: float
    type: LineType
    kind: Kind
    object: bytes
    """The object's JSON text."""
    source: str
    line: int

    @property
    def place(self) -> str:
        """`FILE:LINE`, for messages."""
        return f"{self.source}:{self.line}"


_NOTHING = msgspec.Raw(b"")


class _Line(msgspec.Struct, rename="camel"):
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    type: LineType
    object: msgspec.Raw


class _KindFields(msgspec.Struct, rename="camel"):
    """The fields that tell a Pod from an Event; items of a list have no `kind`."""

    kind: str = ""
    involved_object: msgspec.Raw = _NOTHING
    regarding: msgspec.Raw = _NOTHING
    """What events.k8s.io/v1 calls the involved object."""
    spec: msgspec.Raw = _NOTHING


_LINES = msgspec.json.Decoder(_Line)
_KINDS = msgspec.json.Decoder(_KindFields)


OnCut = Callable[[str], None]
"""Called with a message if a file is cut off at its end, after its whole lines were read."""


def read_streams(paths: Iterable[str], on_cut: OnCut | None = None) -> Iterator[Record]:
    """Yield the records of all files in the order in which they were received.

    Within one file the order of the lines is kept, even where its times run
    backwards. Lines with equal times come in the order in which their files begin: files
    may be parts of one recording, given in any order. Raises StreamError at the first line
    that is not a record; if a file is only cut off at its end, *on_cut* is called instead,
    if there is one.
    """
    begun: list[tuple[Record, Iterator[Record]]] = []
    for path in paths:
        rest = read_stream(path, on_cut)
        begun.extend((first, chain((first,), rest)) for first in islice(rest, 1))
    begun.sort(key=lambda pair: pair[0].received_at)
    yield from heapq.merge(*(each for _, each in begun), key=lambda record: record.received_at)


def read_stream(path: str, on_cut: OnCut | None = None) -> Iterator[Record]:
    """Yield the records of one file (`-` is standard input)."""
    source = "<stdin>" if path == STDIN else path
    number = 0
    try:
        with _opened(path) as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                line = line.removeprefix(BOM_UTF8)
                if on_cut and number > 1 and is_cut_off(line):
                    on_cut(_describe_cut(source, number))
                elif line.strip():
                    yield parse_line(line, source, number)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        is_cut = isinstance(error, EOFError) or (path != STDIN and ends_unwritten(Path(path)))
        if not (on_cut and number and is_cut):
            raise _explain_gzip(source, number + 1, error) from error
        on_cut(_describe_cut(source, number + 1))
    except OSError as error:
        raise StreamError(f"{source}: {error.strerror or error}") from error


def is_cut_off(line: bytes) -> bool:
    """Whether the last line of a file is incomplete, or has unwritten bytes at its end."""
    if line.endswith(b"\n") or len(line) > MAX_LINE_BYTES:
        return False
    written = line.rstrip(UNWRITTEN)
    try:
        msgspec.json.decode(written, type=msgspec.Raw)
    except BROKEN:
        return written[:1] in {b"", b"{"}
    return written != line


def ends_unwritten(path: Path) -> bool:
    """Whether the end of a gzip file was never written, so that only its end is damaged."""
    if path.stat().st_size < UNWRITTEN_BYTES:
        return False
    with path.open("rb") as file:
        file.seek(-UNWRITTEN_BYTES, os.SEEK_END)
        return not file.read().strip(UNWRITTEN)


def _describe_cut(source: str, number: int) -> str:
    return f"{source}: cut off in line {number}, which is left out; what comes before it was read"


def _explain_gzip(source: str, number: int, error: Exception) -> StreamError:
    what = "file is cut off" if isinstance(error, EOFError) else f"data is damaged: {error}"
    return StreamError(f"{source}:{number}: the gzip {what}")


def parse_line(line: bytes, source: str, number: int) -> Record:
    """Return the record in one line; raises StreamError, with what is wrong with it."""
    place = f"{source}:{number}"
    if len(line) > MAX_LINE_BYTES:
        raise StreamError(f"{place}: line longer than {MAX_LINE_BYTES // 1024 // 1024} MiB")
    try:
        decoded = _LINES.decode(line)
        kind = _find_kind(decoded)
    except BROKEN as error:
        hint = f"; {WRITER}" if number == 1 else ""
        raise StreamError(f"{place}: not a record: {error}{hint}") from error
    return Record(
        received_at=decoded.received_at.timestamp(),
        type=decoded.type,
        kind=kind,
        object=bytes(decoded.object),
        source=source,
        line=number,
    )


def _find_kind(line: _Line) -> Kind:
    if not line.type.has_object:
        return Kind.NONE
    fields = _KINDS.decode(line.object)
    if fields.kind in {Kind.POD, Kind.EVENT}:
        return Kind(fields.kind)
    if fields.kind:
        return Kind.NONE
    if fields.involved_object or fields.regarding:
        return Kind.EVENT
    if fields.spec:
        return Kind.POD
    message = "the object has no `kind` and is neither a Pod nor an Event"
    raise msgspec.DecodeError(message)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open a plain or gzip file; its first two bytes tell which it is."""
    if path == STDIN:
        yield _decompressed(sys.stdin.buffer)
        return
    with Path(path).open("rb") as file:
        yield _decompressed(file)


def _decompressed(file: BinaryIO) -> BinaryIO:
    buffered = file if isinstance(file, BufferedReader) else BufferedReader(file)  # type: ignore[type-var]  # any raw reader will do
    if buffered.peek(2).startswith(_GZIP_MAGIC):
        return gzip.GzipFile(fileobj=buffered)  # type: ignore[return-value]  # it has all methods of a BinaryIO
    return buffered
