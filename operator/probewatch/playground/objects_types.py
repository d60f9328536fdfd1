"""The kinds of objects that the API serves, as a table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from probewatch.playground.objects_status import qualify

JsonObject = dict[str, Any]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One resource: `pods`, `deployments.apps`."""

    group: str = ""
    version: str = "v1"
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    """Beside the object itself: `status`, `scale`, and those with handlers of their own."""
    storage: str = ""
    """Where its objects are kept; two resources with one storage are faces of the same objects."""
    singular: str = ""
    unconditional: bool = True
    """Whether an update may leave out the resourceVersion."""
    creates_on_update: bool = False
    """Whether an update of what is not there creates it."""
    counts_generations: bool = False
    """Whether a change of the spec raises `metadata.generation`."""
    custom: bool = False
    """Whether a CustomResourceDefinition made it."""
    definition: str = ""
    """The name of that definition."""

    @property
    def group_version(self) -> str:
        """What objects have as `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The resource as messages name it: `deployments.apps`."""
        return qualify(self.plural, self.group)

    @property
    def store(self) -> str:
        """The name of its storage."""
        return self.storage or self.qualified

    @property
    def list_kind(self) -> str:
        """The kind of a list of its objects."""
        return f"{self.kind}List"

    @property
    def has_status(self) -> bool:
        """Whether the status is written by itself."""
        return "status" in self.subresources


def _core() -> Iterator[ResourceType]:
    yield ResourceType(plural="configmaps", kind="ConfigMap", short_names=("cm",))
    yield ResourceType(plural="endpoints", kind="Endpoints", short_names=("ep",))
    yield ResourceType(plural="events", kind="Event", short_names=("ev",), creates_on_update=True)
    yield ResourceType(plural="limitranges", kind="LimitRange", short_names=("limits",))
    yield ResourceType(
        plural="namespaces", kind="Namespace", namespaced=False, short_names=("ns",),
        subresources=("status", "finalize"),
    )  # fmt: skip
    yield ResourceType(
        plural="nodes", kind="Node", namespaced=False, short_names=("no",),
        subresources=("status",),
    )  # fmt: skip
    yield ResourceType(
        plural="persistentvolumeclaims", kind="PersistentVolumeClaim", short_names=("pvc",),
        subresources=("status",),
    )  # fmt: skip
    yield ResourceType(
        plural="persistentvolumes", kind="PersistentVolume", namespaced=False,
        short_names=("pv",), subresources=("status",),
    )  # fmt: skip
    yield ResourceType(
        plural="pods", kind="Pod", short_names=("po",), categories=("all",),
        subresources=("status", "log", "binding", "eviction"), counts_generations=True,
    )  # fmt: skip
    yield ResourceType(plural="podtemplates", kind="PodTemplate")
    yield ResourceType(
        plural="replicationcontrollers", kind="ReplicationController", short_names=("rc",),
        categories=("all",), subresources=("status",), counts_generations=True,
    )  # fmt: skip
    yield ResourceType(
        plural="resourcequotas", kind="ResourceQuota", short_names=("quota",),
        subresources=("status",),
    )  # fmt: skip
    yield ResourceType(plural="secrets", kind="Secret")
    yield ResourceType(
        plural="serviceaccounts", kind="ServiceAccount", short_names=("sa",),
        subresources=("token",),
    )  # fmt: skip
    yield ResourceType(
        plural="services", kind="Service", short_names=("svc",), categories=("all",),
        subresources=("status",),
    )  # fmt: skip


def _apps() -> Iterator[ResourceType]:
    for plural, kind, short in (
        ("deployments", "Deployment", "deploy"),
        ("replicasets", "ReplicaSet", "rs"),
        ("statefulsets", "StatefulSet", "sts"),
        ("daemonsets", "DaemonSet", "ds"),
    ):
        scale = () if kind == "DaemonSet" else ("scale",)
        yield ResourceType(
            group="apps", plural=plural, kind=kind, short_names=(short,), categories=("all",),
            subresources=("status", *scale), counts_generations=True,
        )  # fmt: skip
    yield ResourceType(group="apps", plural="controllerrevisions", kind="ControllerRevision")


