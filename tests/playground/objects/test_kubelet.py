"""What kubelet and scheduler write."""

import pytest

from probewatch.playground.kubelet.specs import parse_pod_spec
from probewatch.playground.objects.kubelet import KubeletObjects
from probewatch.playground.objects.registry import Registry
from probewatch.playground.objects.scheduling import bind_pod
from probewatch.playground.objects.status import StatusError
from tests.contract.client import pod
from tests.playground.objects.config_maps import JsonObject


def test_a_kubelet_writes_the_status_of_its_pod(
    registry: Registry, kubelet: KubeletObjects
) -> None:
    """A status is made from the old one, only for the pod with this uid."""
    pods = registry.types.builtin("pods")
    old = parse_pod_spec(registry.create(pods, pod("one")).object)
    registry.delete(pods, "default", "one")
    kubelet.write_status(old, lambda status: {**status, "phase": "Running"})
    new = registry.create(pods, pod("one"))
    kubelet.write_status(old, lambda status: {**status, "phase": "Failed"})
    kubelet.write_status(parse_pod_spec(new.object), lambda status: {**status, "podIP": "10.0.0.1"})

    found = registry.get(pods, "default", "one").object["status"]
    assert {"phase": "Pending", "qosClass": "BestEffort", "podIP": "10.0.0.1"} == found


def test_a_kubelet_lets_only_deleted_pods_go(registry: Registry, kubelet: KubeletObjects) -> None:
    """A kubelet can only remove pods that are being deleted."""
    pods = registry.types.builtin("pods")
    spec = parse_pod_spec(registry.create(pods, pod("one", nodeName="n1")).object)
    kubelet.remove(spec)
    is_there = registry.find(pods, "default", "one") is not None
    registry.delete(pods, "default", "one")
    kubelet.remove(spec)

    assert (True, None) == (is_there, registry.find(pods, "default", "one"))


def test_a_kubelets_events_are_kept_and_counted(
    registry: Registry, kubelet: KubeletObjects
) -> None:
    """An Event of the same name updates the first; an invalid one is dropped."""
    event: JsonObject = {
        "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "Killing",
        "count": 1,
    }
    kubelet.keep(event)
    kubelet.keep({**event, "count": 2})
    astray = {**event["involvedObject"], "namespace": "elsewhere"}
    kubelet.keep(
        {**event, "metadata": {**event["metadata"], "name": "f"}, "involvedObject": astray}
    )

    (found,) = registry.items(registry.types.builtin("events"))
    assert ("e", 2) == (found.key.name, found.object["count"])


def test_a_pod_gets_a_node_once(registry: Registry) -> None:
    """A pod is bound once, with the condition PodScheduled."""
    registry.create(registry.types.builtin("pods"), pod("one"))

    bound = bind_pod(registry, "default", "one", "n1").object
    with pytest.raises(StatusError, match="already assigned"):
        bind_pod(registry, "default", "one", "n2")

    assert ("n1", "PodScheduled") == (
        bound["spec"]["nodeName"],
        bound["status"]["conditions"][0]["type"],
    )
