"""The fields of a ProbeReport, as crds/probereports.yaml defines them.

They are used for writing and reading; a missing field is read as an empty one.
"""

import msgspec

from probewatch.kube.custom_resources import Condition, Metadata

KIND = "ProbeReport"
PLURAL = "probereports"


class Struct(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """Field names as in the API; empty fields are left out."""


class Workload(Struct):
    """`status.workload`."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""


class LastRestart(Struct, omit_defaults=False):
    """`status.lastRestart`."""

    time: str = ""
    cause: str = ""
    container: str = ""
    pod: str = ""


class Total(Struct):
    """`status.totals[]`; all fields but the newer `unshown` are written even if empty."""

    container: str = msgspec.field(default_factory=str)
    cause: str = msgspec.field(default_factory=str)
    restarts: int = msgspec.field(default_factory=int)
    corrected: int = msgspec.field(default_factory=int)
    unshown: int = 0


class ReasonCount(Struct, omit_defaults=False):
    """`status.readiness.reasons[]`."""

    reason: str = ""
    count: int = 0


class Readiness(Struct, omit_defaults=False):
    """`status.readiness`."""

    losses: int = 0
    not_ready_seconds: float = 0.0
    reasons: list[ReasonCount] = []


class Loop(Struct, omit_defaults=False):
    """`status.loops[]`."""

    pod: str = ""
    uid: str = ""
    container: str = ""
    cause: str = ""
    since: str = ""
    restart_count: int = 0
    epoch: int = 0


class Incident(Struct):
    """`status.incidents[]`; the fields without a default are required."""

    time: str
    pod: str
    uid: str
    container: str
    restart_count: int
    cause: str
    confidence: str
    epoch: int = 0
    seen_count: int = 0
    node: str = ""
    first_cause: str = ""
    rule: str = ""
    exit_code: int | None = None
    started_at: str = ""
    finished_at: str = ""
    pattern: str = ""
    evidence: list[str] = []


class Container(Struct):
    """`status.pods[].containers[]`."""

    name: str
    count: int
    epoch: int = 0
    resource_version: str = ""
    termination: str = ""


class Pod(Struct):
    """`status.pods[]`."""

    uid: str
    ready_at: str = ""
    containers: list[Container] = []


class Status(Struct):
    """`status`."""

    workload: Workload = msgspec.field(default_factory=Workload)
    part: int = 0
    restarts: int = msgspec.field(default_factory=int)
    """Written even if it is 0, like `looping`, because people look at both."""
    top_cause: str = ""
    looping: int = msgspec.field(default_factory=int)
    last_restart: LastRestart | None = None
    totals: list[Total] = []
    readiness: Readiness | None = None
    loops: list[Loop] = []
    incidents: list[Incident] = []
    pods: list[Pod] = []
    digest: str = ""
    conditions: list[Condition] = []


class Report(Struct):
    """A ProbeReport."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    status: Status | None = None
