"""Log formats: a record is one line, and no logged text can forge another one."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probewatch.log_stream import LossyHandler
from probewatch.logs import JsonFormatter, TextFormatter, configure, count_dropped
from probewatch.settings import LogFormat, LogLevel

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def record(message: str = "Container restarted", **values: object) -> logging.LogRecord:
    made = logging.LogRecord("probewatch.x", logging.INFO, __file__, 1, message, None, None)
    made.created = 1_700_000_000.25
    vars(made).update(values)
    return made


def failed(message: str) -> logging.LogRecord:
    made = record()
    try:
        raise RuntimeError(message)  # noqa: TRY301  # a traceback is what is wanted
    except RuntimeError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    return made


def test_json_has_words_and_values_apart() -> None:
    """A JSON record has a constant message, values under their names, and the time in UTC."""
    line = JsonFormatter().format(record(pod="cart-1", restart_count=3, ready=False))

    assert {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "logger": "probewatch.x",
        "message": "Container restarted",
        "pod": "cart-1",
        "restart_count": 3,
        "ready": False,
    } == json.loads(line)


def test_text_is_for_people() -> None:
    """A text record has time, level and message, and values with quotes only where needed."""
    line = TextFormatter().format(record(pod="cart-1", why="no right", empty=""))

    assert (
        '2023-11-14T22:13:20.250Z INFO    Container restarted  pod=cart-1  why="no right"  empty=""'
        == line
    )


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()], ids=["json", "text"])
def test_objects_of_libraries_stay_out(formatter: logging.Formatter) -> None:
    """Objects that libraries attach to their records are not written."""
    line = formatter.format(record(k8s_ref={"token": "hush"}, settings=object(), names=["hush"]))

    assert "hush" not in line


@given(message=ANY_TEXT, value=ANY_TEXT)
def test_no_text_makes_a_second_line(message: str, value: str) -> None:
    """Whatever a record contains, it is one line of printable characters."""
    one = record(message, value=value)

    for formatter in (JsonFormatter(), TextFormatter()):
        line = formatter.format(one)
        assert line.isprintable()
        assert line.encode()


def test_traceback_is_no_record() -> None:
    """No line of a traceback looks like a record: it is a value in JSON, and indented in text."""
    forged = failed("boom\n2023-11-14T22:13:20.250Z INFO    Container restarted")

    assert "boom" in json.loads(JsonFormatter().format(forged))["exception"]
    first, *others = TextFormatter().format(forged).splitlines()
    assert first.endswith("Container restarted")
    assert others
    assert all(line.startswith("    ") for line in others)


def test_values_are_bounded() -> None:
    """A long value is cut, so that a record stays below two kilobytes."""
    for formatter in (JsonFormatter(), TextFormatter()):
        assert len(formatter.format(record(value="x" * 100_000))) < 2000


class Terminal(io.StringIO):
    """A stream that reports to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("log_format", "stream", "is_json"),
    [
        (LogFormat.AUTO, io.StringIO(), True),
        (LogFormat.AUTO, Terminal(), False),
        (LogFormat.JSON, Terminal(), True),
        (LogFormat.TEXT, io.StringIO(), False),
    ],
    ids=["no terminal", "terminal", "json", "text"],
)
def test_format_follows_the_reader(
    log_format: LogFormat, stream: io.StringIO, *, is_json: bool
) -> None:
    """By default a terminal gets text, and anything else, such as a log collector, JSON."""
    configure(log_format=log_format, level=LogLevel.INFO, stream=stream)

    logging.getLogger("probewatch.here").info("Hello")

    assert is_json is stream.getvalue().startswith("{")


def test_libraries_are_logged_from_warnings_on() -> None:
    """At level info our own records are logged from info on, those of libraries from warning on."""
    stream = io.StringIO()
    configure(log_format=LogFormat.JSON, level=LogLevel.INFO, stream=stream)

    logging.getLogger("kopf.activities").info("small talk")
    logging.getLogger("kopf.activities").warning("trouble")
    logging.getLogger("probewatch.findings").info("finding")
    logging.getLogger("probewatch.findings").debug("detail")

    words = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert ["trouble", "finding"] == words


def test_advice_of_kopf_that_helps_nobody_stays_out() -> None:
    """The advice of kopf to install a library on refused credentials is dropped.

    It does not help; the refusal itself is logged elsewhere.
    """
    stream = io.StringIO()
    configure(log_format=LogFormat.JSON, level=LogLevel.INFO, stream=stream)
    words = "Resource observer has failed: Ran out of valid credentials. Consider installing an API"

    logging.getLogger("kopf._core.engines").error(words)
    logging.getLogger("kopf._core.engines").error("Resource observer has failed: x")

    told = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert ["Resource observer has failed: x"] == told


def test_debug_is_everything() -> None:
    """At level debug the records of libraries are logged too."""
    stream = io.StringIO()
    configure(log_format=LogFormat.JSON, level=LogLevel.DEBUG, stream=stream)

    logging.getLogger("kopf.activities").debug("small talk")

    assert "small talk" in stream.getvalue()


def test_log_that_nobody_reads_is_no_obstacle() -> None:
    """The only handler is one that drops records rather than block."""
    configure(log_format=LogFormat.AUTO, level=LogLevel.INFO, stream=io.StringIO())

    assert [LossyHandler] == [type(each) for each in logging.getLogger().handlers]


def test_dropped_records_are_counted_where_records_are_written() -> None:
    """The metric of dropped records counts those of the handler that is configured."""
    configure(log_format=LogFormat.AUTO, level=LogLevel.INFO, stream=io.StringIO())
    before = count_dropped()
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, LossyHandler)
    handler.dropped = 3

    assert (0, 3) == (before, count_dropped())
