"""The fields of Events that are decoded.

An Event has two representations: core/v1, which is watched, and events.k8s.io/v1, which may
occur in recordings.
"""

import msgspec

from probewatch.kube.objects import Int, Metadata, Struct


class InvolvedObject(Struct):
    """`involvedObject`."""

    kind: str | None = None
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
    source: Source | None = None
    reporting_component: str | None = None
    count: Int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None


class NewEvent(Struct):
    """An events.k8s.io/v1 Event: the same fields under other names."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    regarding: InvolvedObject | None = None
    reason: str | None = None
    note: str | None = None
    deprecated_source: Source | None = None
    reporting_controller: str | None = None
    deprecated_count: Int | None = None
    deprecated_first_timestamp: str | None = None
    deprecated_last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None

    def as_core(self) -> Event:
        """Return the Event in its core/v1 representation."""
        return Event(
            metadata=self.metadata,
            involved_object=self.regarding,
            reason=self.reason,
            message=self.note,
            source=self.deprecated_source,
            reporting_component=self.reporting_controller,
            count=self.deprecated_count,
            first_timestamp=self.deprecated_first_timestamp,
            last_timestamp=self.deprecated_last_timestamp,
            event_time=self.event_time,
            series=self.series,
        )


_decode = msgspec.json.Decoder(Event).decode
_decode_new = msgspec.json.Decoder(NewEvent).decode


def read_event(body: bytes) -> Event:
    """Decode an Event in either representation; raises what the decoder raises."""
    event = _decode(body)
    return _decode_new(body).as_core() if event.involved_object is None else event
