"""What ProbePolicies and ProbeReports have in common: their API group, paths and lists."""

import msgspec

GROUP = "probewatch.dev"
VERSION = "v1alpha1"
GROUP_VERSION = f"{GROUP}/{VERSION}"


class Struct(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """Field names as in the API; empty fields are left out."""


class Condition(Struct, omit_defaults=False):
    """`status.conditions[]`."""

    type: str
    status: str
    last_transition_time: str
    reason: str
    message: str
    observed_generation: int = 0


class Metadata(Struct):
    """The fields of `metadata` that are used."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
