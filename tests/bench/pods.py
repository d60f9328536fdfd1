"""Pods of the load generator, as the JSON of a real API server.

About 9 KB each, of which 3.5 KB are managedFields: two containers with probes, five conditions, and
the volumes, tolerations and environment that admission and templates add. A template is written
once as JSON with placeholders, which are filled in for each version.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

NAMESPACES = 50
NODES = 500

CREATED = "2026-11-20T08:00:00Z"
STARTED = "2026-11-20T08:00:04Z"
READY = "2026-11-20T08:00:19Z"

APP, PROXY = "app", "proxy"


@dataclass(slots=True)
class Record:
    """The varying values of one pod; everything else follows from its number."""

    number: int
    workload: int = 0
    """The number of its workload."""
    life: int = 0
    """The generation of a replaced pod, which has another uid and name."""
    version: int = 0
    restarts: int = 0
    is_ready: bool = True
    noise: int = 0
    changed_at: str = READY

    @property
    def uid(self) -> str:
        """`metadata.uid`."""
        return f"{self.number:08x}-{self.life:04x}-4000-8000-00000000c0de"

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return f"team-{self.workload % NAMESPACES}"

    @property
    def name(self) -> str:
        """Its name, as a ReplicaSet gives one."""
        return f"service-{self.workload}-7d9f8b6c5d-{self.number:05x}{self.life:x}"


def owner_uid(workload: int) -> str:
    """The uid of a workload's ReplicaSet."""
    return f"{workload:08x}-0000-4000-8000-0000000000f5"


def render(record: Record) -> bytes:
    """The pod as JSON, without a newline."""
    ready = b"True" if record.is_ready else b"False"
    reason = b"" if record.is_ready else b',"reason":"ContainersNotReady"'
    number, workload = record.number, record.workload
    marks = {
        b"name": record.name.encode(),
        b"namespace": record.namespace.encode(),
        b"uid": record.uid.encode(),
        b"version": b"%d" % record.version,
        b"workload": b"service-%d" % workload,
        b"owner": owner_uid(workload).encode(),
        b"node": b"node-%d" % (number % NODES),
        b"ip": b"10.%d.%d.%d" % (number >> 16 & 255, number >> 8 & 255, number & 255),
        b"token": b"kube-api-access-%05x" % number,
        b"id": b"containerd://%064x" % (number << 40 | record.life << 24 | record.restarts),
        b"id2": b"containerd://%064x" % (number << 40 | record.life << 24 | 0xFFFFFF),
        b"noise": b"2026-11-24T10:%02d:%02dZ" % (record.noise // 60 % 60, record.noise % 60),
        b"ready": ready,
        b"bool": ready.lower(),
        b"reason": reason,
        b"at": record.changed_at.encode(),
        b"restarts": b"%d" % record.restarts,
        b"started": (record.changed_at if record.restarts else STARTED).encode(),
        b"last": _last(record),
    }
    return _TEMPLATE % marks


def _last(record: Record) -> bytes:
    if not record.restarts:
        return b"{}"
    dead = b"containerd://%064x" % (record.number << 40 | record.life << 24 | record.restarts - 1)
    return (
        b'{"terminated":{"exitCode":143,"reason":"Error","startedAt":"%b","finishedAt":"%b",'
        b'"containerID":"%b"}}' % (STARTED.encode(), record.changed_at.encode(), dead)
    )


def _probe(path: str) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": 8080, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def _container(name: str) -> dict[str, Any]:
    variables = ("LOG_LEVEL", "REGION", "DATABASE_URL", "CACHE_URL")
    return {
        "name": name,
        "image": f"registry.example/<workload>/{name}:1.42.0",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": each, "value": f"{each.lower()}-of-<workload>"} for each in variables],
        "resources": {
            "limits": {"cpu": "500m", "memory": "512Mi"},
            "requests": {"cpu": "100m", "memory": "256Mi"},
        },
        "volumeMounts": [
            {
                "name": "<token>",
                "readOnly": True,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            }
        ],
        "livenessProbe": _probe("/healthz"),
        "readinessProbe": _probe("/ready"),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
        },
    }


