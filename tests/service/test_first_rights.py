"""The question for the rights to pods and Events, right after the start."""

import logging
from collections.abc import Callable

import pytest
from aiohttp import web

from probewatch.service.first_rights import CONFIRM_SECONDS, log_missing
from probewatch.settings import Settings
from tests.kube.clients import client_of, connected
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_time import FakeTime

Rule = Callable[[str, int], bool]
"""Whether a right, such as `list pods shop`, is granted when it is asked for the n-th time."""


async def missing(
    caplog: pytest.LogCaptureFixture, rule: Rule, *namespaces: str
) -> tuple[list[tuple[int, str]], float]:
    """Return what is logged as missing, with its level, and after how many seconds."""
    cluster, time, asked = FakeCluster(), FakeTime(), list[str]()

    async def answer(request: web.Request) -> web.StreamResponse:
        wanted = (await request.json())["spec"]["resourceAttributes"]
        right = f"{wanted['verb']} {wanted['resource']} {wanted['namespace']}".strip()
        asked.append(right)
        allowed = rule(right, asked.count(right))
        return web.json_response({"status": {"allowed": allowed}}, status=201)

    cluster.instead = answer
    begun = time.seconds
    async with connected(cluster) as client:
        await log_missing(client, Settings(namespaces=namespaces), time.clock)
    told = [(each.levelno, vars(each)["right"]) for each in caplog.records]
    assert {"A right is missing"} >= set(caplog.messages)
    return told, time.seconds - begun


async def test_missing_rights_are_named_within_seconds(caplog: pytest.LogCaptureFixture) -> None:
    """Each missing right is named as `kubectl auth can-i` takes it; without pods it is an error."""
    told, seconds = await missing(caplog, lambda _right, _time: False)

    assert [
        (logging.ERROR, "list pods --all-namespaces"),
        (logging.ERROR, "watch pods --all-namespaces"),
        (logging.WARNING, "list events --all-namespaces"),
        (logging.WARNING, "watch events --all-namespaces"),
    ] == told
    assert CONFIRM_SECONDS == seconds


async def test_only_what_is_missing_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """With named namespaces, the one in which a right is missing is told, and the verb."""
    told, _ = await missing(caplog, lambda right, _: right != "watch pods cart", "shop", "cart")

    assert [(logging.ERROR, "watch pods -n cart")] == told


async def test_denial_that_does_not_last_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An API server that has just started may deny a right that it grants a second later."""
    told, _ = await missing(caplog, lambda _right, time: time > 1)

    assert [] == told


async def test_granted_rights_take_no_time(caplog: pytest.LogCaptureFixture) -> None:
    """If nothing is missing, nothing is logged, and nothing is asked twice."""
    told, seconds = await missing(caplog, lambda _right, time: time == 1)

    assert ([], 0.0) == (told, seconds)


async def test_unknown_rights_are_not_missing(caplog: pytest.LogCaptureFixture) -> None:
    """Without an answer it is left to the list of pods to tell what is wrong."""
    async with client_of("http://127.0.0.1:9") as client:
        await log_missing(client, Settings(), FakeTime().clock)

    assert [] == [each for each in caplog.messages if "right" in each]
