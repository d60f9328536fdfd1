"""The RBAC that we ship: enough for everything that the operator does, and no more.

The playground enforces the roles of the chart and keeps an audit log. There is one run for each
mode, in which each right is needed. The second run is against a server without streaming lists, as
before Kubernetes 1.32.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from probewatch.playground.api.fault_plan import FOR_EVER, Match
from probewatch.playground.api.faults import Respond
from probewatch.playground.api.rights import Action
from probewatch.playground.api.users import service_account
from probewatch.playground.cluster import Cluster, ClusterOptions
from probewatch.playground.demo.operator import OperatorProcess
from probewatch.playground.stories.pods import Story
from probewatch.playground.stories.table import find_story
from tests.deploy.rendering import CHART, Object, environment, render_chart
from tests.system.tools import run_tool

pytestmark = pytest.mark.slow

NAMESPACE, ACCOUNT = "probewatch", "probewatch"
WATCHED = "shop"
SCRAPER, STRANGER, READER = "prometheus", "stranger", "probewatch-metrics-reader"
USER = service_account(NAMESPACE, ACCOUNT).name

SPEED = 8.0
BOUND_SECONDS = 25
SETTINGS = {
    "PROBEWATCH_SETTLE_SECONDS": "1",
    "PROBEWATCH_INACTIVITY_SECONDS": "5",
}

NOT_YET = 503

STREAMING = Match(verb="watch", query={"sendInitialEvents": "*"})
STREAMED = frozenset({"list pods", "list events"})
UNKNOWN = Respond.error(422, "Invalid", message="sendInitialEvents is forbidden for watch")


WRITE_OF_A_RECORD = Match(verb="update", resource="probereports", subresource="status")
CONFLICT = Respond.error(409, "Conflict", message="the object has been modified")
"""One conflict, so that the operator gets the report again: that needs its own right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """The values of the chart, and the kind of server."""

    values: dict[str, Any]
    has_streams: bool = True


MODES: Mapping[str, Mode] = {
    "whole cluster": Mode(values={"metrics": {"authorization": {"enabled": True}}}),
    "named namespaces": Mode(values={"namespaces": [WATCHED]}, has_streams=False),
}

POLICY = {
    "apiVersion": "probewatch.dev/v1alpha1",
    "kind": "ProbePolicy",
    "metadata": {"name": "default", "namespace": WATCHED},
    "spec": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the operator was denied, and which rights it used or did not use."""

    denied: frozenset[str]
    unused: frozenset[str]
    used: frozenset[str]
    scraped: Mapping[str, int]
    """The status of /metrics, by who requested it."""


def render(action: Action) -> str:
    group = f" ({action.group})" if action.group else ""
    return f"{action.verb} {action.full_resource}{group}"


def granted(objects: list[Object]) -> Iterator[Action]:
    """Yield each right that the operator's roles grant."""
    for role in objects:
        if role["kind"] in {"Role", "ClusterRole"} and not is_for_people(role):
            for rule in role["rules"]:
                for group, resource, verb in product(
                    rule["apiGroups"], rule["resources"], rule["verbs"]
                ):
                    name, _, subresource = resource.partition("/")
                    yield Action(verb=verb, group=group, resource=name, subresource=subresource)


def is_for_people(role: Object) -> bool:
    """Whether a role is for people who read our resources, and not for the operator."""
    name: str = role["metadata"]["name"]
    return name.endswith(("-view", "-edit", "-metrics-reader"))


def owned(kind: str, story: Story) -> Object:
    """A Deployment or a Job whose pods play a story."""
    template = {"metadata": {"labels": {"app": kind.lower()}}, "spec": story.pod}
    if kind == "Job":
        pod = {**story.pod, "restartPolicy": "OnFailure"}
        return {
            "apiVersion": "batch/v1",
            "kind": kind,
            "metadata": {"name": "batch", "namespace": WATCHED},
            "spec": {"template": {**template, "spec": pod}},
        }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": WATCHED},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": kind.lower()}},
            "template": template,
        },
    }


async def ask(mode: Mode, folder: Path) -> Asked:
    """Install the chart, run the operator under its own account, and read the audit log."""
    objects = render_chart(mode.values)
    async with Cluster(ClusterOptions(speed=SPEED)) as cluster:
        cluster.server.faults.add(WRITE_OF_A_RECORD, CONFLICT)
        if not mode.has_streams:
            cluster.server.faults.add(STREAMING, UNKNOWN, times=FOR_EVER)
        await install(cluster, objects)
        own = folder / "kubeconfig"
        token = cluster.server.accounts.issue(NAMESPACE, ACCOUNT)
        cluster.server.write_kubeconfig(own, token=token, namespace=NAMESPACE)
        operator = OperatorProcess(
            str(own),
            cluster.runtime.guard,
            tell=lambda _line: None,
            settings={**environment(objects), **SETTINGS},
        )
        async with operator:
            await apply(cluster, *things_to_do())
            scraped = await scrape(cluster, operator.address)
            await until_all_is_used(cluster, objects, mode)
        audit = cluster.server.audit
        return Asked(
            denied=frozenset(map(render, audit.denials(USER))),
            unused=frozenset(map(render, audit.unused(USER, tuple(granted(objects))))),
            used=frozenset(render(record.action) for record in audit.of(USER)),
            scraped=scraped,
        )


