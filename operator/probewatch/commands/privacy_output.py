"""Removes the output of probes and applications from a recording; the kind of failure stays.

The kubelet quotes the output of a failed probe in its Event, and the termination message of
an application in the status. Verdicts need only the class of a probe failure, which the
placeholder texts have as well, and nothing of the termination message.
"""

from collections.abc import Mapping

from probewatch.core.evidence import FailureReason
from probewatch.kube.messages import COMBINED, classify_failure

STATUS_CODE = "HTTP probe failed with statuscode: "

STAND_INS: Mapping[FailureReason, str] = {
    FailureReason.HTTP_1XX: f"{STATUS_CODE}100",
    FailureReason.HTTP_3XX: f"{STATUS_CODE}300",
    FailureReason.HTTP_4XX: f"{STATUS_CODE}400",
    FailureReason.HTTP_5XX: f"{STATUS_CODE}500",
    FailureReason.TIMEOUT: 'command timed out: ""',
    FailureReason.REFUSED: "dial tcp : connect: connection refused",
    FailureReason.RESET: "dial tcp : EOF",
    FailureReason.UNREACHABLE: "dial tcp : no route to host",
    FailureReason.DNS: "dial tcp : no such host",
    FailureReason.TLS: "dial tcp : tls: failed",
    FailureReason.EXEC_EXIT: "",
    FailureReason.GRPC_UNHEALTHY: "service unhealthy (responded with",
    FailureReason.GRPC_ERROR: "error: health rpc",
    FailureReason.ERRORED: "",
    FailureReason.OTHER: "dial tcp ",
}
"""Placeholder texts that `classify_failure` puts into the same class as the original."""

QUOTING = frozenset({"Failed", "FailedPostStartHook", "FailedPreStopHook"})
"""Event reasons whose message quotes a command or its output, and says nothing else."""

PROBING = frozenset({"Unhealthy", "ProbeWarning"})


def leave_out_message(reason: str, message: str) -> str:
    """Return the message of an Event without the output that it quotes."""
    if reason in QUOTING:
        return ""
    if reason not in PROBING:
        return message
    combined = COMBINED if message.startswith(COMBINED) else ""
    head, colon, output = message.removeprefix(COMBINED).partition(": ")
    kept = _stand_in(output) if head.endswith(" probe failed") else ""
    return f"{combined}{head}{colon}{kept}"


def _stand_in(output: str) -> str:
    code = output.removeprefix(STATUS_CODE)
    if code != output and code.isascii() and code.isdigit():
        return output
    return STAND_INS[classify_failure(output)]
