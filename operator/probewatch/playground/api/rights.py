"""RBAC: decides who may do what, from the stored roles and bindings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probewatch.playground.api.requests import Request
from probewatch.playground.api.users import User
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.status import StatusError, qualify
from probewatch.playground.objects.store import Key, ObjectStore

GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = f"roles.{GROUP}", f"clusterroles.{GROUP}"
BINDINGS, CLUSTER_BINDINGS = f"rolebindings.{GROUP}", f"clusterrolebindings.{GROUP}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action that has to be authorized."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    """Set only for a request without a resource."""

    @property
    def full_resource(self) -> str:
        """The resource as rules name it: `pods`, `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def action_of(request: Request) -> Action:
    """Return the action of a request."""
    if not request.resource:
        return Action(verb=request.verb, path=request.path)
    return Action(
        verb=request.verb,
        group=request.group,
        resource=request.resource,
        subresource=request.subresource,
        namespace=request.namespace,
        name=request.name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """The binding and the rule that allow an action."""

    binding: str
    role: str
    rule: JsonObject


class Rights:
    """Authorizes actions."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def find(self, user: User, action: Action) -> Permission | None:
        """Return what allows the action, None if it is denied."""
        if user.is_admin:
            return Permission(binding="system:masters", role="", rule={})
        for binding, role, rule in self.rules_for(user, action.namespace):
            if allows(rule, action):
                return Permission(binding=binding, role=role, rule=rule)
        return None

    def rules_for(self, user: User, namespace: str) -> Iterator[tuple[str, str, JsonObject]]:
        """Yield binding, role and rule of what the user may do, in the cluster and a namespace."""
        bindings = [*self._store.items(CLUSTER_BINDINGS)]
        if namespace:
            bindings += self._store.items(BINDINGS, namespace)
        for stored in bindings:
            binding = stored.object
            if not any(_includes(item, user, stored.key) for item in binding.get("subjects") or ()):
                continue
            ref = binding.get("roleRef") or {}
            for rule in self.rules_of(ref, stored.key.namespace):
                yield stored.key.name, ref.get("name", ""), rule

    def rules_of(self, ref: Mapping[str, Any], namespace: str) -> Sequence[JsonObject]:
        """Return the rules of the role that a binding refers to."""
        name = ref.get("name", "")
        if ref.get("kind") == "Role":
            found = self._store.get(ROLES, Key(namespace, name))
            return found.object.get("rules") or () if found else ()
        found = self._store.get(CLUSTER_ROLES, Key("", name))
        return self._cluster_rules(found.object) if found else ()

    def _cluster_rules(
        self, role: JsonObject, above: frozenset[str] = frozenset()
    ) -> list[JsonObject]:
        """Return the role's rules, with those of the roles that an aggregated role selects."""
        selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
        rules, name = list(role.get("rules") or ()), role["metadata"]["name"]
        for stored in self._store.items(CLUSTER_ROLES) if selectors else ():
            labels = stored.object["metadata"].get("labels") or {}
            if stored.key.name in {name, *above}:
                continue
            if any(_selects(item, labels) for item in selectors):
                rules += self._cluster_rules(stored.object, above | {name})
        return rules


def _includes(subject: Mapping[str, Any], user: User, place: Key) -> bool:
    name = subject.get("name", "")
    match subject.get("kind"):
        case "User":
            return bool(user.name == name)
        case "Group":
            return name in user.groups
        case "ServiceAccount":
            namespace = subject.get("namespace") or place.namespace
            return user.name == f"system:serviceaccount:{namespace}:{name}"
        case _:
            return False


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def allows(rule: Mapping[str, Any], action: Action) -> bool:
    """Whether a rule allows an action."""
    if not _has(rule.get("verbs"), action.verb):
        return False
    if not action.resource:
        return any(_fits_path(item, action.path) for item in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    return (
        _has(rule.get("apiGroups"), action.group)
        and _has_resource(rule.get("resources") or (), action)
        and (not names or action.name in names)
    )


def _has(values: Iterable[str] | None, wanted: str) -> bool:
    found = set(values or ())
    return "*" in found or wanted in found


def _has_resource(resources: Iterable[str], action: Action) -> bool:
    found = set(resources)
    if "*" in found or action.full_resource in found:
        return True
    return bool(action.subresource) and f"*/{action.subresource}" in found


def _fits_path(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        return path.startswith(pattern.removesuffix("*"))
    return path == pattern


def denied(user: User, action: Action) -> StatusError:
    """Return the error for a denied action, in the words of the real server."""
    if not action.resource:
        why = f'User "{user.name}" cannot {action.verb} path "{action.path}"'
        text = f"forbidden: {why}"
        return StatusError(403, "Forbidden", text, details={})
    scope = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
    why = (
        f'User "{user.name}" cannot {action.verb} resource "{action.full_resource}" in API group '
        f'"{action.group}" {scope}'
    )
    name = f' "{action.name}"' if action.name else ""
    text = f"{qualify(action.resource, action.group)}{name} is forbidden: {why}"
    details = {"name": action.name, "group": action.group, "kind": action.resource}
    details = {key: value for key, value in details.items() if value}
    return StatusError(403, "Forbidden", text, details=details)
