"""Content negotiation: the format that a scraper asks for, else plain text."""

import pytest

from probewatch.metrics.negotiation import Wanted, negotiate

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
    "q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "open_metrics"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        (PROMETHEUS_2, True),
        (PROMETHEUS_3, True),
        ("application/openmetrics-text", True),
        ("Application/OpenMetrics-Text; Version=1.0.0", True),
        ("application/openmetrics-text,*/*", True),
        ("application/openmetrics-text;q=0", False),
        *(
            (f"application/openmetrics-text;q=0.2,{text};q=0.9", False)
            for text in ("text/plain", "text/*", "*/*")
        ),
        ("application/openmetrics-text,text/plain;q=0.5,application/openmetrics-text;q=0.1", True),
        ("application/openmetrics-text;q=high", False),
        (";;,,=;q", False),
    ],
)
def test_format_is_chosen_by_accept(accept: str, *, open_metrics: bool) -> None:
    """OpenMetrics is sent if its highest weight is at least that of text."""
    assert Wanted(open_metrics=open_metrics) == negotiate(accept, "")


@pytest.mark.parametrize(
    ("accept_encoding", "compressed"),
    [
        ("", False),
        ("identity", False),
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("br", False),
        ("*", False),
    ],
)
def test_compression_has_to_be_asked_for(accept_encoding: str, *, compressed: bool) -> None:
    """Only clients that name gzip get gzip."""
    assert compressed is negotiate("", accept_encoding).gzip


def test_content_types_are_those_of_the_formats() -> None:
    """Prometheus reads the answer by its content type."""
    assert "text/plain; version=0.0.4; charset=utf-8" == Wanted().content_type
    assert (
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
        == Wanted(open_metrics=True).content_type
    )
