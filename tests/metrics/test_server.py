"""The HTTP endpoints of the operator."""

import asyncio
import gzip
import threading
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from probewatch.errors import SettingsError
from probewatch.metrics.authorization import Authorizer
from probewatch.metrics.server import MetricsServer
from tests.metrics.reviews import FakeReviews
from tests.metrics.scene import FakeStore, Scene, StillTime, parse_open, restart, tracked
from tests.metrics.serving import LIMIT_SECONDS, LOOPBACK, FakeHealth, Served, connecting, serving

OPEN_METRICS = {"Accept": "application/openmetrics-text"}


async def test_metrics_are_served_as_text() -> None:
    """Without Accept headers the text format is sent, uncompressed."""
    async with serving() as served:
        served.scene.publish(tracked(), restart())
        answer = await served.ask("/metrics")

    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (
        answer.status,
        answer.headers["Content-Type"],
    )
    names = {family.name for family in parse_text(answer.text)}
    assert {"probewatch_container_restarts", "process_cpu_seconds"} <= names
    assert "Content-Encoding" not in answer.headers
    assert "Accept, Accept-Encoding" == answer.headers["Vary"]


async def test_metrics_are_served_as_open_metrics() -> None:
    """OpenMetrics is sent on request, complete with its end."""
    async with serving() as served:
        answer = await served.ask("/metrics", headers=OPEN_METRICS)

    assert (
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
        == answer.headers["Content-Type"]
    )
    assert parse_open(answer.text)
    assert answer.text.endswith("# EOF\n")


async def test_metrics_are_compressed_for_those_who_ask() -> None:
    """A scraper that accepts gzip gets it."""
    async with serving() as served:
        answer = await served.ask("/metrics", headers={"Accept-Encoding": "gzip"})

    assert "gzip" == answer.headers["Content-Encoding"]
    assert b"probewatch_build_info" in gzip.decompress(answer.body)


async def test_head_says_what_get_would() -> None:
    """HEAD has the headers of GET and no body."""
    async with serving() as served:
        answer = await served.ask("/metrics", method="HEAD")

    assert (200, b"") == (answer.status, answer.body)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
async def test_only_reading_is_possible(method: str, path: str) -> None:
    """Any method but GET and HEAD is 405."""
    async with serving() as served:
        answer = await served.ask(path, method=method)

    assert (405, "GET, HEAD") == (answer.status, answer.headers["Allow"])


@pytest.mark.parametrize(
    "path",
    ["/", "/metrics/", "/metrics/x", "//metrics", "/debug", "/../etc/passwd", "/METRICS"],
)
async def test_nothing_else_is_there(path: str) -> None:
    """Any other path is 404, with a list of the paths."""
    async with serving() as served:
        answer = await served.ask(path)

    assert (404, "there are /metrics, /healthz and /readyz\n") == (answer.status, answer.text)


async def test_query_changes_nothing() -> None:
    """`/metrics?name[]=…` does not filter."""
    async with serving() as served:
        answer = await served.ask("/metrics?name[]=process_cpu_seconds_total")

    assert "probewatch_build_info" in answer.text


async def test_every_answer_tells_browsers_not_to_guess() -> None:
    """Every answer has `nosniff` and a neutral Server header."""
    async with serving() as served:
        answers = [await served.ask(path) for path in ("/metrics", "/healthz", "/nothing")]

    assert {"nosniff"} == {answer.headers["X-Content-Type-Options"] for answer in answers}
    assert {"probewatch"} == {answer.headers["Server"] for answer in answers}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_one_word_when_all_is_well(path: str) -> None:
    """Without faults the health endpoints answer `ok`."""
    async with serving() as served:
        answer = await served.ask(path)

    assert (200, "ok\n") == (answer.status, answer.text)


async def test_each_fault_has_its_line() -> None:
    """Liveness and readiness list their faults, one a line."""
    health = FakeHealth(silence=("pods are silent", "events are silent"), unsynced=("no pods",))
    async with serving(Served(health=health)) as served:
        alive, ready = await served.ask("/healthz"), await served.ask("/readyz")

    assert (503, "pods are silent\nevents are silent\n") == (alive.status, alive.text)
    assert (503, "no pods\n") == (ready.status, ready.text)


async def test_gate_opens_once_and_for_good() -> None:
    """Metrics are 503 until everything is loaded, and never again after that."""
    async with serving(Served(missing=["records are not loaded yet"])) as served:
        before = await served.ask("/metrics")
        served.missing.clear()
        between = await served.ask("/metrics")
        served.missing.append("pods are not listed in full yet")
        after = await served.ask("/metrics")

    assert (503, "records are not loaded yet\n") == (before.status, before.text)
    assert (200, 200) == (between.status, after.status)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer made-up"}, 401),
        ({"Authorization": "Bearer poor"}, 403),
        ({"Authorization": "Bearer good"}, 200),
    ],
    ids=["none", "unknown", "without the right", "with the right"],
)
async def test_token_decides_who_may_read(header: dict[str, str], status: int) -> None:
    """With authorization on, only users with the right get the metrics."""
    authorizer = Authorizer(FakeReviews(), clock=StillTime().clock)
    async with serving(Served(authorizer=authorizer)) as served:
        answer = await served.ask("/metrics", headers=header)

    assert status == answer.status
    assert (status == 401) is ("WWW-Authenticate" in answer.headers)


