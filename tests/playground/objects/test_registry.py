"""The registry: life cycle of namespaces, and dry runs."""

import pytest

from probewatch.playground.kubelet.specs import parse_pod_spec
from probewatch.playground.objects.kubelet import KubeletObjects
from probewatch.playground.objects.registry import Deletion, Registry, Write
from probewatch.playground.objects.status import StatusError
from tests.contract.client import config, pod
from tests.playground.objects.config_maps import left, make


def test_a_namespace_begins_with_an_account(registry: Registry) -> None:
    """Each namespace gets the service account `default`."""
    accounts = registry.items(registry.types.builtin("serviceaccounts"))

    assert {"default", "kube-node-lease", "kube-public", "kube-system"} == {
        item.key.namespace for item in accounts
    }


def test_a_namespace_goes_when_it_is_empty(registry: Registry) -> None:
    """A terminating namespace is removed after its objects, and accepts no new ones."""
    namespaces, pods = registry.types.builtin("namespaces"), registry.types.builtin("pods")
    registry.create(namespaces, {"metadata": {"name": "n"}})
    body = pod("one", nodeName="n1", metadata={"namespace": "n"})
    made = registry.create(pods, body).object
    registry.delete(namespaces, "", "n")

    with pytest.raises(StatusError) as caught:
        registry.create(pods, pod("two", metadata={"namespace": "n"}))
    phase = registry.get(namespaces, "", "n").object["status"]["phase"]
    KubeletObjects(registry).remove(parse_pod_spec(made))

    assert "NamespaceTerminating" == caught.value.body["details"]["causes"][0]["reason"]
    assert ("Terminating", 403) == (phase, caught.value.code)
    assert None is registry.find(namespaces, "", "n")


def test_a_dry_run_keeps_nothing(registry: Registry) -> None:
    """A dry run validates and changes nothing."""
    type_ = registry.types.builtin("configmaps")
    make(registry, "one")
    before = registry.store.version

    registry.create(type_, config("two"), Write(dry_run=True))
    registry.delete(type_, "default", "one", Deletion(dry_run=True))

    assert (["one"], before) == (left(registry), registry.store.version)
