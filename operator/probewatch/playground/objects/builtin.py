"""The table of built-in resources, which every cluster has."""

from collections.abc import Iterator
from dataclasses import replace

from probewatch.playground.objects.types import ResourceType


def _core() -> Iterator[ResourceType]:
    yield ResourceType(plural="configmaps", kind="ConfigMap", short_names=("cm",))
    yield ResourceType(plural="endpoints", kind="Endpoints", short_names=("ep",))
    yield ResourceType(plural="events", kind="Event", short_names=("ev",), creates_on_update=True)
    yield ResourceType(plural="limitranges", kind="LimitRange", short_names=("limits",))
    yield ResourceType(
        plural="namespaces", kind="Namespace", namespaced=False, short_names=("ns",),
        subresources=("status",),
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


def _core_pods() -> Iterator[ResourceType]:
    yield ResourceType(
        plural="pods", kind="Pod", short_names=("po",), categories=("all",),
        subresources=("status", "log", "binding", "eviction", "resize"), counts_generations=True,
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


def _policies() -> Iterator[ResourceType]:
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


def _reviews() -> Iterator[ResourceType]:
    """Yield the reviews: they are created and answered, but not stored."""
    questions = (
        ("authentication.k8s.io", "tokenreviews", "TokenReview", False),
        ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview", False),
        ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview", False),
        ("authorization.k8s.io", "localsubjectaccessreviews", "LocalSubjectAccessReview", True),
        ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False),
        ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False),
    )
    for group, plural, kind, namespaced in questions:
        yield ResourceType(
            group=group, plural=plural, kind=kind, namespaced=namespaced, verbs=("create",)
        )


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
    """Return the built-in resources."""
    parts = (
        _core(),
        _core_pods(),
        _apps(),
        _others(),
        _policies(),
        _rights(),
        _reviews(),
        _definitions(),
    )
    return tuple(replace(item, singular=item.kind.lower()) for part in parts for item in part)
