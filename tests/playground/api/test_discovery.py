"""Discovery: the order of versions, of which clients take the first."""

from tests.contract.client import AGGREGATED, Client
from tests.contract.definitions import DEFINITIONS, definition

GROUP = "shop.example.com"
BY_PRIORITY = ["v10", "v2", "v1", "v11beta2", "v2beta10", "v2beta2", "v3alpha1", "old", "v1rc1"]


async def test_versions_are_listed_by_priority(api: Client) -> None:
    """Versions are sorted as by Kubernetes: stable, beta, alpha, each by number, then others."""
    body = definition(GROUP)
    (version,) = body["spec"]["versions"]
    body["spec"]["versions"] = [
        {**version, "name": name, "storage": name == "v1"} for name in sorted(BY_PRIORITY)
    ]
    await api.create(DEFINITIONS, body)

    found = await api.get(f"/apis/{GROUP}")
    reply = await api.call("GET", "/apis", accept=AGGREGATED)

    assert "v10" == found["preferredVersion"]["version"]
    assert BY_PRIORITY == [item["version"] for item in found["versions"]]
    (group,) = (item for item in reply.body["items"] if item["metadata"]["name"] == GROUP)
    assert BY_PRIORITY == [item["version"] for item in group["versions"]]