async def test_who_may_not_read_is_not_told_what_is_missing() -> None:
    """Authorization comes first: only users with the right learn why there are no metrics yet."""
    authorizer = Authorizer(FakeReviews(), clock=StillTime().clock)
    async with serving(Served(authorizer=authorizer, missing=["pods of 'secret'"])) as served:
        answers = [
            await served.ask("/metrics", headers={"Authorization": f"Bearer {token}"})
            for token in ("poor", "good")
        ]

    assert [403, 503] == [answer.status for answer in answers]
    assert ["secret" in answer.text for answer in answers] == [False, True]


async def test_who_cannot_be_checked_may_not_read() -> None:
    """If the API server is unreachable, unchecked users get 503 with that reason."""
    authorizer = Authorizer(FakeReviews(down=True), clock=StillTime().clock)
    async with serving(Served(authorizer=authorizer)) as served:
        answer = await served.ask("/metrics", headers={"Authorization": "Bearer good"})

    assert (503, "the API server cannot be asked who this is\n") == (answer.status, answer.text)


async def test_kubelet_needs_no_token() -> None:
    """The health endpoints need no token."""
    authorizer = Authorizer(FakeReviews(), clock=StillTime().clock)
    async with serving(Served(authorizer=authorizer)) as served:
        answers = [await served.ask("/healthz"), await served.ask("/readyz")]

    assert [200, 200] == [answer.status for answer in answers]


class BrokenStore(FakeStore):
    """Raises an error."""

    def pending(self) -> int:
        raise ZeroDivisionError


async def test_error_of_ours_is_counted_and_ends_nothing() -> None:
    """An internal error is a 500 and is counted; the next request is answered."""
    async with serving(Served(scene=Scene(store=BrokenStore()))) as served:
        broken, fine = await served.ask("/metrics"), await served.ask("/healthz")

        assert (500, "an error in probewatch itself\n") == (broken.status, broken.text)
        assert 200 == fine.status
        assert 1 == served.scene.boundary.errors["metrics server"]


class SlowStore(FakeStore):
    """Counts how often it is read."""

    reads: int = 0

    def pending(self) -> int:
        self.reads += 1
        return 0


async def test_scrapes_that_come_together_share_one_rendering() -> None:
    """Concurrent scrapes share one rendering."""
    store = SlowStore()
    async with serving(Served(scene=Scene(store=store))) as served:
        answers = await asyncio.gather(*(served.ask("/metrics") for _ in range(20)))

    assert {200} == {answer.status for answer in answers}
    assert store.reads < 20


async def test_no_connection_has_a_thread() -> None:
    """One thread renders for all connections."""
    before = threading.active_count()
    async with serving() as served:
        await asyncio.gather(*(served.ask("/metrics") for _ in range(20)))
        during = threading.active_count()

    assert during <= before + 1


async def test_port_that_is_taken_ends_the_start() -> None:
    """A port in use ends the start with an error."""
    async with serving() as first:
        options = replace(LOOPBACK, address=f"127.0.0.1:{first.server.port}")
        with pytest.raises(SettingsError, match=r"PROBEWATCH_METRICS_ADDRESS.*in use already"):
            await Served(options=options).server.start()


async def test_server_that_never_started_can_be_stopped() -> None:
    """A server that never started can be stopped."""
    served = Served()
    server: MetricsServer = served.server

    await server.stop()


async def test_what_is_no_http_is_answered_and_closed() -> None:
    """Garbage is answered by 400 and the connection closed."""
    async with serving() as served, connecting(served) as (reader, writer):
        writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.0 400 ")


async def test_headers_have_a_limit() -> None:
    """Headers beyond the limit are 400."""
    async with serving() as served, connecting(served) as (reader, writer):
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000 + b"\r\n\r\n")
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.0 400 ")


async def test_long_token_is_read() -> None:
    """Tokens of large clusters are longer than 8 KiB, the limit of most servers."""
    async with serving() as served:
        answer = await served.ask("/healthz", headers={"Authorization": f"Bearer {'x' * 12_000}"})

    assert 200 == answer.status


async def test_body_is_not_waited_for() -> None:
    """A request with a body is answered at once."""
    async with (
        serving() as served,
        asyncio.timeout(LIMIT_SECONDS / 4),
        connecting(served) as (reader, writer),
    ):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc")
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"ok\n")


async def test_connection_serves_several_requests() -> None:
    """A connection serves several requests."""
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    async with serving() as served, connecting(served) as (reader, writer):
        for _ in range(3):
            writer.write(ask)
            answer = await reader.readuntil(b"ok\n")
            assert answer.startswith(b"HTTP/1.1 200 OK")
