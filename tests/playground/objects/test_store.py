"""The store and the registry: versions, history, owners, namespaces, and what a kubelet writes."""

from typing import Any

import pytest

from probewatch.clock import Clock
from probewatch.playground.kubelet.specs import parse_pod_spec
from probewatch.playground.objects.kubelet import KubeletObjects
from probewatch.playground.objects.namespaces import NamespaceKeeper
from probewatch.playground.objects.owners import OwnerCollector
from probewatch.playground.objects.registry import Deletion, Registry, Write
from probewatch.playground.objects.scheduling import bind_pod
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.store import Key, ObjectStore
from tests.contract.client import config, pod

JsonObject = dict[str, Any]
START = 1_800_000_000.0


def thing(name: str, namespace: str = "a", **fields: object) -> JsonObject:
    return {"metadata": {"name": name, "namespace": namespace}, **fields}


def names(store: ObjectStore, version: int) -> list[str]:
    return [item.key.name for item in store.items_at("things", version)]


def test_every_change_has_a_version() -> None:
    """One counter numbers the changes of everything, deletions included."""
    store = ObjectStore()
    first = store.put("things", thing("one"))
    other = store.put("others", thing("one"))
    gone = store.remove("things", Key("a", "one"))

    assert [first.version + 1, first.version + 2] == [other.version, gone.version]
    assert str(gone.version) == gone.object["metadata"]["resourceVersion"]


def test_objects_come_in_order() -> None:
    """Namespace and name order them, whatever the order in which they were made."""
    store = ObjectStore()
    for namespace, name in (("b", "x"), ("a", "z"), ("a", "y"), ("ab", "a")):
        store.put("things", thing(name, namespace))

    assert [("a", "y"), ("a", "z"), ("ab", "a"), ("b", "x")] == [
        item.key for item in store.items("things")
    ]
    assert ["y", "z"] == [item.key.name for item in store.items("things", "a")]


def test_the_past_is_remembered() -> None:
    """Each version can be seen as it was."""
    store = ObjectStore()
    versions = [store.put("things", thing(name)).version for name in ("one", "two")]
    versions.append(store.remove("things", Key("a", "one")).version)
    versions.append(store.put("things", thing("one")).version)

    assert [["one"], ["one", "two"], ["two"], ["one", "two"]] == [
        names(store, version) for version in versions
    ]


def test_the_past_is_forgotten() -> None:
    """Compacted, what was before is gone, and what came after is not."""
    store = ObjectStore()
    old = store.put("things", thing("one")).version
    kept = store.put("things", thing("two")).version
    store.compact(kept)
    store.put("things", thing("three"))

    with pytest.raises(StatusError) as caught:
        store.changes_since("things", old)
    assert (410, "Expired") == (caught.value.code, caught.value.reason)
    assert ["one", "two"] == names(store, kept)


def test_the_window_of_history_is_bounded() -> None:
    """Only so many changes are kept, and older versions are gone then."""
    store = ObjectStore(window=8)
    first = store.put("things", thing("one")).version
    for number in range(40):
        store.put("things", thing("one", number=number))

    with pytest.raises(StatusError):
        store.changes_since("things", first)
    assert 8 == len(store.changes_since("things", store.version - 8))


def test_watchers_are_woken_by_their_own() -> None:
    """A subscription is for one storage, and ends."""
    store, woken = ObjectStore(), []
    end = store.subscribe("things", lambda: woken.append("things"))
    store.put("others", thing("one"))
    store.put("things", thing("one"))
    end()
    store.put("things", thing("two"))

    assert ["things"] == woken


@pytest.fixture(name="registry")
def _registry() -> Registry:
    registry = Registry(Clock(now=lambda: START))
    OwnerCollector(registry)
    NamespaceKeeper(registry)
    return registry


def make(registry: Registry, name: str, owner: JsonObject | None = None, **meta: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    """Create a ConfigMap, perhaps with an owner, and return it."""
    type_ = registry.types.builtin("configmaps")
    if owner:
        own = owner["metadata"]
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": own["name"],
            "uid": own["uid"],
        }
        meta["ownerReferences"] = [reference, *meta.pop("others", [])]
    return registry.create(type_, config(name, metadata=meta)).object


def left(registry: Registry) -> list[str]:
    return [item.key.name for item in registry.items(registry.types.builtin("configmaps"))]


def delete(registry: Registry, name: str, propagation: str = "Background") -> None:
    type_ = registry.types.builtin("configmaps")
    registry.delete(type_, "default", name, Deletion(propagation=propagation))


def test_what_is_owned_goes_with_its_owner(registry: Registry) -> None:
    """Dependents go after their owner, and theirs after them."""
    owner = make(registry, "owner")
    child = make(registry, "child", owner)
    make(registry, "grandchild", child)
    make(registry, "stranger")

    delete(registry, "owner")

    assert ["stranger"] == left(registry)


