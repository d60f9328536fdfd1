"""The parts of a story: a pod that plays a script, and what probewatch has to find about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.playground.json_object import JsonObject

IMAGE = "probewatch/story:1"
OTHER_IMAGE = "probewatch/story:2"
PERIOD, GRACE = 5, 3
MEMORY = "64Mi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One pod, and what probewatch has to find about it."""

    name: str
    shows: str
    """What it shows, in one sentence."""
    pod: JsonObject
    """The pod's spec."""
    verdicts: Mapping[str, str] = field(default_factory=dict)
    """The cause of each restart, by container; a container that is absent never restarts."""
    events: tuple[str, ...] = ()
    """The reasons of the Events that the operator has to write."""
    readiness: tuple[tuple[str, str], ...] = ()
    """Readiness transitions that have to be found, with their reasons."""
    failures: tuple[str, ...] = ()
    """Types of probes whose failures have to be counted."""
    image_at: float | None = None
    """Seconds after which the pod gets another image."""

    @property
    def manifest(self) -> JsonObject:
        """The pod as it is created."""
        meta = {"name": self.name, "labels": {"story": self.name}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": self.pod}


def http(path: str = "/healthz", **fields: object) -> JsonObject:
    """Return an HTTP probe of the app."""
    return {"httpGet": {"path": path, "port": 3000}, "periodSeconds": PERIOD, **fields}


def app(script: str = "", *, name: str = "app", **fields: object) -> JsonObject:
    """Return a container that plays *script*."""
    return {"name": name, "image": IMAGE, "args": script.split(), **fields}


def pod(*containers: JsonObject, **fields: object) -> JsonObject:
    """Return a pod's spec."""
    return {"terminationGracePeriodSeconds": GRACE, "containers": list(containers), **fields}


def live(script: str, **fields: object) -> JsonObject:
    """Return a pod with one container that has an HTTP liveness probe."""
    return pod(app(script, livenessProbe=http()), **fields)
