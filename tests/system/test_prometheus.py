"""An alert from end to end, with the real Prometheus and the real Alertmanager.

A container is killed by its liveness probe again and again; the operator shows that on /metrics,
Prometheus scrapes it and evaluates the rules that we ship, and Alertmanager notifies a receiver.
Then a fix is rolled out, and the alert resolves. Only durations are shorter than shipped: a minute
in the rules is a second here.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from probewatch.playground.api.fault_plan import Match
from probewatch.playground.api.faults import Cut, End, Line
from probewatch.playground.cluster import Cluster, ClusterOptions
from probewatch.playground.demo.operator import OperatorProcess
from tests.monitoring.queries import panels
from tests.monitoring.stories import RULES
from tests.system.programs import Alertmanager, Prometheus, alertmanager, prometheus
from tests.system.prometheus_rig import CRDS, WAITING, Json, apply, deployment, fill_in, http
from tests.system.tools import run_tool

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

LOOP = "ProbeWatchLivenessLoop"
SPEED = 8.0
SCRAPE_SECONDS = 0.5
BOUND_SECONDS = 60.0
CUT = Cut(end=End.RESET)
SETTINGS = {
    "PROBEWATCH_SETTLE_SECONDS": "1",
    "PROBEWATCH_LOOP_RESTARTS": "2",
    "PROBEWATCH_LOOP_WINDOW_SECONDS": "60",
}
"""The clock of the kubelet runs faster than the operator's."""

PATIENCE = 40
"""The number of tries for panels that have no data yet."""

RARE = {
    "workload: Killed by a probe and not started again",
    "workload: Verdicts that later evidence corrected",
}
"""Panels that may be empty while the loop goes on: their queries only have to run."""


def scaled_rules() -> Json:
    """The rules as shipped, with `for` at a sixtieth; the windows of counters stay."""
    text = RULES.read_text(encoding="utf-8")
    text = re.sub(r"for: (\d+)m\b", r"for: \1s", text)
    text = re.sub(r"interval: (\d+)m\b", r"interval: \1s", text)
    text = re.sub(r"(max_over_time\(probewatch_\w+\{[^}]*\}\[)10m\]", r"\g<1>5s]", text)
    rules: Json = yaml.safe_load(text)
    return rules


def web_app(script: str) -> Json:
    hasty = http("/healthz", failureThreshold=1)
    return deployment("web", script, livenessProbe=hasty, readinessProbe=http("/ready"))


BROKEN, FIXED = web_app("-bad 20-"), web_app("")


@dataclass
class Told:
    """The results of the run."""

    notices: list[Json] = field(default_factory=list)
    """The notifications that Alertmanager sent to its receiver."""
    fired: set[str] = field(default_factory=set)
    """The alerts that fired in Prometheus during the loop."""
    held: set[str] = field(default_factory=set)
    """The alerts in Alertmanager during the loop."""
    empty: list[str] = field(default_factory=list)
    """The panel queries without a result."""
    left: set[str] = field(default_factory=set)
    """The alerts in Prometheus or Alertmanager at the end."""

    def states(self, name: str) -> list[str]:
        """The states of an alert in the notifications, in order, without repeats."""
        told = [
            each["status"]
            for notice in self.notices
            for each in notice["alerts"]
            if each["labels"]["alertname"] == name
        ]
        return [each for place, each in enumerate(told) if told[place - 1 : place] != [each]]


@contextlib.asynccontextmanager
async def receiving(notices: list[Json]) -> AsyncIterator[str]:
    """Run a receiver for Alertmanager's notifications; yields its address."""

    async def take(request: web.Request) -> web.Response:
        notices.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        await runner.cleanup()


def alertmanager_config(receiver: str) -> Json:
    return {
        "route": {
            "receiver": "test",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "1s",
        },
        "receivers": [{"name": "test", "webhook_configs": [{"url": receiver}]}],
    }