def test_another_owner_keeps_it(registry: Registry) -> None:
    """With an owner left, only the reference goes."""
    first, second = make(registry, "first"), make(registry, "second")
    uid = second["metadata"]["uid"]
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "second", "uid": uid}
    make(registry, "child", first, others=[other])

    delete(registry, "first")

    child = registry.get(registry.types.builtin("configmaps"), "default", "child").object
    assert [other] == child["metadata"]["ownerReferences"]
    assert ["child", "second"] == left(registry)


def test_an_owner_can_wait_for_its_dependents(registry: Registry) -> None:
    """In the foreground an owner is marked, and goes after the last of them."""
    owner = make(registry, "owner")
    make(registry, "child", owner, finalizers=["example.com/hold"])

    delete(registry, "owner", "Foreground")
    type_ = registry.types.builtin("configmaps")
    marked = registry.get(type_, "default", "owner").object["metadata"]
    registry.change(type_, "default", "child", without_finalizers)

    assert ("foregroundDeletion", True) == (
        marked["finalizers"][0],
        "deletionTimestamp" in marked,
    )
    assert [] == left(registry)


def without_finalizers(obj: JsonObject) -> JsonObject:
    return {**obj, "metadata": {**obj["metadata"], "finalizers": []}}


def test_dependents_can_be_set_free(registry: Registry) -> None:
    """As orphans they stay, without the reference."""
    make(registry, "child", make(registry, "owner"))

    delete(registry, "owner", "Orphan")

    child = registry.get(registry.types.builtin("configmaps"), "default", "child").object
    assert not child["metadata"].get("ownerReferences")
    assert ["child"] == left(registry)


def test_a_namespace_begins_with_an_account(registry: Registry) -> None:
    """Each namespace has the account `default` that pods run under."""
    accounts = registry.items(registry.types.builtin("serviceaccounts"))

    assert {"default", "kube-node-lease", "kube-public", "kube-system"} == {
        item.key.namespace for item in accounts
    }


def test_a_namespace_goes_when_it_is_empty(registry: Registry) -> None:
    """Its objects go first; a pod on a node is waited for; meanwhile nothing new is made."""
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
    """Everything is checked, nothing changes, neither by creating nor by deleting."""
    type_ = registry.types.builtin("configmaps")
    make(registry, "one")
    before = registry.store.version

    registry.create(type_, config("two"), Write(dry_run=True))
    registry.delete(type_, "default", "one", Deletion(dry_run=True))

    assert (["one"], before) == (left(registry), registry.store.version)


@pytest.fixture(name="kubelet")
def _kubelet(registry: Registry) -> KubeletObjects:
    return KubeletObjects(registry)


def test_a_kubelet_writes_the_status_of_its_pod(
    registry: Registry, kubelet: KubeletObjects
) -> None:
    """It is made from the old one; of a pod that is gone, or has a namesake, nothing is written."""
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
    """A pod that nobody has deleted stays, whatever its kubelet says."""
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
    """A later one of the same name updates the first; one that breaks a rule is lost."""
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
    """Bound, it has a node and the condition that says so; it is not bound again."""
    registry.create(registry.types.builtin("pods"), pod("one"))

    bound = bind_pod(registry, "default", "one", "n1").object
    with pytest.raises(StatusError, match="already assigned"):
        bind_pod(registry, "default", "one", "n2")

    assert ("n1", "PodScheduled") == (
        bound["spec"]["nodeName"],
        bound["status"]["conditions"][0]["type"],
    )


WORKLOAD_SPEC = {"containers": [{"name": "app", "image": "nginx"}]}


@pytest.mark.parametrize(
    ("group", "plural", "spec", "expected"),
    [
        (
            "batch",
            "cronjobs",
            {
                "jobTemplate": {"spec": {"template": {"spec": WORKLOAD_SPEC}}},
                "schedule": "* * * * *",
            },
            {"concurrencyPolicy": "Allow", "suspend": False},
        ),
        ("", "services", {"ports": [{"port": 80}]}, {"type": "ClusterIP"}),
        (
            "apps",
            "statefulsets",
            {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": WORKLOAD_SPEC},
            },
            {"podManagementPolicy": "OrderedReady", "replicas": 1},
        ),
    ],
    ids=["cronjob", "service", "statefulset"],
)
def test_defaults_of_other_kinds(
    registry: Registry, group: str, plural: str, spec: JsonObject, expected: JsonObject
) -> None:
    """Workloads and services are completed, down to the containers of their templates."""
    type_ = registry.types.builtin(plural, group)

    made = registry.create(type_, {"metadata": {"name": "x", "namespace": "default"}, "spec": spec})

    assert expected.items() <= made.object["spec"].items()
    assert ("terminationMessagePath" in str(made.object)) == (plural != "services")


