"""Meanings of Events and of failures, recognized by texts of Go and the kubelet, never an app's."""

import pytest

from probewatch.core.evidence import EvidenceKind, FailureReason
from probewatch.kube.messages import COMBINED, Meaning, classify, classify_failure

URL = 'Get "http://10.0.0.1:80/healthz": '
DIAL = "dial tcp 10.0.0.1:80: "
READ = "read tcp 10.0.0.9:4711->10.0.0.1:80: read: "
BROKEN = f"{URL}net/http: HTTP/1.x transport connection broken: "
IN_TIME = " (Client.Timeout exceeded while awaiting headers)"
NO_ROUTE = f"{DIAL}connect: no route to host"
RESET = f"{READ}connection reset by peer"

CAUSES = {
    f"{URL}{DIAL}connect: connection refused": FailureReason.REFUSED,
    f"{DIAL}connect: connection refused": FailureReason.REFUSED,
    f"{URL}{DIAL}connect: connection refused{IN_TIME}": FailureReason.REFUSED,
    f"{URL}{DIAL}connectex: No connection could be made because the target machine "
    "actively refused it.": FailureReason.REFUSED,
    f"{URL}context deadline exceeded": FailureReason.TIMEOUT,
    f"{URL}context deadline exceeded{IN_TIME}": FailureReason.TIMEOUT,
    f"{URL}net/http: request canceled{IN_TIME}": FailureReason.TIMEOUT,
    f"{URL}net/http: request canceled while waiting for connection{IN_TIME}": FailureReason.TIMEOUT,
    f"{URL}net/http: timeout awaiting response headers{IN_TIME}": FailureReason.TIMEOUT,
    f"{URL}{DIAL}i/o timeout": FailureReason.TIMEOUT,
    f"{URL}{DIAL}i/o timeout{IN_TIME}": FailureReason.TIMEOUT,
    f"{DIAL}i/o timeout": FailureReason.TIMEOUT,
    f"{URL}{RESET}": FailureReason.RESET,
    f"{URL}read tcp 10.0.0.9:4711->10.0.0.1:80: wsarecv: An existing connection was "
    "forcibly closed by the remote host.": FailureReason.RESET,
    f"{URL}EOF": FailureReason.RESET,
    f"{BROKEN}unexpected EOF": FailureReason.RESET,
    f"{BROKEN}write tcp 10.0.0.9:4711->10.0.0.1:80: write: broken pipe": FailureReason.RESET,
    f"{URL}{NO_ROUTE}": FailureReason.UNREACHABLE,
    f"{URL}{NO_ROUTE}{IN_TIME}": FailureReason.UNREACHABLE,
    f"{URL}{DIAL}connect: network is unreachable": FailureReason.UNREACHABLE,
    f"{URL}dial tcp: lookup db on 10.0.0.10:53: no such host": FailureReason.DNS,
    "dial tcp: lookup db on 10.0.0.10:53: server misbehaving": FailureReason.DNS,
    f"{URL}remote error: tls: handshake failure": FailureReason.TLS,
    f"{URL}tls: failed to verify certificate: x509: certificate has expired": FailureReason.TLS,
    f"{URL}x509: certificate signed by unknown authority": FailureReason.TLS,
    f"{URL}stopped after 10 redirects": FailureReason.OTHER,
    f"{URL}http: server gave HTTP response to HTTPS client": FailureReason.OTHER,
}
"""Source: Go's net, net/url (Error) and net/http (Client.do, Transport), several versions."""


@pytest.mark.parametrize(("output", "expected"), CAUSES.items(), ids=CAUSES.keys())
def test_errors_of_the_network(output: str, expected: FailureReason) -> None:
    """The reason is that of the error at the end of Go's text, even after a timeout."""
    assert expected == classify_failure(output)


