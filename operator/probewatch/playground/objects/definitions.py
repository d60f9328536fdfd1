"""CustomResourceDefinitions: the server serves their resources as soon as they are created."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from probewatch.playground.json_object import JsonObject, Schema
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.objects.cel_rules import MISSING, check_compilation, check_rules
from probewatch.playground.objects.registry import STATUS, Registry
from probewatch.playground.objects.rules import Rules
from probewatch.playground.objects.schema_checks import check
from probewatch.playground.objects.schemas import fill_defaults, prune
from probewatch.playground.objects.status import Cause
from probewatch.playground.objects.store import Change
from probewatch.playground.objects.types import ResourceType

GROUP = "apiextensions.k8s.io"
STORAGE = f"customresourcedefinitions.{GROUP}"
FREE_SCHEMA: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a custom resource."""

    type_: ResourceType
    schema: Schema
    columns: tuple[JsonObject, ...]


class DefinitionKeeper:
    """Serves the resources of definitions; tables and OpenAPI documents read `versions`."""

    def __init__(self, registry: Registry) -> None:
        self.versions: dict[tuple[str, str], Version] = {}
        """By storage and version."""
        self.on_change: list[Callable[[], None]] = []
        self._registry = registry
        self._type = registry.types.builtin("customresourcedefinitions", GROUP)
        registry.rules[STORAGE] = Rules(default=_complete, check=check_definition)
        registry.store.listeners.append(self._notice)

    def _notice(self, storage: str, change: Change) -> None:
        if storage != STORAGE:
            return
        definition = change.new.object
        if change.is_deletion:
            self._withdraw(definition)
        elif change.old is None or definition["spec"] != change.old.object["spec"]:
            self._serve(definition)

    def _serve(self, definition: JsonObject) -> None:
        name = definition["metadata"]["name"]
        self._forget(name)
        for version in read_versions(definition):
            place = (version.type_.store, version.type_.version)
            self.versions[place] = version
            self._registry.types.add(version.type_)
        self._registry.rules[name] = self._make_rules(name)
        now = render_time(self._registry.clock.now())
        self._registry.change(self._type, "", name, lambda old: _established(old, now), STATUS)
        self._tell()

    def _make_rules(self, storage: str) -> Rules:
        """Return rules for all versions: each object is checked by the schema of its version."""

        def schema_of(obj: JsonObject) -> Schema:
            version = (obj.get("apiVersion") or "").rpartition("/")[2]
            return self.versions[storage, version].schema

        def complete(obj: JsonObject) -> JsonObject:
            schema = schema_of(obj)
            filled: JsonObject = fill_defaults(schema, prune(schema, obj, is_root=True))
            return filled

        def judge(new: JsonObject, old: JsonObject | None) -> list[Cause]:
            schema = schema_of(new)
            before = MISSING if old is None else old
            return check(schema, new) or list(check_rules(schema, new, before))

        return Rules(default=complete, check=judge)

    def _withdraw(self, definition: JsonObject) -> None:
        """Stop serving the resource, and remove its objects."""
        name = definition["metadata"]["name"]
        for stored in self._registry.store.items(name):
            self._registry.store.remove(name, stored.key)
        self._forget(name)
        self._registry.rules.pop(name, None)
        self._registry.store.wake(name)  # its watches end
        self._tell()

    def _forget(self, name: str) -> None:
        self._registry.types.discard(name)
        for place in [place for place in self.versions if place[0] == name]:
            del self.versions[place]

    def _tell(self) -> None:
        for call in self.on_change:
            call()


def read_versions(definition: JsonObject) -> Iterator[Version]:
    """Yield the versions of a definition that are served."""
    spec = definition["spec"]
    names = spec["names"]
    for item in spec["versions"]:
        if not item.get("served"):
            continue
        subresources = item.get("subresources") or {}
        type_ = ResourceType(
            group=spec["group"],
            version=item["name"],
            plural=names["plural"],
            kind=names["kind"],
            singular=names.get("singular") or names["kind"].lower(),
            namespaced=spec.get("scope") == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=tuple(name for name in ("status", "scale") if name in subresources),
            selectable=tuple(
                field["jsonPath"].removeprefix(".") for field in item.get("selectableFields") or ()
            ),
            unconditional=False,
            counts_generations=True,
            custom=True,
            definition=definition["metadata"]["name"],
        )
        schema = (item.get("schema") or {}).get("openAPIV3Schema") or FREE_SCHEMA
        columns = tuple(item.get("additionalPrinterColumns") or ())
        yield Version(type_=type_, schema=schema, columns=columns)


