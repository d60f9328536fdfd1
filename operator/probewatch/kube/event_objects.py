"""The fields of Events that are read, as the decoder sees them."""

import msgspec

from probewatch.kube.objects import Int, Metadata, Struct


class InvolvedObject(Struct):
    """`involvedObject`."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    field_path: str | None = None


class Source(Struct):
    """`source`."""

    component: str | None = None
    host: str | None = None


class Series(Struct):
    """`series`."""

    count: Int | None = None
    last_observed_time: str | None = None


class Event(Struct):
    """A core/v1 Event."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    involved_object: InvolvedObject | None = None
    reason: str | None = None
    message: str | None = None
    type: str | None = None
    source: Source | None = None
    reporting_component: str | None = None
    count: Int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None