def prometheus_config(folder: Path, *, operator: str, alertmanager: str) -> Json:
    rules = folder / "rules.yaml"
    rules.write_text(yaml.safe_dump(scaled_rules()), encoding="utf-8")
    every = f"{SCRAPE_SECONDS * 1000:g}ms"
    return {
        "global": {"scrape_interval": every, "evaluation_interval": every, "scrape_timeout": every},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            {
                "job_name": "probewatch",
                "honor_labels": True,
                "static_configs": [{"targets": [operator]}],
            }
        ],
    }


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until a condition is true; fail after too long."""
    try:
        async with asyncio.timeout(BOUND_SECONDS):
            while not await condition():  # noqa: ASYNC110  # what is waited for has no event
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"it did not happen within {BOUND_SECONDS:g} s: {what}")


async def play(folder: Path) -> Told:
    """Break the app, wait for the alert, run all queries, fix the app, wait for the resolution."""
    told = Told()
    async with contextlib.AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(ClusterOptions(speed=SPEED)))
        cluster.server.faults.add(Match(verb="watch", resource="pods"), Line(action=CUT, number=9))
        await run_tool("kubectl", "apply", "-f", str(CRDS), kubeconfig=cluster.kubeconfig)
        operator = OperatorProcess(
            cluster.kubeconfig, cluster.runtime.guard, tell=lambda _line: None, settings=SETTINGS
        )
        await stack.enter_async_context(operator)
        receiver = await stack.enter_async_context(receiving(told.notices))
        manager = await stack.enter_async_context(
            alertmanager(folder, alertmanager_config(receiver))
        )
        config = prometheus_config(folder, operator=operator.address, alertmanager=manager.address)
        server = await stack.enter_async_context(prometheus(folder, config))
        await apply(cluster, WAITING, BROKEN)
        await watch_it_fire(told, server, manager)
        told.empty = await ask_everything(server)
        await apply(cluster, FIXED)
        await watch_it_clear(told, server, manager)
    return told


async def watch_it_fire(told: Told, server: Prometheus, manager: Alertmanager) -> None:
    async def is_told() -> bool:
        return "firing" in told.states(LOOP)

    async def is_counted() -> bool:
        # A restart is counted once its record is written, so that it is never counted twice.
        return bool(await server.query("increase(probewatch_container_restarts_total[1m]) > 0"))

    await until(is_told, "the receiver is told that the loop's alert fires")
    await until(is_counted, "restarts are counted")
    told.fired, told.held = await server.alerts(), await manager.active()


async def watch_it_clear(told: Told, server: Prometheus, manager: Alertmanager) -> None:
    async def is_over() -> bool:
        return "resolved" in told.states(LOOP)

    await until(is_over, "the receiver is told that the loop is over")
    told.left = await server.alerts() | await manager.active()


async def ask_everything(server: Prometheus) -> list[str]:
    """Run every query of every panel, as Grafana would; return those without a result.

    Some need one more kill before they have one.
    """
    left = [(panel, each) for panel in panels() for each in panel.expressions]
    for _ in range(PATIENCE):
        left = [asked for asked in left if not await server.query(fill_in(asked[1]))]
        if all(str(panel) in RARE for panel, _ in left):
            break
        await asyncio.sleep(SCRAPE_SECONDS)
    return [f"{panel}: {expression}" for panel, expression in left if str(panel) not in RARE]


@pytest.fixture(name="told", scope="module")
def _told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The results of one run for all tests."""
    return asyncio.run(play(tmp_path_factory.mktemp("prometheus")))


def test_the_alert_fires_and_arrives(told: Told) -> None:
    """The alert for the loop fires in Prometheus and reaches Alertmanager; no other one does."""
    assert {LOOP} == told.fired
    assert {LOOP} == told.held


def test_the_alert_clears_after_the_fix(told: Told) -> None:
    """The receiver is notified that the alert fires and later that it resolves; none is left."""
    assert ["firing", "resolved"] == told.states(LOOP)
    assert set() == told.left


def test_the_notification_names_the_runbook(told: Told) -> None:
    """The notification names the workload, the container and the runbook."""
    alert = told.notices[0]["alerts"][0]

    assert (
        alert["labels"]
        | {
            "namespace": "default",
            "workload": "web",
            "workload_type": "deployment",
            "container": "app",
            "severity": "warning",
        }
        == alert["labels"]
    )
    assert "deployment default/web" in alert["annotations"]["description"]
    assert alert["annotations"]["runbook_url"].endswith(f"/{LOOP}.md")


def test_every_panel_has_data(told: Told) -> None:
    """Each query of each dashboard has a result during the loop."""
    assert [] == told.empty