def _spec() -> dict[str, Any]:
    tolerations = ("not-ready", "unreachable", "memory-pressure")
    return {
        "volumes": [
            {
                "name": "<token>",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                        {
                            "configMap": {
                                "name": "kube-root-ca.crt",
                                "items": [{"key": "ca.crt", "path": "ca.crt"}],
                            }
                        },
                    ],
                    "defaultMode": 420,
                },
            }
        ],
        "containers": [_container(APP), _container(PROXY)],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "nodeName": "<node>",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {
                "key": f"node.kubernetes.io/{each}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
            for each in tolerations
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _condition(kind: str) -> dict[str, Any]:
    moving = kind in {"Ready", "ContainersReady"}
    return {
        "type": kind + ("<reason>" if moving else ""),
        "observedGeneration": 1,
        "status": "<ready>" if moving else "True",
        "lastProbeTime": None,
        "lastTransitionTime": "<at>" if moving else STARTED,
    }


def _status_of(name: str) -> dict[str, Any]:
    is_app = name == APP
    return {
        "name": name,
        "state": {"running": {"startedAt": "<started>" if is_app else STARTED}},
        "lastState": "<last>" if is_app else {},
        "ready": "<bool>" if is_app else True,
        "restartCount": "<restarts>" if is_app else 0,
        "image": f"registry.example/<workload>/{name}:1.42.0",
        "imageID": f"registry.example/<workload>/{name}@sha256:" + "ab" * 32,
        "containerID": "<id>" if is_app else "<id2>",
        "started": True,
    }


def _status() -> dict[str, Any]:
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "observedGeneration": 1,
        "phase": "Running",
        "conditions": [_condition(kind) for kind in kinds],
        "hostIP": "192.168.0.17",
        "hostIPs": [{"ip": "192.168.0.17"}],
        "podIP": "<ip>",
        "podIPs": [{"ip": "<ip>"}],
        "startTime": CREATED,
        "containerStatuses": [_status_of(APP), _status_of(PROXY)],
        "qosClass": "Burstable",
    }


def _fields_of_template(name: str) -> dict[str, Any]:
    probe: dict[str, Any] = {
        ".": {},
        "f:failureThreshold": {},
        "f:httpGet": {".": {}, "f:path": {}, "f:port": {}, "f:scheme": {}},
        "f:periodSeconds": {},
        "f:successThreshold": {},
        "f:timeoutSeconds": {},
    }
    return {
        f'k:{{"name":"{name}"}}': {
            ".": {},
            "f:env": {f'k:{{"name":"V{n}"}}': {".": {}, "f:value": {}} for n in range(4)},
            "f:image": {},
            "f:imagePullPolicy": {},
            "f:livenessProbe": probe,
            "f:name": {},
            "f:ports": {'k:{"containerPort":8080,"protocol":"TCP"}': {".": {}, "f:name": {}}},
            "f:readinessProbe": probe,
            "f:resources": {".": {}, "f:limits": {"f:cpu": {}}, "f:requests": {"f:cpu": {}}},
            "f:securityContext": {".": {}, "f:runAsNonRoot": {}},
            "f:terminationMessagePath": {},
        }
    }


def managed() -> list[dict[str, Any]]:
    """`managedFields` of two managers."""
    kinds = ("ContainersReady", "Initialized", "PodReadyToStartContainers", "Ready")
    condition: dict[str, Any] = {
        ".": {},
        "f:lastProbeTime": {},
        "f:lastTransitionTime": {},
        "f:status": {},
    }
    status = {
        "f:conditions": {
            f'k:{{"type":"{kind}"}}': {**condition, "f:observedGeneration": {}, "f:type": {}}
            for kind in kinds
        },
        "f:containerStatuses": {},
        "f:hostIP": {},
        "f:hostIPs": {},
        "f:phase": {},
        "f:podIP": {},
        "f:podIPs": {".": {}, 'k:{"ip":"<ip>"}': {".": {}, "f:ip": {}}},
        "f:startTime": {},
    }
    template = {
        "f:metadata": {"f:generateName": {}, "f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:containers": {**_fields_of_template(APP), **_fields_of_template(PROXY)},
            "f:dnsPolicy": {},
            "f:enableServiceLinks": {},
            "f:restartPolicy": {},
            "f:schedulerName": {},
            "f:terminationGracePeriodSeconds": {},
        },
    }
    return [
        _managed("kube-controller-manager", CREATED, template),
        {**_managed("kubelet", "<noise>", {"f:status": status}), "subresource": "status"},
    ]


def _managed(manager: str, time: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _pod() -> dict[str, Any]:
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "<name>",
            "generateName": "<workload>-7d9f8b6c5d-",
            "namespace": "<namespace>",
            "uid": "<uid>",
            "resourceVersion": "<version>",
            "generation": 1,
            "creationTimestamp": CREATED,
            "labels": {
                "app.kubernetes.io/name": "<workload>",
                "app.kubernetes.io/part-of": "<namespace>",
                "pod-template-hash": "7d9f8b6c5d",
            },
            "annotations": {
                "prometheus.io/scrape": "true",
                "checksum/config": "5f" * 32,
            },
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": "<workload>-7d9f8b6c5d",
                    "uid": "<owner>",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
            "managedFields": managed(),
        },
        "spec": _spec(),
        "status": _status(),
    }


def _template() -> bytes:
    """The pod with `%(name)b` placeholders; those that are no strings lose their quotes."""
    text = json.dumps(_pod(), separators=(",", ":"))
    for bare in ("<restarts>", "<bool>", "<last>"):
        text = text.replace(f'"{bare}"', bare)
    # A condition without a reason has no such key.
    text = text.replace('<reason>"', '"<reason>')
    return re.sub(r"<(\w+)>", r"%(\1)b", text).encode()


_TEMPLATE = _template()
