"""Recent probe failures of a pod, counted by kind of failure.

The kubelet's Events quote the probe's output, which may hold secrets, so only the kind is
shown. Events expire, and some are never delivered: the counts are lower bounds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from probewatch.core.evidence import Evidence, FailureReason
from probewatch.core.failures import with_possible_reason
from probewatch.core.spec import PodSpec

MEANINGS: Mapping[FailureReason, str] = {
    FailureReason.HTTP_1XX: "answered with a status below 200",
    FailureReason.HTTP_3XX: "answered with a redirect that cannot be followed",
    FailureReason.HTTP_4XX: "the server rejected the request: is the path right?",
    FailureReason.HTTP_5XX: "the server answered with an error",
    FailureReason.TIMEOUT: "no answer within timeoutSeconds",
    FailureReason.REFUSED: "nothing listens on the port",
    FailureReason.RESET: "the connection was cut before the answer",
    FailureReason.UNREACHABLE: "no route from the node to the address",
    FailureReason.DNS: "the host name could not be resolved",
    FailureReason.TLS: "the TLS connection failed",
    FailureReason.EXEC_EXIT: "the command exited with an error",
    FailureReason.GRPC_UNHEALTHY: "the service answered that it is not serving",
    FailureReason.GRPC_ERROR: "no gRPC health service answered",
    FailureReason.ERRORED: "the probe could not be run; the kubelet ignores such runs",
    FailureReason.OTHER: "a failure of another kind",
}
"""What each kind of failure means, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """Failures of one kind of one probe, as far as Events report them."""

    container: str
    probe_type: str
    reason: FailureReason
    count: int
    last: float
    """Epoch seconds, by the node's clock."""


def count_failures(evidence: Iterable[Evidence], spec: PodSpec) -> Sequence[FailureCount]:
    """Return the failures by container, probe and kind, the latest first."""
    counts: dict[tuple[str, str, FailureReason], tuple[int, float]] = {}
    for each in (with_possible_reason(said, spec) for said in evidence):
        if each.kind.is_failure:
            key = (each.container, each.probe_type, each.failure)
            count, last = counts.get(key, (0, 0.0))
            counts[key] = (count + each.count, max(last, each.at))
    found = [
        FailureCount(container=container, probe_type=probe, reason=reason, count=count, last=last)
        for (container, probe, reason), (count, last) in counts.items()
    ]
    return sorted(found, key=lambda each: -each.last)
