"""One contract for many servers: the playground by default, or a real API server.

Without variables it is the playground of this repository. With `KUBECONFIG_CONTRACT=file` it is the
cluster of that kubeconfig, with `KUBEBUILDER_ASSETS=folder` a kube-apiserver and an etcd that are
started for the tests.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from probewatch.playground.api.server import ApiServer
from tests.contract.client import Client, Place, unique
from tests.contract.servers import ASSETS, KUBECONFIG, read_kubeconfig, running_server, wanted

MakeAccount = Callable[[list[dict[str, list[str]]]], Awaitable[tuple[str, str]]]


@pytest.fixture(scope="session", name="real_place")
def _real_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place | None]:
    match wanted():
        case "":
            yield None
        case name if name == KUBECONFIG:
            yield read_kubeconfig(Path(os.environ[name]))
        case _:
            folder = tmp_path_factory.mktemp("apiserver")
            with running_server(Path(os.environ[ASSETS]), folder) as server:
                yield server.place


@pytest.fixture(name="place")
async def _place(real_place: Place | None) -> AsyncIterator[Place]:
    if real_place is not None:
        yield real_place
        return
    server = ApiServer()
    await server.start()
    yield Place(url=server.url, token=server.tokens.admin)
    await server.stop()


@pytest.fixture(name="api")
async def _api(place: Place) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(place, session)


@pytest.fixture(name="namespace")
async def _namespace(api: Client) -> AsyncIterator[str]:
    """A namespace for one test."""
    name = unique("contract")
    await api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    await api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(name="base")
def _base(namespace: str) -> str:
    """The path of the test's namespace in the core group."""
    return f"/api/v1/namespaces/{namespace}"


@pytest.fixture(name="make_account")
def _make_account(api: Client, namespace: str) -> MakeAccount:
    """Create a service account with these rules in the namespace; returns its name and a token."""

    async def make(rules: list[dict[str, list[str]]]) -> tuple[str, str]:
        name, rights = (
            unique("reader"),
            f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}",
        )
        await api.create(
            f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}}
        )
        await api.create(f"{rights}/roles", {"metadata": {"name": name}, "rules": rules})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
        binding = {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
        await api.create(f"{rights}/rolebindings", binding)
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        issued = await api.create(path, {"spec": {"expirationSeconds": 3600}})
        return name, issued["status"]["token"]

    return make


@pytest.fixture(name="needs_minor")
def _needs_minor(place: Place) -> Callable[[int], None]:
    """Skip a test that needs a newer server."""

    def need(minor: int) -> None:
        if place.minor < minor:
            pytest.skip(f"this server is 1.{place.minor}, and this came with 1.{minor}")

    return need
