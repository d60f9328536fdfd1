"""OpenAPI documents reflect what is served at the time."""

from probewatch.playground.api.openapi import Documents
from probewatch.playground.api.requests import Request
from probewatch.playground.objects.definitions import Version
from probewatch.playground.objects.types import ResourceType, Types
from tests.contract.client import Client
from tests.contract.definitions import DEFINITIONS, SCHEMA, definition

PODS = ResourceType(plural="pods", kind="Pod")
LEASES = ResourceType(group="coordination.k8s.io", plural="leases", kind="Lease")
GROUP = "shop.example.com"
WIDGETS = ResourceType(group=GROUP, plural="widgets", kind="Widget", custom=True, definition="w")


def asking(path: str) -> Request:
    return Request(method="GET", path=path, verb="get")


def test_what_takes_long_is_known_before() -> None:
    """Only the models of a document that is not cached are loaded in a thread."""
    version = Version(type_=WIDGETS, schema=SCHEMA, columns=())
    documents = Documents(
        Types([PODS, LEASES, WIDGETS]), lambda: {(WIDGETS.store, WIDGETS.version): version}
    )
    leases = asking("/openapi/v3/apis/coordination.k8s.io/v1")

    assert ("V1Lease", "V1ObjectMeta") == documents.find_models(leases)
    assert ("V1ObjectMeta",) == documents.find_models(asking(f"/openapi/v3/apis/{GROUP}/v1"))
    for path in ("/openapi/v3", "/openapi/v2", "/openapi/v3/apis/none/v1", "/api/v1/pods"):
        assert () == documents.find_models(asking(path))
    documents.answer(leases)
    assert () == documents.find_models(leases)


async def test_a_document_changes_with_its_definition(api: Client) -> None:
    """A document follows changes and the deletion of its CustomResourceDefinition."""
    body = definition(GROUP)
    path = f"/openapi/v3/apis/{GROUP}/v1alpha1"
    await api.create(DEFINITIONS, body)
    before = await api.get(path)

    added = {"type": "object", "properties": {"more": {"type": "string"}}}
    operation = {
        "op": "add",
        "path": "/spec/versions/0/schema/openAPIV3Schema/properties/more",
        "value": added,
    }
    name = f"{DEFINITIONS}/{body['metadata']['name']}"
    await api.patch(name, [operation], content_type="application/json-patch+json")
    after = await api.get(path)
    await api.delete(name)

    (kind,) = (key for key in before["components"]["schemas"] if key.endswith(".Widget"))
    assert "more" not in before["components"]["schemas"][kind]["properties"]
    assert added == after["components"]["schemas"][kind]["properties"]["more"]
    assert 404 == (await api.call("GET", path)).status
