"""Creating, changing and deleting single objects."""

from tests.contract.client import Client, config, pod, unique

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def deployment(name: str) -> dict[str, object]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod(name)["spec"]}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


async def test_a_new_object_gets_what_the_server_gives(api: Client, base: str) -> None:
    """The server sets uid, version, creation time, kind and namespace."""
    made = await api.create(f"{base}/configmaps", config("one", data={"a": "1"}))

    meta = made["metadata"]
    assert ("ConfigMap", "v1") == (made["kind"], made["apiVersion"])
    assert base.endswith(meta["namespace"])
    assert 36 == len(meta["uid"])
    assert int(meta["resourceVersion"]) > 0
    assert meta["creationTimestamp"].endswith("Z")
    assert made == await api.get(f"{base}/configmaps/one")


async def test_a_name_is_made_up_on_request(api: Client, base: str) -> None:
    """`generateName` gives each object a unique name."""
    body = {"metadata": {"generateName": "made-"}}
    names = {(await api.create(f"{base}/configmaps", body))["metadata"]["name"] for _ in "ab"}

    assert 2 == len(names)
    assert all(name.startswith("made-") and len(name) == len("made-") + 5 for name in names)


async def test_a_name_is_taken_once(api: Client, base: str) -> None:
    """A second object of the same name is AlreadyExists."""
    await api.create(f"{base}/configmaps", config("one"))

    reply = await api.call("POST", f"{base}/configmaps", config("one"))

    assert (409, "AlreadyExists") == (reply.status, reply.body["reason"])
    assert 'configmaps "one" already exists' == reply.body["message"]
    assert {"name": "one", "kind": "configmaps"} == reply.body["details"]


async def test_what_is_not_there_is_not_found(api: Client, base: str) -> None:
    """Each verb answers NotFound for a missing object."""
    path = f"{base}/configmaps/none"
    patch = {"metadata": {"labels": {"a": "b"}}}
    replies = [
        await api.call("GET", path),
        await api.call("DELETE", path),
        await api.call("PATCH", path, patch, content_type=MERGE),
        await api.call("PUT", path, config("none")),
    ]

    assert [(404, "NotFound")] * 4 == [(reply.status, reply.body["reason"]) for reply in replies]
    assert 'configmaps "none" not found' == replies[0].body["message"]


async def test_nothing_is_made_in_a_namespace_that_is_not_there(api: Client) -> None:
    """Objects need an existing namespace."""
    name = unique("nowhere")

    reply = await api.call("POST", f"/api/v1/namespaces/{name}/configmaps", config("one"))

    assert (404, f'namespaces "{name}" not found') == (reply.status, reply.body["message"])


async def test_names_keep_to_the_rules(api: Client, base: str) -> None:
    """An invalid name is refused, and the field is named."""
    reply = await api.call("POST", f"{base}/configmaps", config("No_Name"))

    assert (422, "Invalid") == (reply.status, reply.body["reason"])
    assert "metadata.name" == reply.body["details"]["causes"][0]["field"]


async def test_labels_keep_to_the_rules(api: Client, base: str) -> None:
    """An invalid label value is refused, and the field is named."""
    body = config("one", metadata={"labels": {"a": "not a label!"}})

    reply = await api.call("POST", f"{base}/configmaps", body)

    assert 422 == reply.status
    assert "metadata.labels" == reply.body["details"]["causes"][0]["field"]


async def test_an_update_names_the_version_it_has_seen(api: Client, base: str) -> None:
    """An update with an old version is a Conflict; with the current one it succeeds."""
    old = await api.create(f"{base}/configmaps", config("one"))
    path = f"{base}/configmaps/one"
    await api.patch(path, {"data": {"a": "1"}})

    late = await api.call("PUT", path, {**old, "data": {"a": "2"}})
    current = await api.get(path)
    fresh = await api.call("PUT", path, {**current, "data": {"a": "3"}})

    assert (409, "Conflict") == (late.status, late.body["reason"])
    assert "the object has been modified" in late.body["message"]
    assert (200, {"a": "3"}) == (fresh.status, fresh.body["data"])


