"""The fields of a ProbePolicy, as crds/probepolicies.yaml defines them.

The limits are repeated here so that a policy accepted under an older or changed CRD is rejected
by the operator. A test keeps both in sync.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from probewatch.core.selectors import Operator
from probewatch.kube import custom_resources
from probewatch.kube.custom_resources import Condition, Struct

KIND = "ProbePolicy"
PLURAL = "probepolicies"

ACCEPTED = "Accepted"
"""The one condition type that probewatch sets."""

HOUR, DAY = 3600, 86_400
WEEK, MONTH = 7 * DAY, 30 * DAY

Times = Annotated[int, Meta(ge=2, le=32)]
"""How often something happens; the operator remembers no more occurrences than the maximum."""
Window = Annotated[int, Meta(ge=10, le=WEEK)]


class Requirement(Struct):
    """`spec.selector.matchExpressions[]`."""

    key: str
    operator: Operator
    values: Annotated[list[str], Meta(max_length=64)] = msgspec.field(default_factory=list)


class Selector(Struct):
    """`spec.selector`."""

    match_labels: Annotated[dict[str, str], Meta(max_length=32)] = msgspec.field(
        default_factory=dict
    )
    match_expressions: Annotated[list[Requirement], Meta(max_length=32)] = msgspec.field(
        default_factory=list
    )


class Loop(Struct):
    """`spec.loop`."""

    restarts: Times | None = None
    window_seconds: Window | None = None
    quiet_seconds: Window | None = None


class SlowLoop(Struct):
    """`spec.slowLoop`."""

    restarts: Times | None = None
    window_seconds: Annotated[int, Meta(ge=10, le=MONTH)] | None = None


class Flapping(Struct):
    """`spec.flapping`."""

    transitions: Times | None = None
    window_seconds: Window | None = None
    quiet_seconds: Window | None = None


class Spec(Struct):
    """`spec`."""

    selector: Selector | None = None
    priority: Annotated[int, Meta(ge=0, le=1000)] = 0
    loop: Loop | None = None
    slow_loop: SlowLoop | None = None
    flapping: Flapping | None = None
    settle_seconds: Annotated[int, Meta(ge=0, le=600)] | None = None
    repair_seconds: Annotated[int, Meta(ge=0, le=DAY)] | None = None
    events: bool | None = None
    history_limit: Annotated[int, Meta(ge=1, le=200)] | None = None


class Status(Struct, omit_defaults=False):
    """`status`."""

    observed_generation: int = 0
    matched_pods: int = 0
    applied_pods: int = 0
    conditions: list[Condition] = msgspec.field(default_factory=list)


class Metadata(custom_resources.Metadata):
    """The fields of `metadata` that are used."""

    creation_timestamp: str = ""


class PolicyObject(msgspec.Struct):
    """A ProbePolicy; spec and status are decoded separately, so that one may be broken."""

    metadata: Metadata
    spec: msgspec.Raw = msgspec.Raw()
    status: msgspec.Raw = msgspec.Raw()
