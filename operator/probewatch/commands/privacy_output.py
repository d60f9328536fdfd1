"""What probes and applications said, taken out of a recording: of each failure its kind stays.

The kubelet quotes the output of a failed probe in its Event, and the last words of an
application in the status. Verdicts need of the first only its class, which the
words that stand in for it have as well, and of the second nothing.
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
    FailureReason.TIMEOUT: "command timed out",
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
"""Words of the same class as what was said."""

QUOTING = frozenset({"Failed", "FailedPostStartHook", "FailedPreStopHook"})
"""Reasons of Events whose message quotes a command or its output, and says nothing else."""

PROBING = frozenset({"Unhealthy", "ProbeWarning"})


def leave_out_message(reason: str, message: str) -> str:
    """Return the message of an Event without what was quoted in it."""
    if reason in QUOTING:
        return ""
    if reason not in PROBING:
        return message
    combined = COMBINED if message.startswith(COMBINED) else ""
    head, colon, output = message.removeprefix(COMBINED).partition(": ")
    said = _stand_in(output) if head.endswith(" probe failed") else ""
    return f"{combined}{head}{colon}{said}"


def _stand_in(output: str) -> str:
    code = output.removeprefix(STATUS_CODE)
    if code != output and code.isascii() and code.isdigit():
        return output
    return STAND_INS[classify_failure(output)]
