"""The fields of a Lease that are used, and how it is rendered."""

import msgspec

from probewatch.kube.times import render_micro_time

SCOPE = "probewatch.dev/recorded-scope"
"""Annotation for the recorded scope: what was watched when everything so far had been recorded."""

DURATION_SECONDS = 15.0
"""A holder that does not renew for so long is taken for dead."""

HELD_SECONDS = 10.0
"""A holder that could not renew for so long stops writing, well before another takes over."""


class Struct(msgspec.Struct, rename="camel", omit_defaults=True):
    """Field names as in the API."""


class Metadata(Struct):
    """`metadata`."""

    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}


class Spec(Struct):
    """`spec`."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class LeaseObject(Struct):
    """A Lease."""

    api_version: str = "coordination.k8s.io/v1"
    kind: str = "Lease"
    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Spec = msgspec.field(default_factory=Spec)

    @property
    def holder(self) -> str:
        """The identity of the holder; empty if nobody holds it."""
        return self.spec.holder_identity or ""

    @property
    def duration(self) -> float:
        """After how many seconds without a change another may take it."""
        return float(self.spec.lease_duration_seconds or DURATION_SECONDS)


TYPE = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
"""Added when rendering, because the encoder leaves out fields with their default."""


def render_lease(lease: LeaseObject, *, holder: str, now: float, scope: str | None) -> object:
    """Return the body of a write that makes *holder* the holder; empty to release the Lease."""
    spec, at = lease.spec, render_micro_time(now)
    changes = holder != lease.holder
    fresh = Spec(
        holder_identity=holder or None,  # an empty string would be rejected
        lease_duration_seconds=int(DURATION_SECONDS) if holder else 1,
        acquire_time=at if changes or not spec.acquire_time else spec.acquire_time,
        renew_time=at,
        lease_transitions=(spec.lease_transitions or 0) + int(changes and bool(holder)),
    )
    annotations = lease.metadata.annotations | ({} if scope is None else {SCOPE: scope})
    metadata = msgspec.structs.replace(lease.metadata, annotations=annotations)
    return {**TYPE, "metadata": metadata, "spec": fresh}
