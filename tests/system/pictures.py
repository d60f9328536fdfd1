"""Collects what the dashboards show, for `make pictures`: every query, run by a real Prometheus.

The playground plays all stories and a few Deployments for some minutes, the operator
watches, Prometheus scrapes; then each panel's queries are asked for that time. What comes out
is a JSON file that deploy/monitoring/draw.py draws.

    python -m tests.system.pictures FILE     from the repository's root
"""

import asyncio
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from probewatch.playground.cluster import Cluster, ClusterOptions
from probewatch.playground.demo.operator import OperatorProcess
from probewatch.playground.stories.table import STORIES
from tests.monitoring.queries import dashboards
from tests.system.programs import Prometheus, prometheus
from tests.system.prometheus_rig import CRDS, WAITING, apply, deployment, fill_in, http
from tests.system.tools import run_tool

Json = dict[str, Any]

SPEED = 6.0
MINUTES = 4.0
STEP_SECONDS = 2.0
SCRAPE = "1s"
WORKLOAD = "checkout"
SETTINGS = {"PROBEWATCH_SETTLE_SECONDS": "2", "PROBEWATCH_LOOP_WINDOW_SECONDS": "240"}


def shop() -> list[Json]:
    """Deployments beside the stories: one in a loop, one healthy, one waiting."""
    live, ready = http("/healthz", failureThreshold=2), http("/ready")
    start = http("/healthz", failureThreshold=12)
    probes = {"livenessProbe": live, "readinessProbe": ready, "startupProbe": start}
    looping = deployment(WORKLOAD, "-bad 90- -unready 0-12", **probes)
    looping["spec"]["replicas"] = 3
    return [looping, deployment("catalogue", "-unready 0-6", **probes), WAITING]


def story_pods() -> list[Json]:
    """The pods of the stories, in a namespace of their own."""
    names = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "stories"}}
    pods = [
        {**each.manifest, "metadata": {**each.manifest["metadata"], "namespace": "stories"}}
        for each in STORIES
    ]
    return [names, *pods]


async def collect() -> Json:
    """Play the stories, then run all queries."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pictures-")))
        cluster = await stack.enter_async_context(Cluster(ClusterOptions(speed=SPEED)))
        await run_tool("kubectl", "apply", "-f", str(CRDS), kubeconfig=cluster.kubeconfig)
        operator = OperatorProcess(
            cluster.kubeconfig, cluster.runtime.guard, tell=lambda _line: None, settings=SETTINGS
        )
        await stack.enter_async_context(operator)
        scraped = [{"targets": [operator.address]}]
        job = {"job_name": "probewatch", "honor_labels": True, "static_configs": scraped}
        config = {"global": {"scrape_interval": SCRAPE}, "scrape_configs": [job]}
        server = await stack.enter_async_context(prometheus(folder, config))
        begin = time.time()
        await apply(cluster, *shop())
        await apply(cluster, *story_pods())
        await asyncio.sleep(MINUTES * 60)
        return await ask(server, begin=begin, end=time.time())


async def ask(server: Prometheus, *, begin: float, end: float) -> Json:
    """Return the dashboards with the results of their queries."""
    found = {}
    for name, tree in dashboards().items():
        filled = [await ask_panel(server, panel, begin=begin, end=end) for panel in tree["panels"]]
        found[name] = {"title": tree["title"], "panels": filled}
    return {"begin": begin, "end": end, "dashboards": found}


async def ask_panel(server: Prometheus, panel: Json, *, begin: float, end: float) -> Json:
    """Return a panel with the results of each of its queries under `series`."""
    answers = []
    for target in panel.get("targets", ()):
        expression = fill_in(target["expr"], workload=WORKLOAD, window="15s")
        if target.get("instant"):
            series = await server.query(expression, at=end)
        else:
            series = await server.query_range(expression, begin=begin, end=end, step=STEP_SECONDS)
        answers.append({"legend": target.get("legendFormat", ""), "series": series})
    return {**panel, "answers": answers}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(collect())), encoding="utf-8")