HOSTILE = {
    f'Get "http://10.0.0.1:80/EOF": {NO_ROUTE}': FailureReason.UNREACHABLE,
    f'Get "http://10.0.0.1:80/{IN_TIME}": {RESET}': FailureReason.RESET,
    f'Get "http://10.0.0.1:80/?x=\\": EOF": {NO_ROUTE}': FailureReason.UNREACHABLE,
    f'Get "http://10.0.0.1:80/?x=\\\\\\": EOF": {NO_ROUTE}': FailureReason.UNREACHABLE,
    f'Get "http://10.0.0.1:80/?x=\\\\": {NO_ROUTE}': FailureReason.UNREACHABLE,
    'Get "http://10.0.0.1:80/tls: x509: ": EOF': FailureReason.RESET,
    'Get "http://10.0.0.1:80/ i/o timeout': FailureReason.OTHER,
    f'{BROKEN}malformed HTTP response "i/o timeout"': FailureReason.OTHER,
    f'{BROKEN}malformed HTTP response "tls: "': FailureReason.OTHER,
    f"{BROKEN}malformed MIME header line: i/o timeout": FailureReason.OTHER,
    f"{BROKEN}malformed MIME header line: tls: no": FailureReason.OTHER,
    f'{URL}failed to parse Location header "x: EOF": parse "x: EOF": bad': FailureReason.OTHER,
    f'{URL}http2: server sent GOAWAY; debug="connection reset by peer"': FailureReason.OTHER,
}


@pytest.mark.parametrize(("output", "expected"), HOSTILE.items(), ids=HOSTILE.keys())
def test_text_of_others_within_an_error(output: str, expected: FailureReason) -> None:
    """Neither the probe's URL nor a server's answer changes the reason."""
    assert expected == classify_failure(output)


PROBERS = {
    'command timed out: "cat x" timed out after 1s': FailureReason.TIMEOUT,
    'timeout: failed to connect service "10.0.0.1:80" within 1s: late': FailureReason.TIMEOUT,
    "timeout: health rpc did not complete within 1s": FailureReason.TIMEOUT,
    'error: failed to connect service at "10.0.0.1:80": no': FailureReason.GRPC_ERROR,
    "error: health rpc probe failed: rpc error: code = 14": FailureReason.GRPC_ERROR,
    "error: health rpc failed: rpc error: code = 14": FailureReason.GRPC_ERROR,
    'service unhealthy (responded with "NOT_SERVING")': FailureReason.GRPC_UNHEALTHY,
    "timeout: failed to run command 'check': No such file or directory": FailureReason.EXEC_EXIT,
    "timeout: can't execute 'check': No such file or directory": FailureReason.EXEC_EXIT,
    "command timed out, giving up on the lock": FailureReason.EXEC_EXIT,
    "error: failed to connect to the database": FailureReason.EXEC_EXIT,
    "EOF": FailureReason.EXEC_EXIT,
}
"""Source: pkg/probe/{exec,grpc} and grpc_health_probe; then texts that commands may print."""


@pytest.mark.parametrize(("output", "expected"), PROBERS.items(), ids=PROBERS.keys())
def test_words_of_commands_are_none_of_the_kubelet(output: str, expected: FailureReason) -> None:
    """A command's output is EXEC_EXIT even if it begins like the kubelet's text."""
    assert expected == classify_failure(output)


def test_timeouts_of_older_recordings_are_timeouts() -> None:
    """Recordings without probe output give the same verdicts in each version."""
    assert FailureReason.TIMEOUT is classify_failure("command timed out")
    assert FailureReason.EXEC_EXIT is classify_failure("command timed out\n")