BROKEN: dict[str, tuple[str, str, JsonObject, str]] = {
    "job that would run for ever": (
        "batch", "jobs", {"spec": {"template": {"spec": WORKLOAD_SPEC}}},
        "spec.template.spec.restartPolicy",
    ),
    "workload without a selector": (
        "apps", "deployments", {"spec": {"template": {"spec": WORKLOAD_SPEC}}}, "spec.selector"
    ),
    "workload that does not select its own": (
        "apps", "deployments",
        {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": WORKLOAD_SPEC}}},
        "spec.template.metadata.labels",
    ),
    "binding to no role": (
        "rbac.authorization.k8s.io", "rolebindings", {"roleRef": {}}, "roleRef.name"
    ),
    "lease of nobody": (
        "coordination.k8s.io", "leases", {"spec": {"holderIdentity": ""}}, "spec.holderIdentity"
    ),
    "lease that went backwards": (
        "coordination.k8s.io", "leases", {"spec": {"leaseTransitions": -1}},
        "spec.leaseTransitions",
    ),
    "two containers of one name": (
        "", "pods", {"spec": {"containers": [{"name": "a", "image": "x"}] * 2}},
        "spec.containers[1].name",
    ),
    "container without an image": (
        "", "pods", {"spec": {"containers": [{"name": "a"}]}}, "spec.containers[0].image"
    ),
    "probe that does nothing": (
        "", "pods",
        {"spec": {"containers": [{"name": "a", "image": "x", "livenessProbe": {
            "periodSeconds": 1}}]}},
        "spec.containers[0].livenessProbe",
    ),
    "probe that does two things": (
        "", "pods",
        {"spec": {"containers": [{"name": "a", "image": "x", "readinessProbe": {
            "exec": {"command": ["true"]}, "httpGet": {"port": 1}}}]}},
        "spec.containers[0].readinessProbe.httpGet",
    ),
    "probe before its time": (
        "", "pods",
        {"spec": {"containers": [{"name": "a", "image": "x", "startupProbe": {
            "tcpSocket": {"port": 1}, "initialDelaySeconds": -1}}]}},
        "spec.containers[0].startupProbe.initialDelaySeconds",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("group", "plural", "obj", "field"), BROKEN.values(), ids=BROKEN.keys())
def test_rules_of_kinds(
    registry: Registry, group: str, plural: str, obj: JsonObject, field: str
) -> None:
    """What a kind does not allow is refused, and the field is named."""
    type_ = registry.types.builtin(plural, group)

    with pytest.raises(StatusError) as caught:
        registry.create(type_, {"metadata": {"name": "x", "namespace": "default"}, **obj})

    assert 422 == caught.value.code
    assert field in [cause["field"] for cause in caught.value.body["details"]["causes"]]


FROZEN: dict[str, tuple[str, str, JsonObject, JsonObject]] = {
    "template of a job": (
        "batch", "jobs",
        {"spec": {"template": {"spec": {**WORKLOAD_SPEC, "restartPolicy": "Never"}}}},
        {"spec": {"template": {"spec": {**WORKLOAD_SPEC, "restartPolicy": "OnFailure"}}}},
    ),
    "role of a binding": (
        "rbac.authorization.k8s.io", "rolebindings",
        {"roleRef": {"kind": "Role", "name": "a"}}, {"roleRef": {"kind": "Role", "name": "b"}},
    ),
    "value of a priority class": (
        "scheduling.k8s.io", "priorityclasses", {"value": 1}, {"value": 2}
    ),
}  # fmt: skip


@pytest.mark.parametrize(("group", "plural", "obj", "change"), FROZEN.values(), ids=FROZEN.keys())
def test_what_cannot_be_changed(
    registry: Registry, group: str, plural: str, obj: JsonObject, change: JsonObject
) -> None:
    """Some fields stay as they were made."""
    type_ = registry.types.builtin(plural, group)
    registry.create(type_, {"metadata": {"name": "x", "namespace": "default"}, **obj})

    with pytest.raises(StatusError) as caught:
        registry.change(type_, "default", "x", lambda old: {**old, **change})

    assert 422 == caught.value.code


def test_resources_of_a_pod_can_be_resized(registry: Registry) -> None:
    """Through `resize` resources change, and nothing else does; the generation counts it."""
    pods = registry.types.builtin("pods")
    registry.create(pods, pod("one"))
    more = {"limits": {"memory": "1Gi"}}

    def enlarge(obj: JsonObject) -> JsonObject:
        container = {**obj["spec"]["containers"][0], "resources": more, "image": "other"}
        return {**obj, "spec": {**obj["spec"], "containers": [container]}}

    resized = registry.change(pods, "default", "one", enlarge, Write(subresource="resize")).object

    (container,) = resized["spec"]["containers"]
    assert (more, "busybox:1") == (container["resources"], container["image"])
    assert 2 == resized["metadata"]["generation"]