async def test_a_patch_can_be_conditional(api: Client, base: str) -> None:
    """A merge patch with another resourceVersion is a Conflict."""
    old = await api.create(f"{base}/configmaps", config("one"))
    path, version = f"{base}/configmaps/one", old["metadata"]["resourceVersion"]
    await api.patch(path, {"data": {"a": "1"}})

    patch = {"metadata": {"resourceVersion": version}, "data": {"a": "2"}}
    reply = await api.call("PATCH", path, patch, content_type=MERGE)

    assert (409, "Conflict") == (reply.status, reply.body["reason"])


async def test_a_write_that_changes_nothing_makes_no_version(api: Client, base: str) -> None:
    """A write without a change creates no new version."""
    made = await api.create(f"{base}/configmaps", config("one", data={"a": "1"}))

    same = await api.patch(f"{base}/configmaps/one", {"data": {"a": "1"}})

    assert made["metadata"]["resourceVersion"] == same["metadata"]["resourceVersion"]


async def test_patches_of_all_kinds(api: Client, base: str) -> None:
    """JSON patch, merge patch and strategic merge patch work."""
    path = f"{base}/pods/one"
    await api.create(f"{base}/pods", pod("one", metadata={"labels": {"a": "1", "b": "2"}}))

    await api.patch(path, {"metadata": {"labels": {"a": None}}})
    operation = {"op": "add", "path": "/metadata/labels/c~1d", "value": "3"}
    await api.patch(path, [operation], content_type=JSON_PATCH)
    image = {"spec": {"containers": [{"name": "app", "image": "busybox:2"}]}}
    patched = await api.patch(path, image, content_type=STRATEGIC)

    assert {"b": "2", "c/d": "3"} == patched["metadata"]["labels"]
    container = patched["spec"]["containers"][0]
    assert ("busybox:2", ["sleep", "600"]) == (container["image"], container["command"])


async def test_a_patch_of_an_unknown_kind_is_refused(api: Client, base: str) -> None:
    """A patch without a patch content type is refused."""
    await api.create(f"{base}/configmaps", config("one"))

    reply = await api.call("PATCH", f"{base}/configmaps/one", {}, content_type="application/json")

    assert (415, "UnsupportedMediaType") == (reply.status, reply.body["reason"])


async def test_a_json_patch_can_test(api: Client, base: str) -> None:
    """A failing `test` operation refuses the whole patch."""
    await api.create(f"{base}/configmaps", config("one", data={"a": "1"}))
    operations = [
        {"op": "test", "path": "/data/a", "value": "2"},
        {"op": "replace", "path": "/data/a", "value": "3"},
    ]

    path = f"{base}/configmaps/one"
    reply = await api.call("PATCH", path, operations, content_type=JSON_PATCH)

    assert reply.status in {422, 500}  # older servers answer 500
    assert {"a": "1"} == (await api.get(path))["data"]


async def test_a_status_is_written_by_itself(api: Client, base: str) -> None:
    """The status subresource writes only the status, the main path all but it."""
    await api.create(f"{base}/pods", pod("one"))
    path = f"{base}/pods/one"

    await api.patch(path, {"status": {"phase": "Running"}, "metadata": {"labels": {"a": "1"}}})
    after_main = await api.get(path)
    patch = {"status": {"phase": "Running"}, "spec": {"activeDeadlineSeconds": 5}}
    await api.patch(f"{path}/status", patch)
    after_status = await api.get(path)

    assert ("Pending", {"a": "1"}) == (
        after_main["status"]["phase"],
        after_main["metadata"]["labels"],
    )
    assert "Running" == after_status["status"]["phase"]
    assert "activeDeadlineSeconds" not in after_status["spec"]


async def test_a_pod_is_completed(api: Client, base: str) -> None:
    """A pod gets the defaults of its spec and probes, and starts as Pending."""
    body = pod("one")
    body["spec"]["containers"][0]["livenessProbe"] = {"httpGet": {"port": 80}, "periodSeconds": 0}

    made = await api.create(f"{base}/pods", body)

    spec, container = made["spec"], made["spec"]["containers"][0]
    assert ("Always", 30) == (spec["restartPolicy"], spec["terminationGracePeriodSeconds"])
    assert "IfNotPresent" == container["imagePullPolicy"]
    assert {
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    } == container["livenessProbe"]
    assert ("Pending", "BestEffort") == (made["status"]["phase"], made["status"]["qosClass"])


