"""The rights that we ship: enough for everything the operator does, and not one more.

The playground enforces RBAC by the very roles that the chart makes, and keeps a record of
who asked for what. One run in each mode, with something for each right to do. The second
run meets a server without streaming lists, as those before Kubernetes 1.32 are.
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
"""Once, so that the record is read again: what the right to get one is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How it is installed, and on what kind of server."""

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
    """What the operator was refused, which grants it did not use, and which it did."""

    denied: frozenset[str]
    unused: frozenset[str]
    used: frozenset[str]
    scraped: Mapping[str, int]
    """What /metrics answered, by who asked."""


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
    """Whether a role is for those who look at our resources, not for the operator."""
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
    """Install, let the operator work under its own account, and read the record."""
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
    """Apply what the chart makes but for its pods; a scraper may get what its role says."""
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
    """Ask for /metrics as somebody who may, as somebody who may not, and as nobody.

    Until the records are read there is no answer to anybody who may have one.
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
    """Yield what makes the operator use its rights: restarts, owners of both kinds, a policy."""
    story = find_story("live-http")
    yield owned("Deployment", story)
    yield owned("Job", story)
    if list((CHART / "files" / "crds").glob("*.yaml")):
        yield POLICY


async def apply(cluster: Cluster, *objects: Object) -> None:
    text = yaml.safe_dump_all(objects)
    await run_tool("kubectl", "apply", "-f", "-", kubeconfig=cluster.kubeconfig, text=text)


async def until_all_is_used(cluster: Cluster, objects: list[Object], mode: Mode) -> None:
    """Wait until no right is unused, or for so long as it may take.

    Where lists are streamed, nobody lists pods or Events.
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
    """The operator never asks for what its roles do not grant."""
    assert frozenset() == asked[mode].denied


def test_every_right_is_used(asked: Mapping[str, Asked]) -> None:
    """There is no right that the operator does not use, on a new server or on an old one."""
    assert frozenset() == frozenset.intersection(*(each.unused for each in asked.values()))


@pytest.mark.parametrize("mode", MODES)
def test_pods_are_only_looked_at(asked: Mapping[str, Asked], mode: str) -> None:
    """Of pods the operator only ever lists and watches."""
    about_pods = {each for each in asked[mode].used if " pods" in each}

    assert about_pods <= {"list pods", "watch pods"}


def test_metrics_are_for_those_who_may_read_them(asked: Mapping[str, Asked]) -> None:
    """With authorization on, only who is bound to the chart's role is given anything."""
    assert {SCRAPER: 200, STRANGER: 403, "nobody": 401} == asked["whole cluster"].scraped
    assert {200} == set(asked["named namespaces"].scraped.values())
