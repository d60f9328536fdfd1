"""The load generator's cluster: its objects, and the changes that can happen."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.bench.pods import APP, READY, Record, managed, owner_uid, render

Query = Mapping[str, str]

FIRST_VERSION = 1_000_000
RELEVANT_EVERY = 100
"""One in so many kubelet Events is about a probe of a watched pod."""


@dataclass(frozen=True, slots=True)
class Step:
    """The watch lines of one change."""

    uid: str
    pods: tuple[bytes, ...] = ()
    events: tuple[bytes, ...] = ()


class Cluster:
    """So many pods, healthy at first, in workloads of a given size."""

    def __init__(self, pods: int, *, together: int) -> None:
        self._version = FIRST_VERSION
        self._together = together
        self._pods = [
            Record(number=number, workload=number // together, version=self._next())
            for number in range(pods)
        ]
        self._turn = itertools.cycle(range(pods))
        self._said = itertools.count()
        self._happenings: Mapping[str, Callable[[], Step]] = {
            "noop": self._noop,
            "restart": self._restart,
            "flip": self._flip,
            "churn": self._churn,
            "event": self._event,
        }

    def happen(self, what: str) -> Step:
        """Apply one change to the next pod in turn."""
        return self._happenings[what]()

    def page(self, query: Query) -> Iterator[bytes]:
        """One page of a list, in parts."""
        start, limit = int(query.get("continue", "0")), int(query.get("limit", "0"))
        end = start + limit if limit else len(self._pods)
        token = str(end) if end < len(self._pods) else ""
        meta = json.dumps({"resourceVersion": str(self._version), "continue": token})
        yield b'{"kind":"PodList","apiVersion":"v1","metadata":%b,"items":[' % meta.encode()
        for number, record in enumerate(self._pods[start:end]):
            yield (b"," if number else b"") + render(record)
        yield b"]}\n"

    def initial_lines(self) -> Iterator[bytes]:
        """A streaming list, with the bookmark that ends it."""
        for record in self._pods:
            yield _line(b"ADDED", render(record))
        yield self.bookmark(b',"annotations":{"k8s.io/initial-events-end":"true"}')

    def bookmark(self, more: bytes = b"") -> bytes:
        """A bookmark at the current version."""
        meta = b'{"resourceVersion":"%d"%b}' % (self._version, more)
        return _line(b"BOOKMARK", b'{"kind":"Pod","apiVersion":"v1","metadata":%b}' % meta)

    def other(self, path: str, query: Query) -> bytes:
        """Other requests: discovery, owners, empty collections."""
        if path == "/api/v1":
            resources = [_resource("pods", "Pod"), _resource("namespaces", "Namespace")]
            return json.dumps({"kind": "APIResourceList", "resources": resources}).encode()
        if path == "/apis/apps/v1/replicasets":
            return self._owners(query)
        if "/replicasets/" in path:
            return json.dumps(_replica_set(path.rpartition("/")[2])).encode()
        meta = {"resourceVersion": str(self._version)}
        empty = {"versions": ["v1"], "groups": [], "resources": []}
        return json.dumps({"metadata": meta, "items": [], **empty}).encode()

    def _owners(self, query: Query) -> bytes:
        """A page of the metadata of all ReplicaSets."""
        start, limit = int(query.get("continue", "0")), int(query.get("limit", "500"))
        last = -(-len(self._pods) // self._together)
        end = min(start + limit, last)
        items = []
        for number in range(start, end):
            record = self._pods[number * self._together]
            item = _replica_set(f"service-{number}-7d9f8b6c5d")
            item["metadata"] = {**item["metadata"], "namespace": record.namespace}
            items.append(item)
        meta = {"resourceVersion": str(self._version), "continue": str(end) if end < last else ""}
        return json.dumps({"metadata": meta, "items": items}).encode()

    def written(self, body: bytes) -> bytes:
        """A written object as the server answers it, with uid and version."""
        written = json.loads(body or b"{}")
        if isinstance(written, dict):
            meta = written.setdefault("metadata", {})
            meta |= {"uid": f"{self._next():08x}-written", "resourceVersion": str(self._version)}
        return json.dumps(written).encode()

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _take_turn(self) -> Record:
        record = self._pods[next(self._turn)]
        record.version = self._next()
        return record

    def _noop(self) -> Step:
        """An update of version and managedFields only."""
        record = self._take_turn()
        record.noise += 1
        return Step(record.uid, pods=(_line(b"MODIFIED", render(record)),))

    def _restart(self) -> Step:
        """A liveness kill: the kubelet's Event, and the pod with its next instance."""
        record = self._take_turn()
        record.changed_at = _now()
        record.restarts += 1
        message = f"Container {APP} failed liveness probe, will be restarted"
        said = _event(self._next(), record, reason="Killing", message=message)
        return Step(record.uid, pods=(_line(b"MODIFIED", render(record)),), events=(said,))

    def _flip(self) -> Step:
        """Readiness is lost or regained."""
        record = self._take_turn()
        record.changed_at = _now()
        record.is_ready = not record.is_ready
        return Step(record.uid, pods=(_line(b"MODIFIED", render(record)),))

    def _churn(self) -> Step:
        """A pod is deleted and replaced."""
        record = self._take_turn()
        gone = _line(b"DELETED", render(record))
        record.life += 1
        record.version, record.restarts = self._next(), 0
        record.is_ready, record.changed_at = True, READY
        return Step(record.uid, pods=(gone, _line(b"ADDED", render(record))))

    def _event(self) -> Step:
        """A kubelet Event, most of which are about pods without interest."""
        number, record = next(self._said), self._pods[next(self._turn)]
        if number % RELEVANT_EVERY == 0:
            text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
            said = _event(self._next(), record, reason="Unhealthy", message=text)
        elif number % 2:
            text = (
                'Successfully pulled image "registry.example/job:1" in 1.2s (1.2s including wait)'
            )
            stranger = Record(number=10_000_000 + number, workload=10_000_000)
            said = _event(self._next(), stranger, reason="Pulled", message=text)
        else:
            text = 'MountVolume.SetUp failed for volume "config": configmap "config" not found'
            said = _event(self._next(), record, reason="FailedMount", message=text)
        return Step(record.uid, events=(said,))


