"""Pods drawn at random: their containers, probes, hooks and policies."""

from random import Random
from typing import Any

from tests.random_pods.fates import Habit, draw_fate

JsonObject = dict[str, Any]

UID = "u-1"
NAME_VARIABLE = "CONTAINER"
"""The environment variable by which the runtime knows which container it starts."""
IMAGE = "app"


def draw_pod(random: Random) -> JsonObject:
    """Return a pod with at least one probe."""
    names = ("app", "web", "db")[: random.choice((1, 1, 1, 2, 2, 3))]
    containers = [draw_container(random, name) for name in names]
    inits = []
    if random.random() < 0.15:
        inits.append(_bare_container(random, "init"))
    if random.random() < 0.2:
        inits.append(draw_container(random, "proxy") | {"restartPolicy": "Always"})
    if not any(key.endswith("Probe") for each in (*containers, *inits) for key in each):
        containers[0]["readinessProbe"] = draw_probe(random, "readinessProbe")
    spec = {
        "containers": containers,
        "initContainers": inits,
        "restartPolicy": random.choice(("Always",) * 5 + ("OnFailure", "OnFailure", "Never")),
        "terminationGracePeriodSeconds": random.choice((30, 30, 30, 1, 5, 10, 60)),
        "nodeName": "node1",
    }
    metadata = {"uid": UID, "namespace": "shop", "name": "web-1", "generation": 1}
    metadata["creationTimestamp"] = "2027-01-15T08:00:00Z"
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec}


def draw_habits(random: Random, pod: JsonObject) -> dict[str, Habit]:
    """Return the habit of each container of the pod."""
    habits = {}
    for each in (*pod["spec"]["containers"], *pod["spec"]["initContainers"]):
        has_hook = "postStart" in each.get("lifecycle", {})
        habits[each["name"]] = Habit(
            usual=draw_fate(random, has_hook=has_hook),
            oddity=random.choice((0.0, 0.1, 0.2, 0.5)),
            is_init=each["name"] == "init",
            has_hook=has_hook,
        )
    return habits


def _bare_container(random: Random, name: str) -> JsonObject:
    return {
        "name": name,
        "image": f"{IMAGE}:1",
        "imagePullPolicy": "Always" if random.random() < 0.2 else "IfNotPresent",
        "command": ["/app"],
        "env": [{"name": NAME_VARIABLE, "value": name}],
    }


def draw_container(random: Random, name: str) -> JsonObject:
    """Return a container with some probes and hooks."""
    container = _bare_container(random, name)
    shares = {"livenessProbe": 0.75, "startupProbe": 0.35, "readinessProbe": 0.6}
    for field, share in shares.items():
        if random.random() < share:
            container[field] = draw_probe(random, field)
    if random.random() < 0.06:
        container["restartPolicy"] = random.choice(("Always", "OnFailure", "Never"))
    return container | _draw_lifecycle(random)


def _draw_lifecycle(random: Random) -> JsonObject:
    hooks: JsonObject = {}
    if random.random() < 0.12:
        hooks["postStart"] = {"exec": {"command": ["postStart"]}}
    if random.random() < 0.1:
        hooks["preStop"] = {"exec": {"command": ["preStop"]}}
    elif random.random() < 0.1:
        hooks["preStop"] = {"sleep": {"seconds": random.choice((1, 5, 20))}}
    return {"lifecycle": hooks} if hooks else {}


def draw_probe(random: Random, field: str) -> JsonObject:
    """Return a probe for this field of a container."""
    path = "/ready" if field == "readinessProbe" else "/healthz"
    http = {"httpGet": {"path": path, "port": 3000}}
    probe: JsonObject = {
        **random.choice((http, http, {"tcpSocket": {"port": 3000}}, {"exec": {"command": [path]}})),
        "periodSeconds": random.choice((1, 2, 3, 5, 5, 10, 10, 20)),
        "timeoutSeconds": random.choice((1, 1, 1, 2, 5)),
        "failureThreshold": random.choice((1, 1, 2, 3, 3, 3, 5)),
        "successThreshold": 1,
    }
    if random.random() < 0.5:
        probe["initialDelaySeconds"] = random.choice((1, 5, 10, 30))
    if field == "readinessProbe" and random.random() < 0.2:
        probe["successThreshold"] = 2
    if field != "readinessProbe" and random.random() < 0.15:
        probe["terminationGracePeriodSeconds"] = random.choice((1, 3, 10, 60))
    return probe
