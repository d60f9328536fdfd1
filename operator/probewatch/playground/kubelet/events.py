"""The kubelet's Event recorder: filters Events and writes them as API objects."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from probewatch.clock import Clock
from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.event_filter import Delivery, EventFilter, Note, Subject
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.kubelet.specs import ContainerSpec, PodSpec


class EventKeeper(Protocol):
    """Stores Events."""

    def keep(self, event: JsonObject) -> None:
        """Create the Event, or update the one with its name."""
        ...


class KubeletEvents:
    """Records what happens to pods, as the kubelet of *node* does."""

    def __init__(
        self,
        keeper: EventKeeper,
        clock: Clock,
        *,
        node: str,
        sieve: EventFilter,
        stamp: Callable[[float], str] = render_time,
    ) -> None:
        self._keeper = keeper
        self._clock = clock
        self._node = node
        self._filter = sieve
        self._stamp = stamp

    def normal(self, pod: PodSpec, container: ContainerSpec, reason: str, message: str) -> None:
        """Record a `Normal` Event about a container."""
        self._say(pod, container, type_="Normal", reason=reason, message=message)

    def warn(self, pod: PodSpec, container: ContainerSpec, reason: str, message: str) -> None:
        """Record a `Warning` Event about a container."""
        self._say(pod, container, type_="Warning", reason=reason, message=message)

    def note_pod(self, pod: PodSpec, reason: str, message: str) -> None:
        """Record a `Normal` Event about the pod as a whole."""
        self._say(pod, None, type_="Normal", reason=reason, message=message)

    def warn_node(self, reason: str, message: str) -> None:
        """Record a `Warning` Event about the node."""
        subject = Subject(kind="Node", namespace="", name=self._node, uid=self._node)
        self._note(subject, type_="Warning", reason=reason, message=message)

    def warn_pod(self, pod: PodSpec, reason: str, message: str) -> None:
        """Record a `Warning` Event about the pod as a whole."""
        self._say(pod, None, type_="Warning", reason=reason, message=message)

    def _say(
        self,
        pod: PodSpec,
        container: ContainerSpec | None,
        *,
        type_: str,
        reason: str,
        message: str,
    ) -> None:
        subject = _of_pod(pod, container.field_path if container else "")
        self._note(subject, type_=type_, reason=reason, message=message)

    def _note(self, subject: Subject, *, type_: str, reason: str, message: str) -> None:
        note = Note(
            component="kubelet",
            host=self._node,
            subject=subject,
            type=type_,
            reason=reason,
            message=message,
        )
        delivery = self._filter.admit(note, self._clock.now())
        if delivery is not None:
            self._keeper.keep(render_event(delivery, self._stamp))


def render_event(delivery: Delivery, stamp: Callable[[float], str] = render_time) -> JsonObject:
    """Return the Event object of a delivery."""
    note = delivery.note
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": delivery.name, "namespace": note.subject.namespace or "default"},
        "involvedObject": _involved(note.subject),
        "reason": note.reason,
        "message": note.message,
        "source": {"component": note.component, "host": note.host},
        "firstTimestamp": stamp(delivery.first),
        "lastTimestamp": stamp(delivery.last),
        "count": delivery.count,
        "type": note.type,
        "eventTime": None,
        "reportingComponent": note.component,
        "reportingInstance": note.host,
    }


def _of_pod(pod: PodSpec, field_path: str = "") -> Subject:
    return Subject(
        kind="Pod",
        namespace=pod.namespace,
        name=pod.name,
        uid=pod.uid,
        resource_version=pod.resource_version,
        field_path=field_path,
    )


def _involved(subject: Subject) -> JsonObject:
    involved = {
        "kind": subject.kind,
        "namespace": subject.namespace,
        "name": subject.name,
        "uid": subject.uid,
        "apiVersion": "v1",
        "resourceVersion": subject.resource_version,
        "fieldPath": subject.field_path,
    }
    return {key: value for key, value in involved.items() if value}


def render_scheduled(pod: PodSpec, node: str, now: float) -> JsonObject:
    """Return the scheduler's Event, in the form of events.k8s.io/v1: `eventTime`, no count."""
    at = datetime.fromtimestamp(now, UTC)
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": f"{pod.name}.{int(now * 1e9):x}", "namespace": pod.namespace},
        "involvedObject": _involved(_of_pod(pod)),
        "reason": "Scheduled",
        "message": f"Successfully assigned {pod.namespace}/{pod.name} to {node}",
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "type": "Normal",
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "action": "Binding",
        "reportingComponent": "default-scheduler",
        "reportingInstance": "default-scheduler-playground",
    }
