"""What commands ask of the API server: which namespace, which pods, and every page of a list."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from probewatch.commands import advise, explain, report
from probewatch.commands.live_specs import PAGE
from tests.commands.shop import FULL, KILLING, PODS, REPORTS, Json, parse, pod, standing
from tests.support.fake_cluster import Answer, FakeCluster

CART = "/api/v1/namespaces/cart"
CART_REPORTS = "/apis/probewatch.dev/v1alpha1/namespaces/cart/probereports"
ALL_REPORTS = "/apis/probewatch.dev/v1alpha1/probereports"


def pages(*contents: list[Json]) -> Answer:
    """Answer every list in pages."""

    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query.get("continue", "0"))
        more = {"continue": str(number + 1)} if number + 1 < len(contents) else {}
        return web.json_response({"metadata": more, "items": contents[number]})

    return answer


@pytest.mark.parametrize(
    ("flags", "path"),
    [((), PODS), (("-n", "cart"), f"{CART}/pods"), (("-A",), "/api/v1/pods")],
    ids=["the context's", "a named one", "all"],
)
async def test_advise_reads_the_namespace_it_is_given(
    tmp_path: Path, flags: tuple[str, ...], path: str
) -> None:
    """`advise` lists the pods of the context's namespace, of the named one, or of all."""
    cluster = FakeCluster()
    async with standing(cluster, tmp_path) as kubeconfig:
        await advise.read_cluster(parse(advise, *flags, "--kubeconfig", kubeconfig))

    assert [path] == [each.path for each in cluster.asked]


@pytest.mark.parametrize(
    ("flags", "path", "place"),
    [
        ((), REPORTS, "the namespace shop"),
        (("-n", "cart"), CART_REPORTS, "the namespace cart"),
        (("-A",), ALL_REPORTS, "any namespace"),
    ],
    ids=["the context's", "a named one", "all"],
)
async def test_report_reads_the_namespace_it_is_given(
    tmp_path: Path, flags: tuple[str, ...], path: str, place: str
) -> None:
    """`report` lists the reports of the context's namespace, of the named one, or of all."""
    cluster = FakeCluster(instead=pages([]))
    async with standing(cluster, tmp_path) as kubeconfig:
        view = await report.read(parse(report, *flags, "--kubeconfig", kubeconfig))

    assert [path] == [each.path for each in cluster.asked]
    assert (place, place == "any namespace") == (view.place, view.is_everywhere)


async def test_explain_reads_the_namespace_it_is_given(tmp_path: Path) -> None:
    """`explain -n` reads pod, Events and records there, and only the Events about this pod."""
    cluster = FakeCluster()
    await cluster.put(f"{CART}/pods", pod())
    await cluster.put(f"{CART}/events", KILLING)
    async with standing(cluster, tmp_path) as kubeconfig:
        asked = parse(explain, "web-x", "-n", "cart", "--kubeconfig", kubeconfig)
        story = await explain.read(asked)

    assert "cart" == story.namespace
    assert [f"{CART}/pods/web-x", f"{CART}/events", CART_REPORTS] == [
        each.path for each in cluster.asked
    ]
    selector = "involvedObject.kind=Pod,involvedObject.name=web-x,source=kubelet"
    assert selector == cluster.asked[1].query["fieldSelector"]


def add_context(kubeconfig: Path, name: str, *, namespace: str) -> None:
    content = json.loads(kubeconfig.read_text())
    content["contexts"].append({"name": name, "context": {"cluster": "c", "namespace": namespace}})
    kubeconfig.write_text(json.dumps(content))


async def test_context_is_the_one_that_is_named(tmp_path: Path) -> None:
    """`--context` chooses a context of the kubeconfig, with its namespace."""
    cluster = FakeCluster()
    async with standing(cluster, tmp_path) as kubeconfig:
        add_context(Path(kubeconfig), "other", namespace="cart")
        flags = ("--kubeconfig", kubeconfig, "--context", "other")
        await advise.read_cluster(parse(advise, *flags))

    assert [f"{CART}/pods"] == [each.path for each in cluster.asked]


async def test_advise_reads_all_pages_with_its_selector(tmp_path: Path) -> None:
    """`advise` reads every page of the pods, each with the same selector and limit."""
    cluster = FakeCluster(instead=pages([pod("a")], [pod("b")], [pod("c")]))
    async with standing(cluster, tmp_path) as kubeconfig:
        flags = ("-l", "app=web", "--kubeconfig", kubeconfig)
        templates = await advise.read_cluster(parse(advise, *flags))

    assert ["a", "b", "c"] == [each.name for each in templates]
    assert [("app=web", str(PAGE))] * 3 == [
        (each.query["labelSelector"], each.query["limit"]) for each in cluster.asked
    ]


async def test_report_reads_all_pages(tmp_path: Path) -> None:
    """`report` reads every page of the reports; parts of one workload may be on several."""
    parts = [{**FULL, "status": {**FULL["status"], "part": number}} for number in range(2)]
    cluster = FakeCluster(instead=pages(*([each] for each in parts)))
    async with standing(cluster, tmp_path) as kubeconfig:
        view = await report.read(parse(report, "--kubeconfig", kubeconfig))

    (web_found,) = view.summaries
    assert (10, 6, 151.0) == (web_found.restarts, web_found.losses, web_found.not_ready_seconds)


async def test_report_leaves_out_what_is_no_text(tmp_path: Path) -> None:
    """A report in another encoding than UTF-8 does not hide the others."""
    odd = json.dumps(FULL).encode().replace(b"Deployment", b"D\xe9ployment", 1)
    body = b'{"metadata": {}, "items": [%b, %b]}' % (odd, json.dumps(FULL).encode())

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    async with standing(FakeCluster(instead=answer), tmp_path) as kubeconfig:
        view = await report.read(parse(report, "--kubeconfig", kubeconfig))

    (web_found,) = view.summaries
    assert 5 == web_found.restarts