def _others() -> Iterator[ResourceType]:
    yield ResourceType(
        group="autoscaling", version="v2", plural="horizontalpodautoscalers",
        kind="HorizontalPodAutoscaler", short_names=("hpa",), categories=("all",),
        subresources=("status",),
    )  # fmt: skip
    yield ResourceType(
        group="batch", plural="jobs", kind="Job", categories=("all",),
        subresources=("status",), counts_generations=True,
    )  # fmt: skip
    yield ResourceType(
        group="batch", plural="cronjobs", kind="CronJob", short_names=("cj",),
        categories=("all",), subresources=("status",), counts_generations=True,
    )  # fmt: skip
    yield ResourceType(
        group="coordination.k8s.io", plural="leases", kind="Lease", unconditional=False,
        creates_on_update=True,
    )  # fmt: skip
    yield ResourceType(
        group="discovery.k8s.io", plural="endpointslices", kind="EndpointSlice",
        counts_generations=True,
    )  # fmt: skip
    yield ResourceType(
        group="events.k8s.io", plural="events", kind="Event", short_names=("ev",),
        storage="events", creates_on_update=True,
    )  # fmt: skip
    yield ResourceType(
        group="networking.k8s.io", plural="networkpolicies", kind="NetworkPolicy",
        short_names=("netpol",), counts_generations=True,
    )  # fmt: skip
    yield ResourceType(
        group="networking.k8s.io", plural="ingresses", kind="Ingress", short_names=("ing",),
        subresources=("status",), counts_generations=True,
    )  # fmt: skip
    yield ResourceType(
        group="policy", plural="poddisruptionbudgets", kind="PodDisruptionBudget",
        short_names=("pdb",), subresources=("status",), counts_generations=True,
    )  # fmt: skip
    yield ResourceType(
        group="scheduling.k8s.io", plural="priorityclasses", kind="PriorityClass",
        namespaced=False, short_names=("pc",), counts_generations=True,
    )  # fmt: skip
    yield ResourceType(
        group="storage.k8s.io", plural="storageclasses", kind="StorageClass",
        namespaced=False, short_names=("sc",),
    )  # fmt: skip


def _rights() -> Iterator[ResourceType]:
    group = "rbac.authorization.k8s.io"
    yield ResourceType(group=group, plural="clusterroles", kind="ClusterRole", namespaced=False)
    yield ResourceType(
        group=group, plural="clusterrolebindings", kind="ClusterRoleBinding", namespaced=False
    )
    yield ResourceType(group=group, plural="roles", kind="Role")
    yield ResourceType(group=group, plural="rolebindings", kind="RoleBinding")


def _definitions() -> Iterator[ResourceType]:
    yield ResourceType(
        group="apiextensions.k8s.io", plural="customresourcedefinitions",
        kind="CustomResourceDefinition", namespaced=False, short_names=("crd", "crds"),
        categories=("api-extensions",), subresources=("status",), counts_generations=True,
    )  # fmt: skip
    group = "admissionregistration.k8s.io"
    for plural, kind in (
        ("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
        ("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
    ):
        yield ResourceType(
            group=group, plural=plural, kind=kind, namespaced=False,
            categories=("api-extensions",), counts_generations=True,
        )  # fmt: skip


def builtin_types() -> tuple[ResourceType, ...]:
    """Return the resources that every cluster has."""
    parts = (_core(), _apps(), _others(), _rights(), _definitions())
    return tuple(replace(item, singular=item.kind.lower()) for part in parts for item in part)


class Types:
    """The resources served now; definitions of custom resources add and remove some."""

    def __init__(self, types: Iterable[ResourceType] = ()) -> None:
        self._by_place: dict[tuple[str, str, str], ResourceType] = {}
        self.on_change: list[Callable[[], None]] = []
        for item in types or builtin_types():
            self.add(item)

    def add(self, type_: ResourceType) -> None:
        """Serve this resource."""
        self._by_place[type_.group, type_.version, type_.plural] = type_
        for call in self.on_change:
            call()

    def discard(self, definition: str) -> None:
        """Serve no longer what the definition of that name has made."""
        gone = [place for place, item in self._by_place.items() if item.definition == definition]
        for place in gone:
            del self._by_place[place]
        for call in self.on_change:
            call()

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        """Return the resource at that place of the API."""
        return self._by_place.get((group, version, plural))

    def by_kind(self, group: str, kind: str) -> ResourceType | None:
        """Return the resource with objects of that kind."""
        found = (item for item in self if item.group == group and item.kind == kind)
        return next(found, None)

    def by_storage(self, storage: str) -> ResourceType | None:
        """Return the resource whose objects are kept there."""
        return next((item for item in self if item.store == storage), None)

    def builtin(self, plural: str, group: str = "") -> ResourceType:
        """Return a resource that is surely there."""
        return next(item for item in self if item.plural == plural and item.group == group)

    def __iter__(self) -> Iterator[ResourceType]:
        """Go through all resources."""
        return iter(tuple(self._by_place.values()))
