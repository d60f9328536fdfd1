"""The messages of Kubernetes' protobuf that the playground decodes, by field number.

The numbers are those of the published `generated.proto` files. The kinds are those that Helm
and kubectl's typed commands send; `kubectl apply` sends JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Type(Enum):
    """How a field's value is decoded."""

    TEXT = auto()
    BYTES = auto()
    NUMBER = auto()
    FLAG = auto()
    TIME = auto()
    TEXTS = auto()
    TEXT_MAP = auto()
    BYTES_MAP = auto()
    MESSAGE = auto()
    MESSAGES = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message; `of` is the message's schema where the value is one."""

    name: str
    type: Type = Type.TEXT
    of: "Mapping[int, Field] | None" = None


Schema = Mapping[int, Field]

OWNER: Schema = {
    1: Field("kind"),
    3: Field("name"),
    4: Field("uid"),
    5: Field("apiVersion"),
    6: Field("controller", Type.FLAG),
    7: Field("blockOwnerDeletion", Type.FLAG),
}
METADATA: Schema = {
    1: Field("name"),
    2: Field("generateName"),
    3: Field("namespace"),
    4: Field("selfLink"),
    5: Field("uid"),
    6: Field("resourceVersion"),
    7: Field("generation", Type.NUMBER),
    8: Field("creationTimestamp", Type.TIME),
    11: Field("labels", Type.TEXT_MAP),
    12: Field("annotations", Type.TEXT_MAP),
    13: Field("ownerReferences", Type.MESSAGES, OWNER),
    14: Field("finalizers", Type.TEXTS),
}
OBJECT = Field("metadata", Type.MESSAGE, METADATA)
PRECONDITIONS: Schema = {1: Field("uid"), 2: Field("resourceVersion")}
DELETE_OPTIONS: Schema = {
    1: Field("gracePeriodSeconds", Type.NUMBER),
    2: Field("preconditions", Type.MESSAGE, PRECONDITIONS),
    3: Field("orphanDependents", Type.FLAG),
    4: Field("propagationPolicy"),
    5: Field("dryRun", Type.TEXTS),
}
RULE: Schema = {
    1: Field("verbs", Type.TEXTS),
    2: Field("apiGroups", Type.TEXTS),
    3: Field("resources", Type.TEXTS),
    4: Field("resourceNames", Type.TEXTS),
    5: Field("nonResourceURLs", Type.TEXTS),
}
ROLE: Schema = {1: OBJECT, 2: Field("rules", Type.MESSAGES, RULE)}
SUBJECT: Schema = {1: Field("kind"), 2: Field("apiGroup"), 3: Field("name"), 4: Field("namespace")}
ROLE_REF: Schema = {1: Field("apiGroup"), 2: Field("kind"), 3: Field("name")}
BINDING: Schema = {
    1: OBJECT,
    2: Field("subjects", Type.MESSAGES, SUBJECT),
    3: Field("roleRef", Type.MESSAGE, ROLE_REF),
}
RESOURCE_ATTRIBUTES: Schema = {
    1: Field("namespace"),
    2: Field("verb"),
    3: Field("group"),
    4: Field("version"),
    5: Field("resource"),
    6: Field("subresource"),
    7: Field("name"),
}
REVIEW_SPEC: Schema = {
    1: Field("resourceAttributes", Type.MESSAGE, RESOURCE_ATTRIBUTES),
    2: Field("nonResourceAttributes", Type.MESSAGE, {1: Field("path"), 2: Field("verb")}),
}
REVIEW_STATUS: Schema = {
    1: Field("allowed", Type.FLAG),
    2: Field("reason"),
    3: Field("evaluationError"),
    4: Field("denied", Type.FLAG),
}
USER: Schema = {1: Field("username"), 2: Field("uid"), 3: Field("groups", Type.TEXTS)}
BOUND_TO: Schema = {1: Field("kind"), 2: Field("apiVersion"), 3: Field("name"), 4: Field("uid")}
TOKEN_SPEC: Schema = {
    1: Field("audiences", Type.TEXTS),
    3: Field("boundObjectRef", Type.MESSAGE, BOUND_TO),
    4: Field("expirationSeconds", Type.NUMBER),
}
TOKEN_STATUS: Schema = {1: Field("token"), 2: Field("expirationTimestamp", Type.TIME)}

KINDS: Mapping[str, Schema] = {
    "Secret": {
        1: OBJECT,
        2: Field("data", Type.BYTES_MAP),
        3: Field("type"),
        4: Field("stringData", Type.TEXT_MAP),
        5: Field("immutable", Type.FLAG),
    },
    "ConfigMap": {
        1: OBJECT,
        2: Field("data", Type.TEXT_MAP),
        3: Field("binaryData", Type.BYTES_MAP),
        4: Field("immutable", Type.FLAG),
    },
    "Namespace": {
        1: OBJECT,
        2: Field("spec", Type.MESSAGE, {1: Field("finalizers", Type.TEXTS)}),
        3: Field("status", Type.MESSAGE, {1: Field("phase")}),
    },
    "ServiceAccount": {
        1: OBJECT,
        3: Field("imagePullSecrets", Type.MESSAGES, {1: Field("name")}),
        4: Field("automountServiceAccountToken", Type.FLAG),
    },
    "Role": ROLE,
    "ClusterRole": ROLE,
    "RoleBinding": BINDING,
    "ClusterRoleBinding": BINDING,
    "SelfSubjectAccessReview": {
        1: OBJECT,
        2: Field("spec", Type.MESSAGE, REVIEW_SPEC),
        3: Field("status", Type.MESSAGE, REVIEW_STATUS),
    },
    "SelfSubjectReview": {
        1: OBJECT,
        2: Field("status", Type.MESSAGE, {1: Field("userInfo", Type.MESSAGE, USER)}),
    },
    "TokenRequest": {
        1: OBJECT,
        2: Field("spec", Type.MESSAGE, TOKEN_SPEC),
        3: Field("status", Type.MESSAGE, TOKEN_STATUS),
    },
    "Eviction": {1: OBJECT, 2: Field("deleteOptions", Type.MESSAGE, DELETE_OPTIONS)},
    "DeleteOptions": DELETE_OPTIONS,
}

TYPE_META: Schema = {1: Field("apiVersion"), 2: Field("kind")}
ENVELOPE: Schema = {
    1: Field("typeMeta", Type.MESSAGE, TYPE_META),
    2: Field("raw", Type.BYTES),
    3: Field("contentEncoding"),
    4: Field("contentType"),
}
