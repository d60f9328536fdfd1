"""Workloads in Kubernetes' protobuf, as `kubectl create` makes them from its flags.

These messages have the fields that the flags of `kubectl create deployment`, `job` and `cronjob`
can set, and the defaults that a Job created from a CronJob copies. Manifests are sent as JSON.
"""

from collections.abc import Mapping

from probewatch.playground.api.protobuf_kinds import OBJECT, Field, Schema, Type

PORT: Schema = {
    1: Field("name"),
    2: Field("hostPort", Type.NUMBER),
    3: Field("containerPort", Type.NUMBER),
    4: Field("protocol"),
    5: Field("hostIP"),
}
CONTAINER: Schema = {
    1: Field("name"),
    2: Field("image"),
    3: Field("command", Type.TEXTS),
    4: Field("args", Type.TEXTS),
    5: Field("workingDir"),
    6: Field("ports", Type.MESSAGES, PORT),
    8: Field("resources", Type.MESSAGE, {}),
    13: Field("terminationMessagePath"),
    14: Field("imagePullPolicy"),
    16: Field("stdin", Type.FLAG),
    17: Field("stdinOnce", Type.FLAG),
    18: Field("tty", Type.FLAG),
    20: Field("terminationMessagePolicy"),
}
POD: Schema = {
    2: Field("containers", Type.MESSAGES, CONTAINER),
    3: Field("restartPolicy"),
    4: Field("terminationGracePeriodSeconds", Type.NUMBER),
    6: Field("dnsPolicy"),
    8: Field("serviceAccountName"),
    9: Field("serviceAccount"),
    10: Field("nodeName"),
    11: Field("hostNetwork", Type.FLAG),
    12: Field("hostPID", Type.FLAG),
    13: Field("hostIPC", Type.FLAG),
    14: Field("securityContext", Type.MESSAGE, {}),
    16: Field("hostname"),
    17: Field("subdomain"),
    19: Field("schedulerName"),
    24: Field("priorityClassName"),
}
TEMPLATE: Schema = {1: OBJECT, 2: Field("spec", Type.MESSAGE, POD)}
SELECTOR: Schema = {1: Field("matchLabels", Type.TEXT_MAP)}
DEPLOYMENT_SPEC: Schema = {
    1: Field("replicas", Type.NUMBER),
    2: Field("selector", Type.MESSAGE, SELECTOR),
    3: Field("template", Type.MESSAGE, TEMPLATE),
    4: Field("strategy", Type.MESSAGE, {1: Field("type")}),
    5: Field("minReadySeconds", Type.NUMBER),
    7: Field("paused", Type.FLAG),
}
DEPLOYMENT_STATUS: Schema = {
    1: Field("observedGeneration", Type.NUMBER),
    2: Field("replicas", Type.NUMBER),
    3: Field("updatedReplicas", Type.NUMBER),
    4: Field("availableReplicas", Type.NUMBER),
    5: Field("unavailableReplicas", Type.NUMBER),
    7: Field("readyReplicas", Type.NUMBER),
}
JOB_SPEC: Schema = {
    1: Field("parallelism", Type.NUMBER),
    2: Field("completions", Type.NUMBER),
    3: Field("activeDeadlineSeconds", Type.NUMBER),
    6: Field("template", Type.MESSAGE, TEMPLATE),
    7: Field("backoffLimit", Type.NUMBER),
}
JOB_STATUS: Schema = {
    4: Field("active", Type.NUMBER),
    5: Field("succeeded", Type.NUMBER),
    6: Field("failed", Type.NUMBER),
    7: Field("completedIndexes"),
}
CRON_JOB_SPEC: Schema = {
    1: Field("schedule"),
    3: Field("concurrencyPolicy"),
    4: Field("suspend", Type.FLAG),
    5: Field("jobTemplate", Type.MESSAGE, {1: OBJECT, 2: Field("spec", Type.MESSAGE, JOB_SPEC)}),
}

WORKLOADS: Mapping[str, Schema] = {
    "Deployment": {
        1: OBJECT,
        2: Field("spec", Type.MESSAGE, DEPLOYMENT_SPEC),
        3: Field("status", Type.MESSAGE, DEPLOYMENT_STATUS),
    },
    "Job": {
        1: OBJECT,
        2: Field("spec", Type.MESSAGE, JOB_SPEC),
        3: Field("status", Type.MESSAGE, JOB_STATUS),
    },
    "CronJob": {
        1: OBJECT,
        2: Field("spec", Type.MESSAGE, CRON_JOB_SPEC),
        3: Field("status", Type.MESSAGE, {}),
    },
}