async def install(cluster: Cluster, objects: list[Object]) -> None:
    """Apply the chart except for its pods, and bind the scraper to the reader role."""
    for name in (NAMESPACE, WATCHED):
        await run_tool("kubectl", "create", "namespace", name, kubeconfig=cluster.kubeconfig)
    await apply(cluster, *(each for each in objects if each["kind"] not in {"Deployment", "Pod"}))
    for name in (SCRAPER, STRANGER):
        account = ("create", "serviceaccount", name, "--namespace", WATCHED)
        await run_tool("kubectl", *account, kubeconfig=cluster.kubeconfig)
    to_whom = f"--serviceaccount={WATCHED}:{SCRAPER}"
    binding = ("create", "clusterrolebinding", SCRAPER, f"--clusterrole={READER}", to_whom)
    await run_tool("kubectl", *binding, kubeconfig=cluster.kubeconfig)


async def scrape(cluster: Cluster, address: str) -> Mapping[str, int]:
    """Request /metrics as a scraper, as somebody without the right, and without a token.

    Until the records are read, the scraper gets 503.
    """
    issue = cluster.server.accounts.issue
    tokens = {name: issue(WATCHED, name) for name in (SCRAPER, STRANGER)}
    statuses: dict[str, int] = {}
    for _ in range(int(BOUND_SECONDS / 0.1)):
        for who, token in {**tokens, "nobody": ""}.items():
            statuses[who] = await ask_for_metrics(address, token)
        if NOT_YET not in statuses.values():
            break
        await asyncio.sleep(0.1)
    return statuses


async def ask_for_metrics(address: str, token: str) -> int:
    """Return the status of the answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}/metrics", headers=headers) as answer,
    ):
        return answer.status


def things_to_do() -> Iterator[Object]:
    """Yield objects for which the operator needs its rights: restarts, owners, a policy."""
    story = find_story("live-http")
    yield owned("Deployment", story)
    yield owned("Job", story)
    if list((CHART / "files" / "crds").glob("*.yaml")):
        yield POLICY


async def apply(cluster: Cluster, *objects: Object) -> None:
    text = yaml.safe_dump_all(objects)
    await run_tool("kubectl", "apply", "-f", "-", kubeconfig=cluster.kubeconfig, text=text)


async def until_all_is_used(cluster: Cluster, objects: list[Object], mode: Mode) -> None:
    """Wait until every right was used, or the time is over.

    With streaming lists, `list` is not used for pods and Events.
    """
    streamed = STREAMED if mode.has_streams else frozenset()
    everything = [each for each in granted(objects) if render(each) not in streamed]
    for _ in range(int(BOUND_SECONDS / 0.1)):
        if not cluster.server.audit.unused(USER, everything):
            return
        await asyncio.sleep(0.1)


@pytest.fixture(name="asked", scope="module")
def _asked(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Asked]:
    """One run in each mode."""
    return {
        name: asyncio.run(ask(mode, tmp_path_factory.mktemp("rights")))
        for name, mode in MODES.items()
    }


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_denied(asked: Mapping[str, Asked], mode: str) -> None:
    """The operator requests nothing that its roles do not grant."""
    assert frozenset() == asked[mode].denied


def test_every_right_is_used(asked: Mapping[str, Asked]) -> None:
    """Every right is used, with a new server or an old one."""
    assert frozenset() == frozenset.intersection(*(each.unused for each in asked.values()))


@pytest.mark.parametrize("mode", MODES)
def test_pods_are_only_looked_at(asked: Mapping[str, Asked], mode: str) -> None:
    """The operator only lists and watches pods."""
    about_pods = {each for each in asked[mode].used if " pods" in each}

    assert about_pods <= {"list pods", "watch pods"}


def test_metrics_are_for_those_who_may_read_them(asked: Mapping[str, Asked]) -> None:
    """With authorization on, only a reader bound to the chart's role gets /metrics."""
    assert {SCRAPER: 200, STRANGER: 403, "nobody": 401} == asked["whole cluster"].scraped
    assert {200} == set(asked["named namespaces"].scraped.values())
