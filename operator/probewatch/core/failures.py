"""Failures: the reasons for which a probe can fail, by the kind of its handler.

The reason is read from the message of an Event. For an exec probe, that is what the command
printed, which may be anything: also a perfect network error, if the command is a client itself.
"""

from collections.abc import Mapping

from probewatch.core.evidence import Evidence, EvidenceKind, FailureReason
from probewatch.core.spec import HandlerKind, PodSpec
from probewatch.core.values import replace

_NETWORK = (
    FailureReason.TIMEOUT,
    FailureReason.REFUSED,
    FailureReason.RESET,
    FailureReason.UNREACHABLE,
    FailureReason.DNS,
    FailureReason.OTHER,
    FailureReason.ERRORED,
)
_HTTP = (
    FailureReason.HTTP_5XX,
    FailureReason.HTTP_4XX,
    FailureReason.HTTP_3XX,
    FailureReason.HTTP_1XX,
    FailureReason.TLS,
)
REASONS: Mapping[HandlerKind, tuple[FailureReason, ...]] = {
    HandlerKind.HTTP_GET: (FailureReason.TIMEOUT, *_HTTP, *_NETWORK),
    HandlerKind.TCP_SOCKET: (FailureReason.TIMEOUT, FailureReason.REFUSED, *_NETWORK),
    HandlerKind.GRPC: (
        FailureReason.TIMEOUT,
        FailureReason.GRPC_UNHEALTHY,
        FailureReason.GRPC_ERROR,
        *_NETWORK,
    ),
    HandlerKind.EXEC: (FailureReason.TIMEOUT, FailureReason.EXEC_EXIT, FailureReason.ERRORED),
    HandlerKind.NONE: (FailureReason.OTHER,),
}
"""How a probe of each kind can fail, the two most usual ways first."""


def with_possible_reason(evidence: Evidence, spec: PodSpec) -> Evidence:
    """Return the Event with a failure reason that the handler of its probe can have.

    A reason that it cannot have becomes the handler's most general one. Everything is possible
    for a probe that is not in the spec, or has an unknown handler.
    """
    container = spec.container(evidence.container)
    if container is None or evidence.kind is not EvidenceKind.PROBE_FAILED:
        return evidence
    for probe in container.probes:
        if probe.probe_type == evidence.probe_type:
            reason = _possible(evidence.failure, probe.handler)
            return evidence if reason is evidence.failure else replace(evidence, failure=reason)
    return evidence


def _possible(reason: FailureReason, handler: HandlerKind) -> FailureReason:
    if handler is HandlerKind.NONE or reason in REASONS[handler]:
        return reason
    return FailureReason.EXEC_EXIT if handler is HandlerKind.EXEC else FailureReason.OTHER
