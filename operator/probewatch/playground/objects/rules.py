"""Defaulting and validation by kind: what is checked, and which fields are immutable.

A real server checks more than is checked here, but what is rejected here a real one rejects
too, in the same words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.defaults import PROBES, apply_defaults, initial_pod_status
from probewatch.playground.objects.event_rules import check_event, check_new_event
from probewatch.playground.objects.names import check_name
from probewatch.playground.objects.status import Cause

Check = Callable[[JsonObject, JsonObject | None], list[Cause]]
"""The new object, and the old one on an update → what is wrong."""

NON_NEGATIVE = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold")
MUTABLE_POD_FIELDS = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def accept(_new: JsonObject, _old: JsonObject | None) -> list[Cause]:
    """Accept any object."""
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The defaulting and validation of objects of one kind."""

    default: Callable[[JsonObject], JsonObject]
    check: Check = accept
    begin_status: Callable[[JsonObject], JsonObject] = lambda _obj: {}
    """Returns the status of a new object."""


def find_rules(group: str, kind: str) -> Rules:
    """Return the rules of a built-in kind."""
    return Rules(
        default=lambda obj: apply_defaults(group, obj),
        check=CHECKS.get((group, kind), accept),
        begin_status=STATUSES.get((group, kind), lambda _obj: {}),
    )


def _check_pod(new: JsonObject, old: JsonObject | None) -> list[Cause]:
    spec = new.get("spec") or {}
    causes = check_containers(spec, "spec")
    if old and not causes and _frozen_part(spec) != _frozen_part(old.get("spec") or {}):
        text = f"Forbidden: pod updates may not change fields other than {MUTABLE_POD_FIELDS}"
        causes.append(("spec", text))
    return causes


def check_containers(spec: JsonObject, path: str) -> list[Cause]:
    """Return what is wrong with the containers of a pod's spec, or of a template's."""
    if not spec.get("containers"):
        return [(f"{path}.containers", "Required value")]
    causes: list[Cause] = []
    seen: set[str] = set()
    for key in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(key) or ()):
            field = f"{path}.{key}[{number}]"
            causes += _check_container(container, field)
            name = container.get("name") or ""
            if name in seen:
                causes.append((f"{field}.name", f'Duplicate value: "{name}"'))
            seen.add(name)
    return causes


def _check_container(container: JsonObject, field: str) -> list[Cause]:
    causes: list[Cause] = []
    if not container.get("name"):
        causes.append((f"{field}.name", "Required value"))
    else:
        causes += check_name("Namespace", container["name"], f"{field}.name")
    if not container.get("image"):
        causes.append((f"{field}.image", "Required value"))
    for key in PROBES:
        if container.get(key):
            causes += _check_probe(container[key], f"{field}.{key}", key)
    return causes


def _check_probe(probe: JsonObject, field: str, kind: str) -> list[Cause]:
    causes: list[Cause] = []
    handlers = [key for key in ("exec", "httpGet", "tcpSocket", "grpc") if probe.get(key)]
    if not handlers:
        causes.append((field, "Required value: must specify a handler type"))
    for extra in handlers[1:]:
        text = "Forbidden: may not specify more than 1 handler type"
        causes.append((f"{field}.{extra}", text))
    for key in NON_NEGATIVE:
        if (probe.get(key) or 0) < 0:
            text = f"Invalid value: {probe[key]}: must be greater than or equal to 0"
            causes.append((f"{field}.{key}", text))
    successes = probe.get("successThreshold") or 1
    if kind != "readinessProbe" and successes != 1:
        causes.append((f"{field}.successThreshold", f"Invalid value: {successes}: must be 1"))
    return causes


def _frozen_part(spec: JsonObject) -> JsonObject:
    """Return the immutable part of a pod's spec."""
    frozen = {
        key: value
        for key, value in spec.items()
        if key not in {"activeDeadlineSeconds", "tolerations", "ephemeralContainers"}
    }
    for key in ("containers", "initContainers"):
        frozen[key] = [{**item, "image": ""} for item in spec.get(key) or ()]
    return frozen