KILLS = {
    "Container app failed liveness probe, will be restarted": EvidenceKind.KILL_LIVENESS,
    "Init container app failed liveness probe": EvidenceKind.KILL_LIVENESS,
    "Container app failed startup probe, will be restarted": EvidenceKind.KILL_STARTUP,
    "Init container app failed startup probe": EvidenceKind.KILL_STARTUP,
    "Container app definition changed, will be restarted": EvidenceKind.KILL_SPEC_CHANGE,
    "Container app resize requires restart": EvidenceKind.KILL_RESIZE,
    'Container is in "unknown" state, try killing it before restart': (
        EvidenceKind.KILL_UNKNOWN_STATE
    ),
    'Init container is in "unknown" state, try killing it before restart': (
        EvidenceKind.KILL_UNKNOWN_STATE
    ),
    "FailedPostStartHook": EvidenceKind.KILL_POST_START_HOOK,
    "PostStartHook failed": EvidenceKind.KILL_POST_START_HOOK,
    "Stopping container app": EvidenceKind.KILL_STOP,
    "killing": EvidenceKind.KILL_RESTART_ALL,
    "killing app": EvidenceKind.KILL_OTHER,
    "PostStartHook succeeded": EvidenceKind.KILL_OTHER,
    "Container app is killed, it failed liveness probe": EvidenceKind.KILL_OTHER,
    "Sidecar app failed liveness probe": EvidenceKind.KILL_OTHER,
    "Container app": EvidenceKind.KILL_OTHER,
    "": EvidenceKind.KILL_OTHER,
}
"""Source: pkg/kubelet/kuberuntime/kuberuntime_{manager,container}.go; then texts of no kubelet."""


@pytest.mark.parametrize(("message", "kind"), KILLS.items(), ids=KILLS.keys())
def test_reasons_to_kill_a_container(message: str, kind: EvidenceKind) -> None:
    """The beginning of a text tells why it was killed; an unknown text only that it was."""
    assert Meaning(kind=kind) == classify("Killing", message)
    assert Meaning(kind=kind, combined=True) == classify("Killing", f"{COMBINED}{message}")


OTHERS = {
    "Started": EvidenceKind.STARTED,
    "Created": EvidenceKind.CREATED,
    "Pulled": EvidenceKind.PULLED,
    "BackOff": EvidenceKind.BACK_OFF,
    "Failed": EvidenceKind.START_FAILED,
    "FailedPostStartHook": EvidenceKind.POST_START_FAILED,
    "SandboxChanged": EvidenceKind.SANDBOX_CHANGED,
    "Evicted": EvidenceKind.OTHER,
}


@pytest.mark.parametrize(("reason", "kind"), OTHERS.items(), ids=OTHERS.keys())
@pytest.mark.parametrize("message", ["killing", "Liveness probe failed: ", ""])
def test_events_told_by_their_reason(reason: str, kind: EvidenceKind, message: str) -> None:
    """Other Events mean the same whatever they quote from a runtime or a command."""
    assert Meaning(kind=kind) == classify(reason, message)


FAILED, ERRORED = EvidenceKind.PROBE_FAILED, EvidenceKind.PROBE_ERRORED


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        (f"Liveness probe failed: {URL}EOF", (FAILED, "Liveness", FailureReason.RESET)),
        (
            f"Readiness probe failed: {URL}{DIAL}connect: connection refused",
            (FAILED, "Readiness", FailureReason.REFUSED),
        ),
        ("Startup probe failed: ", (FAILED, "Startup", FailureReason.EXEC_EXIT)),
        (
            "Liveness probe errored and resulted in unknown state: rpc error: EOF",
            (ERRORED, "Liveness", FailureReason.ERRORED),
        ),
        ("Liveness probe errored: rpc error: EOF", (ERRORED, "Liveness", FailureReason.ERRORED)),
        ("Liveness probe warning: EOF", (EvidenceKind.OTHER, "", FailureReason.OTHER)),
        ("Lively probe failed: EOF", (EvidenceKind.OTHER, "", FailureReason.OTHER)),
        ("a Liveness probe failed: EOF", (EvidenceKind.OTHER, "", FailureReason.OTHER)),
    ],
)
def test_failures_of_probes(message: str, meaning: tuple[EvidenceKind, str, FailureReason]) -> None:
    """A failure has the type of its probe, and a reason from all of its output.

    Source: pkg/kubelet/prober/prober.go.
    """
    said = classify("Unhealthy", message)

    assert meaning == (said.kind, said.probe_type, said.failure)
    assert not said.combined
