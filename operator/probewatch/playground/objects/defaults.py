"""The defaults that the API server fills in where an object leaves fields out."""

from collections.abc import Callable, Mapping
from typing import Any

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.pod_status import find_qos_class

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
PROBE_DEFAULTS = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
POD_DEFAULTS: JsonObject = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
TOLERATIONS = tuple(
    {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
)
WORKLOADS: Mapping[str, JsonObject] = {
    "Deployment": {
        "replicas": 1,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
        },
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    },
    "ReplicaSet": {"replicas": 1},
    "StatefulSet": {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 10,
    },
    "DaemonSet": {
        "updateStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
        },
        "revisionHistoryLimit": 10,
    },
    "Job": {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    },
}


UNSET: tuple[object, ...] = (None, "", {})


def _filled(
    obj: JsonObject, defaults: Mapping[str, Any], unset: tuple[object, ...] = UNSET
) -> JsonObject:
    """Return *obj* with *defaults* for fields that it does not set, not those within others."""
    return {**obj, **{key: value for key, value in defaults.items() if obj.get(key) in unset}}


def _default_probe(probe: JsonObject) -> JsonObject:
    probe = _filled(probe, PROBE_DEFAULTS, (*UNSET, 0))
    if "httpGet" in probe:
        probe["httpGet"] = _filled(probe["httpGet"], {"path": "/", "scheme": "HTTP"})
    if "grpc" in probe:
        probe["grpc"] = _filled(probe["grpc"], {"service": ""})
    return probe


def _pull_policy(image: str) -> str:
    """Return the default pull policy: without a tag, or with `latest`, it is `Always`."""
    if "@" in image:
        return "IfNotPresent"
    _, _, tag = image.rpartition("/")[2].partition(":")
    return "Always" if tag in {"", "latest"} else "IfNotPresent"


def _default_container(container: JsonObject) -> JsonObject:
    container = _filled(
        container,
        {
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": _pull_policy(container.get("image") or ""),
        },
    )
    if container.get("ports"):
        container["ports"] = [_filled(port, {"protocol": "TCP"}) for port in container["ports"]]
    for key in PROBES:
        if container.get(key):
            container[key] = _default_probe(container[key])
    return container


def default_pod_spec(spec: JsonObject) -> JsonObject:
    """Return the spec of a pod, or of a pod template, with its defaults."""
    spec = _filled(spec, POD_DEFAULTS)
    for key in ("containers", "initContainers"):
        if spec.get(key):
            spec[key] = [_default_container(item) for item in spec[key]]
    if spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    return spec


def default_pod(pod: JsonObject) -> JsonObject:
    """Return a pod as the server stores it: with defaults, and with what admission adds."""
    spec = default_pod_spec(pod.get("spec") or {})
    spec = _filled(
        spec,
        {
            "serviceAccountName": "default",
            "serviceAccount": spec.get("serviceAccountName") or "default",
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
        },
    )
    present = {item.get("key") for item in spec.get("tolerations") or ()}
    added = [dict(item) for item in TOLERATIONS if item["key"] not in present]
    spec["tolerations"] = [*(spec.get("tolerations") or ()), *added]
    return {**pod, "spec": spec}


def initial_pod_status(pod: JsonObject) -> JsonObject:
    """Return the status of a new pod."""
    return {"phase": "Pending", "qosClass": find_qos_class(pod.get("spec") or {})}


def _default_workload(obj: JsonObject) -> JsonObject:
    spec = _filled(obj.get("spec") or {}, WORKLOADS.get(obj["kind"], {}))
    template = spec.get("template")
    if template and template.get("spec"):
        spec["template"] = {**template, "spec": default_pod_spec(template["spec"])}
    return {**obj, "spec": spec}


def _default_cron_job(obj: JsonObject) -> JsonObject:
    defaults = {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    spec = _filled(obj.get("spec") or {}, defaults)
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    if (job.get("template") or {}).get("spec"):
        template = {**job["template"], "spec": default_pod_spec(job["template"]["spec"])}
        spec["jobTemplate"] = {**spec["jobTemplate"], "spec": {**job, "template": template}}
    return {**obj, "spec": spec}


def _default_service(obj: JsonObject) -> JsonObject:
    spec = _filled(
        obj.get("spec") or {},
        {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"},
    )
    ports = spec.get("ports") or ()
    spec["ports"] = [
        _filled(port, {"protocol": "TCP", "targetPort": port.get("port")}) for port in ports
    ]
    return {**obj, "spec": spec}


def _default_namespace(obj: JsonObject) -> JsonObject:
    meta = obj["metadata"]
    labels = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta["name"]}
    spec = {**(obj.get("spec") or {}), "finalizers": ["kubernetes"]}
    return {**obj, "metadata": {**meta, "labels": labels}, "spec": spec}


def _default_secret(obj: JsonObject) -> JsonObject:
    return _filled(obj, {"type": "Opaque"})


DEFAULTS: Mapping[tuple[str, str], Callable[[JsonObject], JsonObject]] = {
    ("", "Pod"): default_pod,
    ("", "Namespace"): _default_namespace,
    ("", "Secret"): _default_secret,
    ("", "Service"): _default_service,
    ("apps", "DaemonSet"): _default_workload,
    ("apps", "Deployment"): _default_workload,
    ("apps", "ReplicaSet"): _default_workload,
    ("apps", "StatefulSet"): _default_workload,
    ("batch", "CronJob"): _default_cron_job,
    ("batch", "Job"): _default_workload,
}


def apply_defaults(group: str, obj: JsonObject) -> JsonObject:
    """Return *obj* with the defaults of its kind."""
    default = DEFAULTS.get((group, obj.get("kind") or ""))
    return default(obj) if default else obj