def _check_workload(new: JsonObject, old: JsonObject | None) -> list[Cause]:
    spec = new.get("spec") or {}
    template = spec.get("template") or {}
    causes = check_containers(template.get("spec") or {}, "spec.template.spec")
    selector = spec.get("selector") or {}
    if not selector:
        return [("spec.selector", "Required value"), *causes]
    wanted = selector.get("matchLabels") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        text = "`selector` does not match template `labels`"
        causes.append(("spec.template.metadata.labels", f"Invalid value: {_go(labels)}: {text}"))
    if old and selector != (old.get("spec") or {}).get("selector"):
        causes.append(("spec.selector", f"Invalid value: {_go(selector)}: field is immutable"))
    return causes


def _check_job(new: JsonObject, old: JsonObject | None) -> list[Cause]:
    template = (new.get("spec") or {}).get("template") or {}
    causes = check_containers(template.get("spec") or {}, "spec.template.spec")
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy not in {"Never", "OnFailure"}:
        text = f'Unsupported value: "{policy}": supported values: "OnFailure", "Never"'
        causes.append(("spec.template.spec.restartPolicy", text))
    if old and template != ((old.get("spec") or {}).get("template") or {}):
        causes.append(("spec.template", "Invalid value: field is immutable"))
    return causes


def _check_role_ref(new: JsonObject, old: JsonObject | None) -> list[Cause]:
    ref = new.get("roleRef") or {}
    if not ref.get("name"):
        return [("roleRef.name", "Required value")]
    if old and ref != old.get("roleRef"):
        return [("roleRef", f"Invalid value: {_go(ref)}: cannot change roleRef")]
    return []


def _check_lease(new: JsonObject, _old: JsonObject | None) -> list[Cause]:
    spec = new.get("spec") or {}
    causes: list[Cause] = []
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        text = f"Invalid value: {seconds}: must be greater than 0"
        causes.append(("spec.leaseDurationSeconds", text))
    transitions = spec.get("leaseTransitions")
    if transitions is not None and transitions < 0:
        text = f"Invalid value: {transitions}: must be greater than or equal to 0"
        causes.append(("spec.leaseTransitions", text))
    holder = spec.get("holderIdentity")
    if holder is not None and not holder:
        causes.append(("spec.holderIdentity", 'Invalid value: "": must not be empty'))
    return causes


def _check_priority_class(new: JsonObject, old: JsonObject | None) -> list[Cause]:
    if old and new.get("value") != old.get("value"):
        return [("value", "Forbidden: may not be changed in an update.")]
    return []


def _go(value: object) -> str:
    """Return a value roughly as the server prints it."""
    return str(value).replace("'", '"')


CHECKS: Mapping[tuple[str, str], Check] = {
    ("", "Event"): check_event,
    ("", "Pod"): _check_pod,
    ("apps", "DaemonSet"): _check_workload,
    ("apps", "Deployment"): _check_workload,
    ("apps", "ReplicaSet"): _check_workload,
    ("apps", "StatefulSet"): _check_workload,
    ("batch", "Job"): _check_job,
    ("coordination.k8s.io", "Lease"): _check_lease,
    ("events.k8s.io", "Event"): check_new_event,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _check_role_ref,
    ("rbac.authorization.k8s.io", "RoleBinding"): _check_role_ref,
    ("scheduling.k8s.io", "PriorityClass"): _check_priority_class,
}
STATUSES: Mapping[tuple[str, str], Callable[[JsonObject], JsonObject]] = {
    ("", "Namespace"): lambda _obj: {"phase": "Active"},
    ("", "Pod"): initial_pod_status,
    ("", "Service"): lambda _obj: {"loadBalancer": {}},
}