async def test_a_pod_keeps_to_its_rules(api: Client, base: str) -> None:
    """A pod without containers, or with an invalid liveness probe, is refused."""
    empty = {"metadata": {"name": "one"}, "spec": {"containers": []}}
    odd = pod("one")
    probe = {"exec": {"command": ["true"]}, "successThreshold": 2}
    odd["spec"]["containers"][0]["livenessProbe"] = probe

    replies = [await api.call("POST", f"{base}/pods", body) for body in (empty, odd)]

    assert [422, 422] == [reply.status for reply in replies]
    causes = replies[1].body["details"]["causes"]
    assert ["spec.containers[0].livenessProbe.successThreshold"] == [c["field"] for c in causes]


async def test_a_pods_spec_is_frozen(api: Client, base: str) -> None:
    """The image of a pod can be changed, its command cannot."""
    await api.create(f"{base}/pods", pod("one"))
    image = {"spec": {"containers": [{"name": "app", "image": "busybox:2"}]}}
    command = {"spec": {"containers": [{"name": "app", "command": ["true"]}]}}

    await api.patch(f"{base}/pods/one", image, content_type=STRATEGIC)
    reply = await api.call("PATCH", f"{base}/pods/one", command, content_type=STRATEGIC)

    assert 422 == reply.status
    assert "pod updates may not change fields other than" in reply.body["message"]


async def test_a_generation_counts_changes_of_the_spec(api: Client, namespace: str) -> None:
    """The generation rises with the spec, not with labels or status."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    made = await api.create(path, deployment("one"))

    labelled = await api.patch(f"{path}/one", {"metadata": {"labels": {"a": "1"}}})
    scaled = await api.patch(f"{path}/one", {"spec": {"replicas": 2}})
    observed = await api.patch(f"{path}/one/status", {"status": {"observedGeneration": 2}})

    generations = [item["metadata"]["generation"] for item in (made, labelled, scaled, observed)]
    assert [1, 1, 2, 2] == generations


async def test_a_workload_has_a_scale(api: Client, namespace: str) -> None:
    """Replicas can be read and written through the scale subresource."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    await api.create(path, deployment("one"))

    scale = await api.get(f"{path}/one/scale")
    await api.patch(f"{path}/one/scale", {"spec": {"replicas": 4}})

    assert ("Scale", 1) == (scale["kind"], scale["spec"]["replicas"])
    assert 4 == (await api.get(f"{path}/one"))["spec"]["replicas"]


