"""Discovery of groups, versions and resources."""

from collections.abc import Callable

from tests.contract.client import AGGREGATED, Client


async def test_the_core_group(api: Client) -> None:
    """The core group lists its resources with scope, kind and verbs."""
    listed = await api.get("/api/v1")

    resources = {item["name"]: item for item in listed["resources"]}
    assert {"pods", "pods/status", "pods/log", "events", "namespaces", "nodes"} <= set(resources)
    pods = resources["pods"]
    assert ("Pod", True, ["po"]) == (pods["kind"], pods["namespaced"], pods["shortNames"])
    assert {"get", "list", "watch", "create", "patch"} <= set(pods["verbs"])
    assert False is resources["namespaces"]["namespaced"]


async def test_the_other_groups(api: Client) -> None:
    """Groups are listed with their versions; each version lists its resources."""
    groups = {item["name"]: item for item in (await api.get("/apis"))["groups"]}

    wanted = {
        "apps",
        "batch",
        "coordination.k8s.io",
        "events.k8s.io",
        "rbac.authorization.k8s.io",
        "apiextensions.k8s.io",
    }
    assert wanted <= set(groups)
    assert "apps/v1" == groups["apps"]["preferredVersion"]["groupVersion"]
    listed = await api.get("/apis/coordination.k8s.io/v1")
    assert "leases" in {item["name"] for item in listed["resources"]}


async def test_everything_at_once(api: Client, needs_minor: Callable[[int], None]) -> None:
    """Aggregated discovery has all groups in one answer."""
    needs_minor(30)

    reply = await api.call("GET", "/apis", accept=f"{AGGREGATED},application/json")

    assert "APIGroupDiscoveryList" in reply.headers["Content-Type"]
    assert '"kind":"APIGroupDiscoveryList"' in reply.text.replace(" ", "")


async def test_what_there_is_not(api: Client) -> None:
    """An unknown group is 404."""
    assert 404 == (await api.call("GET", "/apis/none.example.com/v1")).status
    assert 404 == (await api.call("GET", "/apis/none.example.com/v1/things")).status