def _line(kind: bytes, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}' % (kind, body)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _event(version: int, record: Record, *, reason: str, message: str) -> bytes:
    at = _now()
    event = {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {
            "name": f"{record.name}.{version:016x}",
            "namespace": record.namespace,
            "uid": f"{version:08x}-0000-4000-8000-0000000000ee",
            "resourceVersion": str(version),
            "creationTimestamp": at,
            "managedFields": [
                {
                    "manager": "kubelet",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": at,
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:count": {}, "f:firstTimestamp": {}, "f:involvedObject": {}},
                }
            ],
        },
        "involvedObject": {
            "kind": "Pod",
            "namespace": record.namespace,
            "name": record.name,
            "uid": record.uid,
            "apiVersion": "v1",
            "resourceVersion": str(record.version),
            "fieldPath": f"spec.containers{{{APP}}}",
        },
        "reason": reason,
        "message": message,
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
        "type": "Warning",
        "eventTime": None,
        "reportingComponent": "kubelet",
        "reportingInstance": "node-1",
    }
    return _line(b"ADDED", json.dumps(event, separators=(",", ":")).encode())


def _resource(plural: str, kind: str) -> dict[str, object]:
    return {
        "name": plural,
        "singularName": kind.lower(),
        "kind": kind,
        "namespaced": kind == "Pod",
        "verbs": ["get", "list", "watch"],
    }


def _replica_set(name: str) -> dict[str, Any]:
    deployment = name.rpartition("-")[0]
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": deployment,
        "uid": f"deployment-of-{name}",
        "controller": True,
    }
    uid = owner_uid(int(deployment.rpartition("-")[2]))
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {
            "name": name,
            "uid": uid,
            "resourceVersion": "1",
            "generation": 1,
            "labels": {"app.kubernetes.io/name": deployment, "pod-template-hash": "7d9f8b6c5d"},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [owner],
            "managedFields": managed(),
        },
    }