async def test_a_selector_stays(api: Client, namespace: str) -> None:
    """The selector of a workload is immutable."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    await api.create(path, deployment("one"))
    labels = {"app": "two"}
    change = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}

    reply = await api.call("PATCH", f"{path}/one", {"spec": change}, content_type=MERGE)

    assert (422, "Invalid") == (reply.status, reply.body["reason"])
    assert "field is immutable" in reply.body["message"]


async def test_a_dry_run_leaves_nothing(api: Client, base: str) -> None:
    """dryRun=All validates and stores nothing."""
    made = await api.call("POST", f"{base}/configmaps?dryRun=All", config("one"))
    found = await api.call("GET", f"{base}/configmaps/one")

    assert (201, 404) == (made.status, found.status)


async def test_the_body_must_fit_the_path(api: Client, base: str) -> None:
    """A name, namespace or kind that differs from the path is BadRequest."""
    await api.create(f"{base}/configmaps", config("one"))
    elsewhere = config("two", metadata={"namespace": "default"})
    replies = [
        await api.call("PUT", f"{base}/configmaps/one", config("two")),
        await api.call("POST", f"{base}/configmaps", elsewhere),
        await api.call(
            "POST", f"{base}/configmaps", {**config("two"), "kind": "Secret", "apiVersion": "v1"}
        ),
        await api.call("POST", f"{base}/configmaps", b"{"),
    ]

    assert [400] * 4 == [reply.status for reply in replies]


async def test_deleting_says_what_has_gone(api: Client, base: str) -> None:
    """An immediate deletion returns a Status of success with the uid."""
    made = await api.create(f"{base}/configmaps", config("one"))

    status = await api.delete(f"{base}/configmaps/one")

    assert ("Status", "Success") == (status["kind"], status["status"])
    assert made["metadata"]["uid"] == status["details"]["uid"]
    assert 404 == (await api.call("GET", f"{base}/configmaps/one")).status


async def test_a_deletion_can_be_conditional(api: Client, base: str) -> None:
    """With another uid as precondition the object stays."""
    made = await api.create(f"{base}/configmaps", config("one"))
    path, uid = f"{base}/configmaps/one", made["metadata"]["uid"]

    other = await api.call("DELETE", path, {"preconditions": {"uid": "another"}})
    own = await api.call("DELETE", path, {"preconditions": {"uid": uid}})

    assert (409, 200) == (other.status, own.status)


async def test_a_finalizer_holds_an_object(api: Client, base: str) -> None:
    """A deleted object with a finalizer stays until the finalizer is removed."""
    body = config("one", metadata={"finalizers": ["example.com/hold"]})
    await api.create(f"{base}/configmaps", body)
    path = f"{base}/configmaps/one"

    await api.delete(path)
    held = await api.get(path)
    await api.patch(path, {"metadata": {"finalizers": None}})

    assert held["metadata"]["deletionTimestamp"]
    assert 404 == (await api.call("GET", path)).status


async def test_a_pod_on_a_node_ends_in_its_own_time(api: Client, base: str) -> None:
    """A pod on a node terminates gracefully, and goes with a deletion with grace 0."""
    path = f"{base}/pods/one"
    await api.create(f"{base}/pods", pod("one", nodeName="a-node"))

    marked = await api.delete(path)
    again = await api.get(path)
    await api.call("DELETE", path, {"gracePeriodSeconds": 0})

    meta = marked["metadata"]
    assert (30, meta["deletionTimestamp"]) == (
        meta["deletionGracePeriodSeconds"],
        again["metadata"]["deletionTimestamp"],
    )
    assert 404 == (await api.call("GET", path)).status


async def test_many_are_deleted_at_once(api: Client, base: str) -> None:
    """A collection is deleted by selector."""
    for name in ("one", "two", "three"):
        labels = {"part": "kept" if name == "two" else "gone"}
        await api.create(f"{base}/configmaps", config(name, metadata={"labels": labels}))

    await api.delete(f"{base}/configmaps?labelSelector=part%3Dgone")

    left = await api.get(f"{base}/configmaps?labelSelector=part")
    assert ["two"] == [item["metadata"]["name"] for item in left["items"]]


async def test_a_lease_is_written_on_its_version_only(api: Client, namespace: str) -> None:
    """A Lease is only updated with its current version, which makes it a lock."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    spec = {"holderIdentity": "a", "leaseDurationSeconds": 15}
    made = await api.create(path, {"metadata": {"name": "lock"}, "spec": spec})
    taken = {**made, "spec": {**spec, "holderIdentity": "b"}}

    first = await api.call("PUT", f"{path}/lock", taken)
    second = await api.call(
        "PUT", f"{path}/lock", {**made, "spec": {**spec, "holderIdentity": "c"}}
    )
    blind = await api.call("PUT", f"{path}/lock", {"metadata": {"name": "lock"}, "spec": spec})

    assert (200, 409, 422) == (first.status, second.status, blind.status)
    assert "metadata.resourceVersion" == blind.body["details"]["causes"][0]["field"]
    assert "b" == (await api.get(f"{path}/lock"))["spec"]["holderIdentity"]


async def test_a_lease_keeps_to_its_rules(api: Client, namespace: str) -> None:
    """A Lease with duration 0 is refused."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    body = {"metadata": {"name": "lock"}, "spec": {"leaseDurationSeconds": 0}}

    reply = await api.call("POST", path, body)

    assert 422 == reply.status
    assert "spec.leaseDurationSeconds" == reply.body["details"]["causes"][0]["field"]


async def test_an_object_has_a_largest_size(api: Client, base: str) -> None:
    """An object too large for etcd, or for a request, is refused."""
    large = await api.call("POST", f"{base}/configmaps", config("one", data={"a": "x" * 1_700_000}))
    huge = await api.call("POST", f"{base}/configmaps", config("two", data={"a": "x" * 3_200_000}))

    assert large.status in {413, 422, 500}  # a ConfigMap has its own limit as well
    assert 413 == huge.status
