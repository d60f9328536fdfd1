"""The API server beyond the contract: TLS, OpenAPI, validation, logs, evictions."""

import ssl
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from probewatch.playground.api.certificate import make_certificate
from probewatch.playground.api.pods import LogRequest
from probewatch.playground.api.server import ApiServer
from tests.contract.client import Client, config, pod

JsonObject = dict[str, Any]
PODS = "/api/v1/namespaces/default/pods"


async def fetch(url: str, tls: ssl.SSLContext, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.get(url, ssl=tls, headers=headers) as r:
        return r.status


async def test_a_kubeconfig_leads_to_the_server(server: ApiServer, tmp_path: Path) -> None:
    """The kubeconfig has address, CA and token, and mode 0600."""
    path = tmp_path / "kubeconfig"
    server.write_kubeconfig(path, namespace="n")
    found = yaml.safe_load(path.read_text(encoding="utf-8"))

    tls = ssl.create_default_context(cadata=server.authority)
    url, token = found["clusters"][0]["cluster"]["server"], found["users"][0]["user"]["token"]
    assert 200 == await fetch(f"{url}/api/v1/pods", tls, token)
    assert "n" == found["contexts"][0]["context"]["namespace"]
    assert 0o600 == path.stat().st_mode & 0o777


async def test_another_authority_is_not_trusted(server: ApiServer) -> None:
    """A client that trusts another CA cannot connect."""
    tls = ssl.create_default_context(cadata=make_certificate().certificate)

    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await fetch(f"{server.secure_url}/api", tls, server.tokens.admin)


async def test_documents_are_found(api: Client) -> None:
    """OpenAPI has an index and a document for each group."""
    index = await api.get("/openapi/v3")
    document = await api.get("/openapi/v3/api/v1")

    assert "/openapi/v3/apis/apps/v1" == index["paths"]["apis/apps/v1"]["serverRelativeURL"]
    schema = document["components"]["schemas"]["V1Pod"]
    assert [{"group": "", "version": "v1", "kind": "Pod"}] == (
        schema["x-kubernetes-group-version-kind"]
    )
    operation = document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert "fieldValidation" in {item["name"] for item in operation["parameters"]}
    assert 404 == (await api.call("GET", "/openapi/v3/apis/none/v1")).status


def body_of(**container: object) -> JsonObject:
    made = pod("one")
    made["spec"]["containers"][0] |= container
    return made


async def test_strict_validation(api: Client) -> None:
    """With `Strict`, unknown fields are refused with their paths."""
    body = body_of(livenessProbe={"httpGet": {"port": 80, "pth": "/"}}, imagee="x")

    reply = await api.call("POST", f"{PODS}?fieldValidation=Strict", body)

    assert 400 == reply.status
    for path in ("spec.containers[0].imagee", "spec.containers[0].livenessProbe.httpGet.pth"):
        assert f'unknown field "{path}"' in reply.body["message"]


async def test_validation_that_warns(api: Client) -> None:
    """With `Warn`, unknown fields are dropped, each with a warning."""
    reply = await api.call("POST", f"{PODS}?fieldValidation=Warn", body_of(imagee="x"))

    assert 201 == reply.status
    assert 'unknown field \\"spec.containers[0].imagee\\"' in reply.headers["Warning"]
    assert "imagee" not in reply.body["spec"]["containers"][0]


@pytest.mark.parametrize(
    "container",
    [{"env": [{"name": "A", "value": 5}]}, {"command": "sleep"}, {"stdin": "yes"}],
    ids=str,
)
async def test_wrong_types(api: Client, container: JsonObject) -> None:
    """A value of the wrong type is refused."""
    reply = await api.call("POST", f"{PODS}?fieldValidation=Strict", body_of(**container))

    assert (400, True) == (reply.status, "cannot unmarshal" in reply.body["message"])


async def test_quantities_may_be_numbers(api: Client) -> None:
    """Quantities and ports may be strings or numbers."""
    body = body_of(
        resources={"limits": {"cpu": 1, "memory": "48Mi"}},
        livenessProbe={"httpGet": {"port": "http"}},
        ports=[{"containerPort": 80, "name": "http"}],
    )

    assert 201 == (await api.call("POST", f"{PODS}?fieldValidation=Strict", body)).status


async def test_a_validation_that_is_none(api: Client) -> None:
    """An unknown validation mode is refused."""
    assert 400 == (await api.call("POST", f"{PODS}?fieldValidation=Maybe", body_of())).status


@pytest.fixture(name="logs")
def _logs(server: ApiServer) -> list[LogRequest]:
    """The log requests received; each is answered with two lines."""
    asked: list[LogRequest] = []

    async def read(request: LogRequest) -> AsyncGenerator[bytes]:
        asked.append(request)
        yield b"GET /healthz 200\n"
        yield b"GET /ready 500\n"

    server.pods.read_log = read
    return asked


async def test_a_log_is_read(api: Client, logs: list[LogRequest]) -> None:
    """Without a name the only container is read; options are passed on."""
    await api.create(PODS, pod("one"))

    reply = await api.call("GET", f"{PODS}/one/log?previous=true&tailLines=5&follow=true")

    assert ("GET /healthz 200\nGET /ready 500\n", "text/plain") == (
        reply.text,
        reply.headers["Content-Type"],
    )
    (request,) = logs
    assert ("one", "app", True, True, 5) == (
        request.pod,
        request.container,
        request.previous,
        request.follow,
        request.tail_lines,
    )


async def test_a_log_is_of_one_container(api: Client, logs: list[LogRequest]) -> None:
    """With several containers one has to be named."""
    body = pod("one", initContainers=[{"name": "first", "image": "x"}])
    body["spec"]["containers"].append({"name": "other", "image": "x"})
    await api.create(PODS, body)

    unnamed = await api.call("GET", f"{PODS}/one/log")
    unknown = await api.call("GET", f"{PODS}/one/log?container=none")
    named = await api.call("GET", f"{PODS}/one/log?container=first")

    assert (
        "choose one of: [app other] or one of the init containers: [first]"
        in (unnamed.body["message"])
    )
    assert (400, 400, 200, 1) == (unnamed.status, unknown.status, named.status, len(logs))


async def test_without_a_kubelet_a_log_is_empty(api: Client) -> None:
    """Without a kubelet a log is empty."""
    await api.create(PODS, pod("one"))

    assert "" == (await api.call("GET", f"{PODS}/one/log")).text


async def test_a_pod_is_bound(api: Client) -> None:
    """A Binding assigns a pod to a node, once."""
    await api.create(PODS, pod("one"))
    target = {"target": {"kind": "Node", "name": "n1"}}

    await api.create(f"{PODS}/one/binding", target)
    again = await api.call("POST", f"{PODS}/one/binding", target)
    nowhere = await api.call("POST", f"{PODS}/one/binding", {})

    assert "n1" == (await api.get(f"{PODS}/one"))["spec"]["nodeName"]
    assert (409, 400) == (again.status, nowhere.status)


async def test_an_eviction_heeds_budgets(api: Client) -> None:
    """An eviction is refused if the disruption budget is used up."""
    labels = {"app": "x"}
    for name in ("kept", "free"):
        meta = {"labels": labels} if name == "kept" else {}
        await api.create(PODS, pod(name, metadata=meta))
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": labels}}
    await api.create(budgets, {"metadata": {"name": "b"}, "spec": spec})

    kept = await api.call("POST", f"{PODS}/kept/eviction", {})
    free = await api.call("POST", f"{PODS}/free/eviction", {})

    assert (429, 201) == (kept.status, free.status)
    assert 404 == (await api.call("GET", f"{PODS}/free")).status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("POST", f"{PODS}/one/status"),
        ("DELETE", "/apis/apps/v1/namespaces/default/deployments/d/scale"),
    ],
)
async def test_methods_that_are_not_allowed(api: Client, method: str, path: str) -> None:
    """An unsupported method is 405."""
    await api.create(PODS, pod("one"))

    assert 405 == (await api.call(method, path, {})).status


