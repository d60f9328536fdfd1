"""A log that nobody reads stops nothing, and tells what it lost."""

import io
import json
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from probewatch.log_stream import SHORTEST_SECONDS, LossyHandler
from probewatch.logs import JsonFormatter

RECORDS = 1000
"""More than a pipe holds."""


class Pipe:
    """A pipe, whose reader reads only when asked to."""

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        self.writer = os.fdopen(writing, "w", encoding="utf-8")

    def read(self) -> list[dict[str, Any]]:
        """Read what is there, as records."""
        return [json.loads(line) for line in self.read_lines()]

    def read_lines(self) -> list[str]:
        """Read what is there, as lines."""
        return os.read(self._reading, 1024 * 1024).decode().splitlines()

    def read_all_text(self) -> str:
        """Read until the writer is closed, as text."""
        with os.fdopen(os.dup(self._reading), encoding="utf-8") as reading:
            return reading.read()

    def read_all(self) -> list[dict[str, Any]]:
        """Read until the writer is closed."""
        return [json.loads(line) for line in self.read_all_text().splitlines()]

    def close(self) -> None:
        self.writer.close()
        os.close(self._reading)


@pytest.fixture(name="pipe")
def _pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def handler_of(pipe: Pipe, patience_seconds: float) -> LossyHandler:
    handler = LossyHandler(pipe.writer, patience_seconds=patience_seconds)
    handler.setFormatter(JsonFormatter())
    return handler


def write(handler: logging.Handler, number: int) -> None:
    for each in range(number):
        fields = {"name": "probewatch.x", "levelno": logging.INFO, "levelname": "INFO"}
        handler.handle(logging.makeLogRecord({**fields, "msg": "x" * 500, "number": each}))


def test_records_that_nobody_reads_are_dropped_and_counted(pipe: Pipe) -> None:
    """A full pipe blocks nothing; once it is read, the number of dropped records comes first."""
    handler = handler_of(pipe, patience_seconds=0.0)
    write(handler, RECORDS)
    before = pipe.read()
    write(handler, 1)
    note, last = pipe.read()

    assert list(range(len(before))) == [each["number"] for each in before]
    assert ("warning", RECORDS - len(before)) == (note["level"], note["dropped"])
    assert handler.dropped == note["dropped"]
    assert 0 == last["number"]
    assert 0 < len(before) < RECORDS


def test_records_are_dropped_anew_and_counted_anew(pipe: Pipe) -> None:
    """After a loss is told it is not told again with the next one."""
    handler = handler_of(pipe, patience_seconds=0.0)
    told = []
    for _ in range(2):
        write(handler, RECORDS)
        read = pipe.read()
        told += [each["dropped"] for each in read if "dropped" in each]
    write(handler, 1)
    told += [each["dropped"] for each in pipe.read() if "dropped" in each]

    assert 2 == len(told)
    assert sum(told) == handler.dropped
    assert told[0] < RECORDS
    assert told[1] < RECORDS


def test_long_record_is_cut_off_where_the_room_ends(pipe: Pipe) -> None:
    """A traceback that does not fit blocks nothing, and the next record has a line of its own."""
    handler = LossyHandler(pipe.writer, patience_seconds=0.0)
    for _ in range(RECORDS):
        handler.handle(logging.makeLogRecord({"msg": "x" * 10_000}))
    *whole, cut = pipe.read_lines()
    handler.handle(logging.makeLogRecord({"msg": "y"}))
    rest = pipe.read_lines()

    assert {10_000} == {len(each) for each in whole}
    assert 0 < len(cut) < 10_000
    assert RECORDS - len(whole) == handler.dropped
    assert ["", "Log records were dropped, as nobody read them", "y"] == rest


def test_long_record_is_written_whole_if_it_is_read(pipe: Pipe) -> None:
    """A reader who is only slow gets all of a traceback that is longer than the pipe."""
    handler = LossyHandler(pipe.writer, patience_seconds=60.0)

    def write_all() -> None:
        handler.handle(logging.makeLogRecord({"msg": "\u00e4" * 200_000}))
        pipe.writer.close()

    writing = threading.Thread(target=write_all)
    writing.start()
    read = pipe.read_all_text()
    writing.join()

    assert "\u00e4" * 200_000 + "\n" == read


def test_slow_reader_loses_nothing(pipe: Pipe) -> None:
    """A reader who is only slower than a burst of records gets all of them."""
    handler = handler_of(pipe, patience_seconds=60.0)

    def write_all() -> None:
        write(handler, RECORDS)
        pipe.writer.close()

    writing = threading.Thread(target=write_all)
    writing.start()
    read = pipe.read_all()
    writing.join()

    assert list(range(RECORDS)) == [each["number"] for each in read]


class Ticking:
    """A clock that is asked once for a record that is dropped, and once more for one waited for."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> float:
        self.asked += 1
        return self.asked / 1000


def test_reader_is_waited_for_a_tenth_of_the_time(pipe: Pipe) -> None:
    """Once the patience is used up, one record in ten is waited for if there is one each ms."""
    clock = Ticking()
    handler = LossyHandler(pipe.writer, patience_seconds=SHORTEST_SECONDS, monotonic=clock)
    handler.setFormatter(JsonFormatter())
    write(handler, 300)
    dropped = 300 - len(pipe.read())

    assert dropped * 1.05 < clock.asked < dropped * 1.2


def test_stream_that_is_no_file_takes_everything() -> None:
    """A buffer in memory has no reader to wait for."""
    stream = io.StringIO()
    write(LossyHandler(stream), RECORDS)

    assert RECORDS == len(stream.getvalue().splitlines())
