"""The default roles and role bindings of every cluster."""

from collections.abc import Iterator, Mapping, Sequence

from probewatch.playground.api.rights import GROUP
from probewatch.playground.api.users import AUTHENTICATED, MASTERS, UNAUTHENTICATED
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.registry import Registry

READ = ["get", "list", "watch"]
WRITE = ["create", "delete", "deletecollection", "patch", "update"]
HEALTH = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", *HEALTH, "/openapi", "/openapi/*"]
SELF_REVIEWS = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
BOOTSTRAP = {"kubernetes.io/bootstrapping": "rbac-defaults"}
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"

CORE_READ = [
    "configmaps", "endpoints", "events", "limitranges", "namespaces", "persistentvolumeclaims",
    "pods", "pods/log", "pods/status", "replicationcontrollers", "resourcequotas",
    "serviceaccounts", "services",
]  # fmt: skip
CORE_EDIT = [
    "configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "pods/eviction",
    "replicationcontrollers", "secrets", "serviceaccounts", "services",
]  # fmt: skip
WORKLOADS = [
    "daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale",
    "statefulsets", "statefulsets/scale",
]  # fmt: skip


def _rule(groups: Sequence[str], resources: Sequence[str], verbs: Sequence[str]) -> JsonObject:
    return {"apiGroups": [*groups], "resources": [*resources], "verbs": [*verbs]}


def _paths(paths: Sequence[str]) -> JsonObject:
    return {"nonResourceURLs": [*paths], "verbs": ["get"]}


def _namespace_rules(core: Sequence[str], verbs: Sequence[str]) -> list[JsonObject]:
    """Return rules for the usual resources in a namespace."""
    return [
        _rule([""], core, verbs),
        _rule(["apps"], WORKLOADS, verbs),
        _rule(["batch"], ["cronjobs", "jobs"], verbs),
        _rule(["autoscaling"], ["horizontalpodautoscalers"], verbs),
        _rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], verbs),
        _rule(["policy"], ["poddisruptionbudgets"], verbs),
    ]


EVERYTHING = [
    _rule(["*"], ["*"], ["*"]),
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]
ROLES: Mapping[str, list[JsonObject]] = {
    "cluster-admin": EVERYTHING,
    "system:basic-user": [
        _rule(["authorization.k8s.io"], SELF_REVIEWS, ["create"]),
        _rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
    ],
    "system:discovery": [_paths(DISCOVERY)],
    "system:public-info-viewer": [_paths(HEALTH)],
    "system:auth-delegator": [
        _rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
        _rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"]),
    ],
}
AGGREGATED: Mapping[str, tuple[str, list[JsonObject]]] = {
    "view": ("edit", _namespace_rules(CORE_READ, READ)),
    "edit": (
        "admin",
        [*_namespace_rules(CORE_EDIT, WRITE), _rule([""], ["secrets"], READ)],
    ),
    "admin": (
        "",
        [_rule([GROUP], ["roles", "rolebindings"], [*READ, *WRITE])],
    ),
}
"""Aggregated roles: the role that includes it (empty: none), and its rules."""
BINDINGS: Mapping[str, Sequence[str]] = {
    "cluster-admin": [MASTERS],
    "system:basic-user": [AUTHENTICATED],
    "system:discovery": [AUTHENTICATED],
    "system:public-info-viewer": [AUTHENTICATED, UNAUTHENTICATED],
}


def create_roles(registry: Registry) -> None:
    """Create the default roles and bindings that do not exist yet."""
    roles = registry.types.builtin("clusterroles", GROUP)
    bindings = registry.types.builtin("clusterrolebindings", GROUP)
    for obj in (*_plain_roles(), *_aggregated_roles()):
        if not registry.find(roles, "", obj["metadata"]["name"]):
            registry.create(roles, obj)
    for name, groups in BINDINGS.items():
        if not registry.find(bindings, "", name):
            registry.create(bindings, _binding(name, groups))


def _meta(name: str, labels: Mapping[str, str]) -> JsonObject:
    return {"name": name, "labels": {**BOOTSTRAP, **labels}}


def _plain_roles() -> Iterator[JsonObject]:
    for name, rules in ROLES.items():
        yield {"metadata": _meta(name, {}), "rules": rules}


def _aggregated_roles() -> Iterator[JsonObject]:
    for name, (larger, rules) in AGGREGATED.items():
        label = {f"{AGGREGATE}{name}": "true"}
        part = {"metadata": _meta(f"system:aggregate-to-{name}", label), "rules": rules}
        yield part
        whole = {"metadata": _meta(name, {f"{AGGREGATE}{larger}": "true"} if larger else {})}
        yield {**whole, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": label}]}}


def _binding(name: str, groups: Sequence[str]) -> JsonObject:
    subjects = [{"kind": "Group", "name": group, "apiGroup": GROUP} for group in groups]
    role = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
    return {"metadata": _meta(name, {}), "roleRef": role, "subjects": subjects}
