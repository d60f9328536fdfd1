"""A valid pod, and wrong values for each of its fields."""

import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

SOUND: Json = {
    "metadata": {
        "uid": "u-1",
        "name": "cart",
        "namespace": "shop",
        "resourceVersion": "7",
        "generation": 2,
        "creationTimestamp": "2026-11-20T08:00:00Z",
        "labels": {"app": "cart"},
        "annotations": {"probewatch.dev/ignore": "false"},
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "cart-1", "uid": "o-1"}
            | {"controller": True}
        ],
    },
    "spec": {
        "nodeName": "node-1",
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "readinessGates": [{"conditionType": "ready.example"}],
        "initContainers": [{"name": "init", "restartPolicy": "Always"}],
        "containers": [
            {
                "name": "app",
                "image": "app:1",
                "resources": {"limits": {"cpu": "1"}},
                "lifecycle": {"preStop": {"sleep": {"seconds": 5}}, "stopSignal": "SIGINT"},
                "restartPolicyRules": [
                    {"action": "Restart", "exitCodes": {"operator": "In", "values": [3]}}
                ],
                "livenessProbe": {
                    "httpGet": {"path": "/healthz", "port": "http"},
                    "periodSeconds": 5,
                    "failureThreshold": 3,
                },
                "readinessProbe": {"exec": {"command": ["true"]}},
                "startupProbe": {"grpc": {"port": 1, "service": "s"}},
            }
        ],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-20T08:00:19Z"}
        ],
        "containerStatuses": [
            {
                "name": "app",
                "restartCount": 4,
                "ready": True,
                "started": True,
                "containerID": "c-4",
                "state": {"running": {"startedAt": "2026-11-20T08:00:04Z"}},
                "lastState": {
                    "terminated": {
                        "exitCode": 137,
                        "reason": "Error",
                        "startedAt": "2026-11-20T07:00:00Z",
                        "finishedAt": "2026-11-20T08:00:00Z",
                        "containerID": "c-3",
                    }
                },
            },
            {"name": "proxy", "restartCount": 1, "ready": False},
        ],
    },
}


Path = tuple[str | int, ...]


def paths(value: object, here: Path = ()) -> list[Path]:
    """The paths of all values within a value."""
    found: list[Path] = [here] if here else []
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)  # type: ignore[assignment]  # keys of either kind
    for key, each in items:
        found += paths(each, (*here, key))
    return found


PLACES = paths(SOUND)

WRONG: Mapping[str, object] = {
    "null": None,
    "a text": "text",
    "a number as text": "17",
    "an integer": 17,
    "a fraction": 1.5,
    "a negative": -3,
    "too large": 2**63,
    "far too large": 2**70,
    "true": True,
    "an empty object": {},
    "an object": {"a": {"b": 1}},
    "an empty list": [],
    "a list": [1, "2", None, {}],
    "a long text": "x" * 10_240,
}


def changed(value: Json, place: Path, put: object) -> Json:
    """A copy with another value at one path."""
    copy: Json = json.loads(json.dumps(value))
    at: Any = copy
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = put
    return copy
