"""Classifies the kubelet's Event messages by their exact prefixes.

Probe output comes from applications and may contain anything, also the text of another message.
So only the beginning of a message decides what it means. Probe output is only reduced to a class;
for network errors its end decides, without what Go quotes in it. No regular expressions are used,
because messages can be long and hostile.
Source: kubernetes/kubernetes pkg/kubelet/{prober,kuberuntime,events}.
"""

from dataclasses import dataclass

from probewatch.core.evidence import EvidenceKind, FailureReason
from probewatch.core.spec import ProbeType

TEXT_CAP = 16_384
COMBINED = "(combined from similar events): "


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The meaning of one Event."""

    kind: EvidenceKind
    probe_type: str = ""
    failure: FailureReason = FailureReason.OTHER
    combined: bool = False


_BY_REASON = {
    "Started": EvidenceKind.STARTED,
    "Created": EvidenceKind.CREATED,
    "Pulled": EvidenceKind.PULLED,
    "BackOff": EvidenceKind.BACK_OFF,
    "Failed": EvidenceKind.START_FAILED,
    "FailedPostStartHook": EvidenceKind.POST_START_FAILED,
    "FailedPreStopHook": EvidenceKind.PRE_STOP_FAILED,
    "SandboxChanged": EvidenceKind.SANDBOX_CHANGED,
}


def classify(reason: str, message: str) -> Meaning:
    """Return the meaning of an Event with this reason and message."""
    text = message[:TEXT_CAP]
    combined = text.startswith(COMBINED)
    text = text.removeprefix(COMBINED)
    if reason == "Unhealthy":
        return _probe(text, combined=combined)
    if reason == "Killing":
        return Meaning(kind=_killing(text), combined=combined)
    return Meaning(kind=_BY_REASON.get(reason, EvidenceKind.OTHER), combined=combined)


def _killing(text: str) -> EvidenceKind:
    if text == "killing":
        return EvidenceKind.KILL_RESTART_ALL
    if text.startswith(("FailedPostStartHook", "PostStartHook failed")):
        return EvidenceKind.KILL_POST_START_HOOK
    if text.startswith("Stopping container "):
        return EvidenceKind.KILL_STOP
    said = _after_name(text)
    for words, kind in _KILL_WORDS:
        if said.startswith(words):
            return kind
    return EvidenceKind.KILL_OTHER


_KILL_WORDS = (
    ("failed liveness probe", EvidenceKind.KILL_LIVENESS),
    ("failed startup probe", EvidenceKind.KILL_STARTUP),
    ("definition changed", EvidenceKind.KILL_SPEC_CHANGE),
    ("resize requires restart", EvidenceKind.KILL_RESIZE),
    ('in "unknown" state', EvidenceKind.KILL_UNKNOWN_STATE),
)


def _after_name(text: str) -> str:
    """Return what follows `Container NAME ` or `Init container NAME `; names have no spaces."""
    for lead in ("Container ", "Init container "):
        if text.startswith(lead):
            return text.removeprefix(lead).partition(" ")[2]
    return ""


def _probe(text: str, *, combined: bool) -> Meaning:
    for probe_type in ProbeType:
        rest = text.removeprefix(f"{probe_type} probe ")
        if rest == text:
            continue
        if rest.startswith("failed"):
            output = rest.removeprefix("failed").partition(": ")[2]
            return Meaning(
                kind=EvidenceKind.PROBE_FAILED,
                probe_type=probe_type,
                failure=classify_failure(output),
                combined=combined,
            )
        if rest.startswith("errored"):
            return Meaning(
                kind=EvidenceKind.PROBE_ERRORED,
                probe_type=probe_type,
                failure=FailureReason.ERRORED,
                combined=combined,
            )
    return Meaning(kind=EvidenceKind.OTHER, combined=combined)


_STATUS = {
    "1": FailureReason.HTTP_1XX,
    "3": FailureReason.HTTP_3XX,
    "4": FailureReason.HTTP_4XX,
    "5": FailureReason.HTTP_5XX,
}
_HTTP = "HTTP probe failed with statuscode: "
_TIMEOUTS = (
    'command timed out: "',
    "timeout: failed to connect service ",
    "timeout: health rpc did not complete ",
)
_RECORDED_TIMEOUT = "command timed out"
"""What recordings without the output of probes held in place of any timeout at first."""

_GRPC_ERRORS = (
    "error: this server does not implement the grpc health protocol",
    "error: health rpc",
    "error: failed to connect service ",
)
_GET = 'Get "'
_CLIENT_TIMEOUT = " (Client.Timeout exceeded while awaiting headers)"
_ENDINGS = (  # full stops are those of Windows
    (FailureReason.REFUSED, ("connect: connection refused", "machine actively refused it.")),
    (
        FailureReason.TIMEOUT,
        (
            "i/o timeout",
            "context deadline exceeded",
            "request canceled",
            "request canceled while waiting for connection",
        ),
    ),
    (
        FailureReason.RESET,
        ("connection reset by peer", "EOF", "broken pipe", "forcibly closed by the remote host."),
    ),
    (FailureReason.UNREACHABLE, ("no route to host", "network is unreachable")),
    (FailureReason.DNS, ("no such host", "server misbehaving")),
)


def classify_failure(output: str) -> FailureReason:
    """Return the class of a probe's output, which is one of a closed list.

    Commands print what they like, so the beginnings are as long as they are in the source:
    `timeout: ` alone would be that of the command `timeout` too.
    """
    if output.startswith(_HTTP):
        return _STATUS.get(output.removeprefix(_HTTP)[:1], FailureReason.OTHER)
    if output.startswith("service unhealthy (responded with"):
        return FailureReason.GRPC_UNHEALTHY
    if output.startswith(_GRPC_ERRORS):
        return FailureReason.GRPC_ERROR
    if output.startswith(_TIMEOUTS) or output == _RECORDED_TIMEOUT:
        return FailureReason.TIMEOUT
    if output.startswith((_GET, "dial tcp ", "dial tcp: ", "read tcp ")):
        return _network(_find_error(output))
    return FailureReason.EXEC_EXIT


def _find_error(output: str) -> str:
    """Return the error of the network, which follows the URL in `Get "<url>": <error>`.

    The URL is quoted; in it, quotes and backslashes follow a backslash.
    Source: go net/url/url.go (Error).
    """
    if not output.startswith(_GET):
        return output
    rest = output.removeprefix(_GET).replace("\\\\", "").replace('\\"', "")
    return rest.partition('": ')[2]


def _network(error: str) -> FailureReason:
    """Return the class of an error of Go's net or net/http.

    What a server sent stands in quotes, but for a line that is no header.
    Source: go net/http/{client,transport,response}.go, net/textproto/reader.go.
    """
    words = error.partition('"')[0].rstrip()
    if "malformed MIME header" in words:
        return FailureReason.OTHER
    cause = words.removesuffix(_CLIENT_TIMEOUT)
    for failure, endings in _ENDINGS:
        if cause.endswith(endings):
            return failure
    if cause != words:
        return FailureReason.TIMEOUT
    if "tls: " in words or "x509: " in words:
        return FailureReason.TLS
    return FailureReason.OTHER
