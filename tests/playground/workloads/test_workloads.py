"""Controllers for the pods of ReplicaSets, Deployments and Jobs."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from probewatch.clock import Clock
from probewatch.playground.cluster import RECONCILERS
from probewatch.playground.kubelet.bell import cancel
from probewatch.playground.objects.namespaces import NamespaceKeeper
from probewatch.playground.objects.owners import OwnerCollector
from probewatch.playground.objects.registry import STATUS, Registry
from probewatch.playground.objects.types import ResourceType
from probewatch.playground.workloads.workloads import Workloads
from tests.playground.fakes import START, JsonObject, make_container, settle

LABELS = {"app": "web"}


class Rig:
    """Objects and controllers; the test plays the kubelet."""

    def __init__(self) -> None:
        clock = Clock(now=lambda: START)
        self.registry = Registry(clock)
        OwnerCollector(self.registry)
        NamespaceKeeper(self.registry)
        self.controllers = Workloads(self.registry, RECONCILERS, clock)
        self.pods = self.type_of("pods")
        self.sets = self.type_of("replicasets", "apps")
        self.deployments = self.type_of("deployments", "apps")
        self.jobs = self.type_of("jobs", "batch")

    def type_of(self, plural: str, group: str = "") -> ResourceType:
        return self.registry.types.builtin(plural, group)

    def all(self, type_: ResourceType) -> list[JsonObject]:
        return [item.object for item in self.registry.items(type_, "default")]

    def the(self, type_: ResourceType) -> JsonObject:
        (found,) = self.all(type_)
        return found

    async def create(self, type_: ResourceType, name: str, spec: JsonObject) -> None:
        self.registry.create(type_, {"metadata": {"name": name}, "spec": spec})
        await settle()

    async def change(
        self, type_: ResourceType, name: str, make: Callable[[JsonObject], JsonObject]
    ) -> None:
        self.registry.change(
            type_, "default", name, lambda old: {**old, "spec": {**old["spec"], **make(old)}}
        )
        await settle()

    async def become(self, phase: str, *, ready: bool = False, only: int | None = None) -> None:
        """Move pods that are still Pending to this phase."""
        pending = [pod for pod in self.all(self.pods) if pod["status"]["phase"] == "Pending"]
        for pod in pending[:only]:
            conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
            changed = {**pod, "status": {"phase": phase, "conditions": conditions}}
            self.registry.update(self.pods, changed, STATUS)
        await settle()

    def said(self) -> list[str]:
        events = self.all(self.type_of("events"))
        events.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [f"{event['reason']}: {event['message']}" for event in events]


@pytest.fixture(name="rig")
async def _rig() -> AsyncIterator[Rig]:
    made = Rig()
    working = asyncio.create_task(made.controllers.run())
    yield made
    await cancel(working)


def template(image: str = "busybox:1") -> JsonObject:
    container = {**make_container(), "image": image}
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}}


def workload(replicas: int = 3, **fields: object) -> JsonObject:
    selector = {"matchLabels": LABELS}
    return {"replicas": replicas, "selector": selector, "template": template(), **fields}


async def test_a_set_makes_its_pods(rig: Rig) -> None:
    """A ReplicaSet creates the requested number of pods with an owner reference."""
    await rig.create(rig.sets, "web", workload())

    pods = rig.all(rig.pods)
    assert 3 == len(pods)
    owner = {pod["metadata"]["ownerReferences"][0]["uid"] for pod in pods}
    assert {rig.the(rig.sets)["metadata"]["uid"]} == owner
    assert LABELS == pods[0]["metadata"]["labels"]
    assert 3 == rig.the(rig.sets)["status"]["replicas"]
    assert [text.partition(":")[0] for text in rig.said()] == ["SuccessfulCreate"] * 3


async def test_a_set_replaces_what_is_lost(rig: Rig) -> None:
    """A deleted or failed pod is replaced."""
    await rig.create(rig.sets, "web", workload(replicas=2))
    await rig.become("Failed", only=1)
    assert 3 == len(rig.all(rig.pods))

    name = rig.all(rig.pods)[0]["metadata"]["name"]
    rig.registry.delete(rig.pods, "default", name)
    await settle()
    active = [pod for pod in rig.all(rig.pods) if pod["status"]["phase"] != "Failed"]
    assert 2 == len(active)


async def test_a_set_lets_unready_pods_go_first(rig: Rig) -> None:
    """Scaling down removes unready pods first."""
    await rig.create(rig.sets, "web", workload())
    await rig.become("Running", ready=True, only=1)
    await rig.change(rig.sets, "web", lambda _old: {"replicas": 1})

    left = rig.the(rig.pods)
    assert "True" == left["status"]["conditions"][0]["status"]
    assert 1 == rig.the(rig.sets)["status"]["availableReplicas"]


async def test_pods_go_with_their_set(rig: Rig) -> None:
    """Deleting a Deployment deletes its ReplicaSets and pods."""
    await rig.create(rig.deployments, "web", workload())
    rig.registry.delete(rig.deployments, "default", "web")
    await settle()

    assert ([], []) == (rig.all(rig.sets), rig.all(rig.pods))


async def test_a_deployment_has_a_set_for_its_template(rig: Rig) -> None:
    """A Deployment owns a ReplicaSet, which owns the pods."""
    await rig.create(rig.deployments, "web", workload())
    await rig.become("Running", ready=True)

    made, owner = rig.the(rig.sets), rig.the(rig.deployments)
    assert owner["metadata"]["uid"] == made["metadata"]["ownerReferences"][0]["uid"]
    hash_ = made["metadata"]["labels"]["pod-template-hash"]
    assert f"web-{hash_}" == made["metadata"]["name"]
    status = owner["status"]
    assert (3, 3, "True") == (
        status["readyReplicas"],
        status["updatedReplicas"],
        status["conditions"][0]["status"],
    )
    assert "1" == owner["metadata"]["annotations"]["deployment.kubernetes.io/revision"]


async def test_a_rollout_keeps_to_its_bounds(rig: Rig) -> None:
    """A rollout respects maxSurge and maxUnavailable at every step."""
    await rig.create(rig.deployments, "web", workload(replicas=4))
    await rig.become("Running", ready=True)
    await rig.change(rig.deployments, "web", lambda _old: {"template": template("busybox:2")})

    for _ in range(8):
        sizes = {item["metadata"]["name"]: item["spec"]["replicas"] for item in rig.all(rig.sets)}
        assert sum(sizes.values()) <= 5
        ready = [pod for pod in rig.all(rig.pods) if pod["status"]["phase"] == "Running"]
        assert len(ready) >= 3
        await rig.become("Running", ready=True, only=1)

    images = {pod["spec"]["containers"][0]["image"] for pod in rig.all(rig.pods)}
    assert {"busybox:2"} == images
    assert [0, 4] == sorted(item["spec"]["replicas"] for item in rig.all(rig.sets))
    annotations = rig.the(rig.deployments)["metadata"]["annotations"]
    assert "2" == annotations["deployment.kubernetes.io/revision"]


async def test_a_rollback_finds_the_old_set_again(rig: Rig) -> None:
    """A rollback reuses the old ReplicaSet, even if kubectl adds nulls to the template."""
    await rig.create(rig.deployments, "web", workload(replicas=1))
    await rig.change(rig.deployments, "web", lambda _old: {"template": template("busybox:2")})
    back = template()
    back["metadata"] = {**back["metadata"], "creationTimestamp": None}
    await rig.change(rig.deployments, "web", lambda _old: {"template": back})

    assert 2 == len(rig.all(rig.sets))


async def test_recreate_stops_before_it_starts(rig: Rig) -> None:
    """With `Recreate` two versions never run together."""
    await rig.create(rig.deployments, "web", workload(strategy={"type": "Recreate"}))
    await rig.become("Running", ready=True)
    await rig.change(rig.deployments, "web", lambda _old: {"template": template("busybox:2")})

    # Pods without a node are removed at once.
    images = [pod["spec"]["containers"][0]["image"] for pod in rig.all(rig.pods)]
    assert ["busybox:2"] * 3 == images
    scaled = [text for text in rig.said() if text.startswith("ScalingReplicaSet")]
    assert [" up ", " down ", " up "] == [" up " if " up " in it else " down " for it in scaled]


async def test_numbers_may_bound_a_rollout(rig: Rig) -> None:
    """With both bounds 0, one pod may be unavailable."""
    strategy = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}
    await rig.create(rig.deployments, "web", workload(replicas=2, strategy=strategy))
    await rig.become("Running", ready=True)
    await rig.change(rig.deployments, "web", lambda _old: {"template": template("busybox:2")})
    for _ in range(4):
        assert 2 >= len(rig.all(rig.pods))
        await rig.become("Running", ready=True)

    images = {pod["spec"]["containers"][0]["image"] for pod in rig.all(rig.pods)}
    assert {"busybox:2"} == images


def job(**fields: object) -> JsonObject:
    spec = {"containers": [make_container()], "restartPolicy": "Never"}
    return {"template": {"spec": spec}, **fields}


async def test_a_job_runs_to_its_end(rig: Rig) -> None:
    """A Job respects parallelism and completions."""
    await rig.create(rig.jobs, "j", job(completions=3, parallelism=2))
    assert 2 == len(rig.all(rig.pods))
    wanted = rig.the(rig.jobs)["spec"]["selector"]["matchLabels"].items()
    assert all(wanted <= pod["metadata"]["labels"].items() for pod in rig.all(rig.pods))
    await rig.become("Succeeded")
    assert 3 == len(rig.all(rig.pods))
    await rig.become("Succeeded")

    status = rig.the(rig.jobs)["status"]
    assert (3, "Complete") == (status["succeeded"], status["conditions"][0]["type"])
    assert "Completed: Job completed" == rig.said()[-1]


async def test_a_job_fails_after_too_many_failures(rig: Rig) -> None:
    """A Job fails beyond its backoffLimit."""
    await rig.create(rig.jobs, "j", job(backoffLimit=1))
    await rig.become("Failed")
    await rig.become("Failed")

    status = rig.the(rig.jobs)["status"]
    assert (2, "Failed") == (status["failed"], status["conditions"][0]["type"])
    await rig.become("Failed")
    assert 2 == len(rig.all(rig.pods))
