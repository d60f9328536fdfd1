"""Tables: objects as rows, as kubectl prints them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from probewatch.playground.api.columns import NAME, Column, since
from probewatch.playground.api.columns_events import EVENT_COLUMNS
from probewatch.playground.api.columns_others import (
    BINDING_COLUMNS,
    BUDGET_COLUMNS,
    CONFIG_MAP_COLUMNS,
    LEASE_COLUMNS,
    NAME_AND_AGE,
    NAME_AND_CREATION,
    NAMESPACE_COLUMNS,
    NETWORK_POLICY_COLUMNS,
    NODE_COLUMNS,
    PRIORITY_CLASS_COLUMNS,
    SECRET_COLUMNS,
    SERVICE_COLUMNS,
)
from probewatch.playground.api.columns_pods import POD_COLUMNS
from probewatch.playground.api.columns_workloads import (
    CRON_JOB_COLUMNS,
    DAEMON_SET_COLUMNS,
    DEPLOYMENT_COLUMNS,
    JOB_COLUMNS,
    REPLICA_SET_COLUMNS,
    STATEFUL_SET_COLUMNS,
)
from probewatch.playground.api.jsonpath import parse_path, walk
from probewatch.playground.api.projections import META, PARTIAL_HEAD, Projection
from probewatch.playground.api.requests import Request
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.definitions import Version
from probewatch.playground.objects.faces import to_shown
from probewatch.playground.objects.store import Stored
from probewatch.playground.objects.types import ResourceType

Columns = Sequence[Column]

COLUMNS: Mapping[str, Columns] = {
    "clusterrolebindings.rbac.authorization.k8s.io": BINDING_COLUMNS,
    "clusterroles.rbac.authorization.k8s.io": NAME_AND_CREATION,
    "configmaps": CONFIG_MAP_COLUMNS,
    "cronjobs.batch": CRON_JOB_COLUMNS,
    "customresourcedefinitions.apiextensions.k8s.io": NAME_AND_CREATION,
    "daemonsets.apps": DAEMON_SET_COLUMNS,
    "deployments.apps": DEPLOYMENT_COLUMNS,
    "events": EVENT_COLUMNS,
    "jobs.batch": JOB_COLUMNS,
    "leases.coordination.k8s.io": LEASE_COLUMNS,
    "namespaces": NAMESPACE_COLUMNS,
    "networkpolicies.networking.k8s.io": NETWORK_POLICY_COLUMNS,
    "nodes": NODE_COLUMNS,
    "poddisruptionbudgets.policy": BUDGET_COLUMNS,
    "pods": POD_COLUMNS,
    "priorityclasses.scheduling.k8s.io": PRIORITY_CLASS_COLUMNS,
    "replicasets.apps": REPLICA_SET_COLUMNS,
    "rolebindings.rbac.authorization.k8s.io": BINDING_COLUMNS,
    "roles.rbac.authorization.k8s.io": NAME_AND_CREATION,
    "secrets": SECRET_COLUMNS,
    "services": SERVICE_COLUMNS,
    "statefulsets.apps": STATEFUL_SET_COLUMNS,
}
HEAD = {"kind": "Table", "apiVersion": f"{META}/v1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProjection:
    """Objects as rows."""

    type_: ResourceType
    columns: Columns
    now: Callable[[], float]
    include: str = "Metadata"
    """The part of the object that is sent with its row: Metadata, Object or None."""

    def one(self, stored: Stored) -> bytes:
        """Return a table of one row."""
        meta = {"resourceVersion": str(stored.version)}
        return msgspec.json.encode(self._table([self._row(stored)], meta))

    def many(self, items: Iterable[Stored], meta: JsonObject) -> bytes:
        """Return a table of all items."""
        return msgspec.json.encode(self._table([self._row(item) for item in items], meta))

    def bookmark(self, meta: JsonObject) -> bytes:
        """Return a table with one row that has no cells, only the metadata."""
        row = {"cells": [], "object": {**PARTIAL_HEAD, "metadata": meta}}
        return msgspec.json.encode(self._table([row], meta))

    def _table(self, rows: list[JsonObject], meta: JsonObject) -> JsonObject:
        columns = [column.define() for column in self.columns]
        return {**HEAD, "metadata": meta, "columnDefinitions": columns, "rows": rows}

    def _row(self, stored: Stored) -> JsonObject:
        obj, now = stored.object, self.now()
        row: JsonObject = {"cells": [column.cell(obj, now) for column in self.columns]}
        if self.include == "Metadata":
            row["object"] = {**PARTIAL_HEAD, "metadata": obj["metadata"]}
        elif self.include == "Object":
            row["object"] = to_shown(self.type_, obj)
        return row


def read_column(declared: JsonObject) -> Column:
    """Return a column that a CustomResourceDefinition declares."""
    steps, type_ = parse_path(declared["jsonPath"]), declared.get("type") or "string"

    def cell(obj: JsonObject, now: float) -> object:
        found = walk(steps, obj)
        if not found:
            return None
        if type_ == "date":
            return since(found[0], now)
        return found[0] if type_ in {"integer", "number", "boolean"} else _render(found)

    return Column(
        name=declared["name"],
        cell=cell,
        type=type_,
        format=declared.get("format") or "",
        priority=declared.get("priority") or 0,
        description=declared.get("description") or "",
    )


def _render(found: Sequence[Any]) -> str:
    """Return values as text, as kubectl's JSONPath prints them."""
    if len(found) == 1 and isinstance(found[0], str):
        return found[0]
    return " ".join(
        item if isinstance(item, str) else msgspec.json.encode(item).decode() for item in found
    )


class Tables:
    """Makes the table projections of requests, with the columns of custom resources."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.custom: dict[tuple[str, str], Columns] = {}
        """The columns of custom resources, by storage and version."""
        self._now = now

    def learn(self, versions: Mapping[tuple[str, str], Version]) -> None:
        """Replace the columns of custom resources."""
        self.custom = {
            place: (NAME, *map(read_column, version.columns)) if version.columns else NAME_AND_AGE
            for place, version in versions.items()
        }

    def make(self, type_: ResourceType, request: Request) -> Projection:
        """Return the projection for one request."""
        return TableProjection(
            type_=type_,
            columns=self._columns(type_),
            now=self._now,
            include=request.query.get("includeObject") or "Metadata",
        )

    def _columns(self, type_: ResourceType) -> Columns:
        own = self.custom.get((type_.store, type_.version))
        return own or COLUMNS.get(type_.store) or NAME_AND_AGE