def _complete(definition: JsonObject) -> JsonObject:
    """Return a definition with the names that follow from its kind."""
    spec = dict(definition.get("spec") or {})
    names = dict(spec.get("names") or {})
    if names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec["names"] = names
    spec.setdefault("conversion", {"strategy": "None"})
    return {**definition, "spec": spec}


def check_definition(new: JsonObject, old: JsonObject | None) -> list[Cause]:
    """Return what is wrong with a definition."""
    spec = new.get("spec") or {}
    names, versions = spec.get("names") or {}, spec.get("versions") or ()
    required = {
        "spec.group": spec.get("group"),
        "spec.names.plural": names.get("plural"),
        "spec.names.kind": names.get("kind"),
        "spec.versions": versions,
    }
    causes = [(field, "Required value") for field, value in required.items() if not value]
    if causes:
        return causes
    wanted = f"{names['plural']}.{spec['group']}"
    if new["metadata"]["name"] != wanted:
        text = 'must be spec.names.plural+"."+spec.group'
        causes.append(("metadata.name", f'Invalid value: "{new["metadata"]["name"]}": {text}'))
    if spec.get("scope") not in {"Namespaced", "Cluster"}:
        text = f'Unsupported value: "{spec.get("scope") or ""}"'
        causes.append(("spec.scope", f'{text}: supported values: "Cluster", "Namespaced"'))
    if sum(bool(item.get("storage")) for item in versions) != 1:
        text = "must have exactly one version marked as storage version"
        causes.append(("spec.versions", f"Invalid value: {text}"))
    for number, item in enumerate(versions):
        causes += _check_version(number, item)
    before = (old or {}).get("spec") or spec
    if spec.get("scope") != before.get("scope"):
        causes.append(("spec.scope", f'Invalid value: "{spec["scope"]}": field is immutable'))
    return causes


def _check_version(number: int, version: JsonObject) -> Iterator[Cause]:
    field = f"spec.versions[{number}].schema.openAPIV3Schema"
    if not version.get("name"):
        yield f"spec.versions[{number}].name", "Required value"
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if not schema:
        yield field, "Required value: schemas are required"
    elif schema.get("type") != "object":
        yield (
            f"{field}.type",
            f'Invalid value: "{schema.get("type") or ""}": must be object at the root',
        )
    else:
        yield from _check_structure(schema, field)
    for place, column in enumerate(version.get("additionalPrinterColumns") or ()):
        for key in ("name", "type", "jsonPath"):
            if not column.get(key):
                where = f"spec.versions[{number}].additionalPrinterColumns[{place}].{key}"
                yield where, "Required value"


def _check_structure(schema: Schema, field: str) -> Iterator[Cause]:
    """Yield what is wrong with a structural schema: parts without a type, rules, references."""
    yield from check_compilation(schema, field)
    has_type = schema.get("type") or schema.get("x-kubernetes-int-or-string")
    if not has_type and not schema.get("x-kubernetes-preserve-unknown-fields"):
        yield f"{field}.type", "Required value: must not be empty for specified object fields"
    for key, child in (schema.get("properties") or {}).items():
        yield from _check_structure(child, f"{field}.properties[{key}]")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            yield from _check_structure(schema[key], f"{field}.{key}")
    if schema.get("$ref"):
        yield f"{field}.$ref", "Forbidden: $ref is not supported"


def _established(definition: JsonObject, now: str) -> JsonObject:
    """Return the definition with the status of one that is served."""
    spec, status = definition["spec"], dict(definition.get("status") or {})
    conditions = [
        {"type": "NamesAccepted", "status": "True", "lastTransitionTime": now,
         "reason": "NoConflicts", "message": "no conflicts found"},
        {"type": "Established", "status": "True", "lastTransitionTime": now,
         "reason": "InitialNamesAccepted", "message": "the initial names have been accepted"},
    ]  # fmt: skip
    stored = [item["name"] for item in spec["versions"] if item.get("storage")]
    versions = list(dict.fromkeys([*(status.get("storedVersions") or ()), *stored]))
    status["conditions"] = status.get("conditions") or conditions
    return {
        **definition,
        "status": {**status, "acceptedNames": spec["names"], "storedVersions": versions},
    }