async def test_paths_that_lead_nowhere(api: Client) -> None:
    """Unknown paths and subresources are 404."""
    await api.create(PODS, pod("one"))
    paths = (f"{PODS}/one/none", "/none", "/apis/apps/v1/namespaces/default/daemonsets/d/scale")

    assert {404} == {(await api.call("GET", path)).status for path in paths}


async def test_the_root_lists_paths(api: Client) -> None:
    """The root lists the available paths."""
    assert "/apis" in (await api.get("/"))["paths"]


async def test_a_list_token_outlives_its_moment(server: ApiServer, api: Client) -> None:
    """An expired continue token is 410, with a token to continue at the current version."""
    path = "/api/v1/namespaces/default/configmaps"
    for name in ("a", "b", "c"):
        await api.create(path, config(name))
    token = (await api.get(f"{path}?limit=1"))["metadata"]["continue"]
    await api.delete(f"{path}/b")
    server.registry.store.compact()

    late = await api.call("GET", f"{path}?limit=1&continue={token}")
    fresh = late.body["metadata"]["continue"]
    rest = await api.get(f"{path}?continue={fresh}")

    assert (410, "Expired") == (late.status, late.body["reason"])
    assert ["c"] == [item["metadata"]["name"] for item in rest["items"]]


@pytest.mark.parametrize(
    ("status", "query"),
    [
        (422, "resourceVersionMatch=Exact"),
        (422, "resourceVersion=0&resourceVersionMatch=Exact"),
        (422, "resourceVersion=1&resourceVersionMatch=Odd"),
        (400, "limit=many"),
        (200, "resourceVersion=0&limit=1"),
        (200, "resourceVersion=1&resourceVersionMatch=NotOlderThan"),
    ],
)
async def test_options_of_lists(api: Client, status: int, query: str) -> None:
    """Contradictory list options are refused."""
    assert status == (await api.call("GET", f"{PODS}?{query}")).status


async def test_bookmarks_come_regularly() -> None:
    """A quiet watch gets bookmarks periodically."""
    server = ApiServer(bookmark_seconds=0.01)
    await server.start()
    try:
        headers = {"Authorization": f"Bearer {server.tokens.admin}"}
        async with aiohttp.ClientSession(server.url, headers=headers) as session:
            query = "watch=true&allowWatchBookmarks=true&resourceVersion="
            url = f"{PODS}?{query}{server.registry.store.version}"
            async with session.get(url) as response:
                lines = [await response.content.readline() for _ in range(2)]
    finally:
        await server.stop()

    assert all(line.startswith(b'{"type":"BOOKMARK"') for line in lines)


async def test_a_scale_is_replaced_on_its_version(api: Client) -> None:
    """A write of a scale checks the resourceVersion."""
    path = "/apis/apps/v1/namespaces/default/deployments"
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": pod("x")["spec"]}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    await api.create(path, {"metadata": {"name": "d"}, "spec": spec})
    scale = await api.get(f"{path}/d/scale")

    new = {**scale, "spec": {"replicas": 3}}
    first = await api.call("PUT", f"{path}/d/scale", new)
    second = await api.call("PUT", f"{path}/d/scale", new)

    assert (200, 3, 409) == (first.status, first.body["spec"]["replicas"], second.status)
    assert "a=b" == scale["status"]["selector"]
