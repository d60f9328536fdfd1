"""What a recording keeps and omits, and that it can always be read."""

import io
import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from probewatch.commands import outcome, privacy, recording, stream
from probewatch.commands.privacy import LAST_APPLIED, Omission
from probewatch.commands.privacy_output import STAND_INS, leave_out_message
from probewatch.commands.recording import Recording
from probewatch.commands.replay import replay
from probewatch.commands.stream import LineType
from probewatch.core.evidence import FailureReason
from probewatch.kube.messages import COMBINED, classify, classify_failure
from tests.conftest import REPOSITORY

SECRET = "hunter2"


def pod() -> dict[str, object]:
    handler = {"exec": {"command": ["check", SECRET]}}
    container = {
        "name": "app",
        "command": ["run", SECRET],
        "args": [SECRET],
        "env": [{"name": "PASSWORD", "value": SECRET}, {"name": "FROM", "valueFrom": {}}],
        "livenessProbe": {**handler, "periodSeconds": 5},
        "lifecycle": {"preStop": handler},
    }
    return {
        "kind": "Pod",
        "metadata": {
            "name": "web",
            "managedFields": [{"manager": "kubectl"}],
            "annotations": {
                LAST_APPLIED: SECRET,
                "team": "blue",
                "kubernetes.io/config.mirror": "hash",
            },
        },
        "spec": {"containers": [container], "initContainers": [container]},
    }


def test_nothing_is_left_out_unless_asked_for() -> None:
    """By default a recording holds what the API server sent."""
    assert pod() == privacy.leave_out(pod(), [])


def test_environment_and_commands_leave_no_trace() -> None:
    """Omitted values are also removed from kubectl's last-applied annotation."""
    left = privacy.leave_out(pod(), [Omission.ENV, Omission.COMMANDS])

    assert SECRET not in json.dumps(left)
    (container,) = left["spec"]["containers"]  # type: ignore[index]  # as built above
    assert {"exec": {}, "periodSeconds": 5} == container["livenessProbe"]
    assert [{"name": "PASSWORD"}, {"name": "FROM", "valueFrom": {}}] == container["env"]


@pytest.mark.parametrize("omission", [Omission.ENV, Omission.COMMANDS])
def test_the_manifest_goes_with_either(omission: Omission) -> None:
    """Either omission removes the last-applied annotation, which holds both."""
    left = privacy.leave_out(pod(), [omission])

    assert LAST_APPLIED not in left["metadata"]["annotations"]  # type: ignore[index]  # as above


def test_annotations_that_say_what_a_pod_is_stay() -> None:
    """The mirror annotation is kept: a static pod's Events need it."""
    left = privacy.leave_out(pod(), [Omission.ANNOTATIONS])

    assert {"kubernetes.io/config.mirror": "hash"} == left["metadata"]["annotations"]  # type: ignore[index]  # as above


def test_managed_fields_can_go() -> None:
    """The managedFields can be omitted: they say nothing about restarts."""
    left = privacy.leave_out(pod(), [Omission.MANAGED_FIELDS])

    assert "managedFields" not in left["metadata"]  # type: ignore[operator]  # as above


RUNC = "unable to start container process: exec: "
FAILED = f"failed - error: command 'sh -c {SECRET}' exited with 1: , message: \"\""
PARENTHESES = f"sh -c (check {SECRET}) for Container"
MESSAGES = {
    "a probe that timed out": (
        f'Liveness probe failed: command timed out: "sh {SECRET}" timed out after 1s',
        'Liveness probe failed: command timed out: "" timed out after 1s',
    ),
    "a hook that failed": (
        f'Exec lifecycle hook ([sh -c {SECRET}]) for Container "app" in Pod "web" {FAILED}',
        "Exec lifecycle hook ()",
    ),
    "a hook of many lines": (
        f'{COMBINED}Exec lifecycle hook ([{PARENTHESES}\n {SECRET}]) for Container "app" in Pod',
        f"{COMBINED}Exec lifecycle hook ()",
    ),
    "a program that runc did not find": (
        f'Liveness probe errored: {RUNC}"/{SECRET}": stat /{SECRET}: no such file or directory',
        f'Liveness probe errored: {RUNC}""',
    ),
    "the same with CRI-O": (
        f'msg="runc create failed: {RUNC}\\"{SECRET}\\": executable file not found in $PATH"',
        f'msg="runc create failed: {RUNC}""',
    ),
    "a program that crun did not find": (
        f"executable file `{SECRET}` not found in $PATH: No such file or directory",
        "executable file `` not found in $PATH: No such file or directory",
    ),
    "a program that crun did not start": (
        f"exec container process (missing dynamic library?) `/{SECRET}`: No such file or directory",
        "exec container process (missing dynamic library?) ``: No such file or directory",
    ),
    "a hook that is no command": (
        'Http lifecycle hook (/start) for Container "app" in Pod "web_shop(u)" failed',
        'Http lifecycle hook (/start) for Container "app" in Pod "web_shop(u)" failed',
    ),
    "another": (
        "back-off 10s restarting failed container=app",
        "back-off 10s restarting failed container=app",
    ),
}


@pytest.mark.parametrize(("message", "expected"), MESSAGES.values(), ids=MESSAGES.keys())
def test_no_message_quotes_a_command(message: str, expected: str) -> None:
    """Commands are removed from messages of Events and statuses, of any runtime."""
    event: dict[str, object] = {"kind": "Event", "message": message}
    status = {
        "name": "app",
        "state": {"waiting": {"reason": "PostStartHookError", "message": message}},
        "lastState": {"terminated": {"reason": "StartError", "message": message}},
    }
    item: dict[str, object] = {
        "kind": "Pod",
        "status": {"containerStatuses": [status], "initContainerStatuses": [deepcopy(status)]},
    }

    left = json.dumps([privacy.leave_out(each, [Omission.COMMANDS]) for each in (event, item)])

    assert SECRET not in left
    assert 5 == left.count(json.dumps({"message": expected})[1:-1])


@pytest.mark.parametrize("omission", [Omission.COMMANDS, Omission.OUTPUT])
def test_an_old_kubelet_quotes_a_hook_in_a_reason(omission: Omission) -> None:
    """A command that an old kubelet puts into a reason is removed from it."""
    hook = {
        "waiting": {"reason": f"PostStartHookError: command '{SECRET}' exited with 1: {SECRET}"}
    }
    other = {"waiting": {"reason": "CrashLoopBackOff"}}
    statuses = [{"name": "app", "state": hook}, {"name": "side", "state": other}]

    privacy.leave_out({"kind": "Pod", "status": {"containerStatuses": statuses}}, [omission])

    assert {"reason": "PostStartHookError"} == hook["waiting"]
    assert {"reason": "CrashLoopBackOff"} == other["waiting"]


QUOTING = {
    "an exec probe": ("Unhealthy", f"Liveness probe failed: {SECRET}: {SECRET}\n"),
    "one that timed out": ("Unhealthy", f'Startup probe failed: command timed out: "{SECRET}"'),
    "an address": ("Unhealthy", f'Readiness probe failed: Get "http://a/?t={SECRET}": EOF'),
    "a status": ("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 418"),
    "a probe that errs": ("Unhealthy", f'Liveness probe errored and unknown: exec: "{SECRET}"'),
    "a repeated one": ("Unhealthy", f"{COMBINED}Liveness probe failed: {SECRET}"),
    "a redirection": ("ProbeWarning", f"Liveness probe warning: {SECRET}"),
    "a start": ("Failed", f'Error: exec: "{SECRET}": not found'),
    "a hook": ("FailedPostStartHook", f"Exec lifecycle hook ([{SECRET}]) failed"),
    "a kill": ("Killing", "Container app failed liveness probe, will be restarted"),
}


@pytest.mark.parametrize(("reason", "message"), QUOTING.values(), ids=QUOTING.keys())
def test_what_was_said_leaves_no_trace_but_its_kind(reason: str, message: str) -> None:
    """An Event without the quoted output is still classified the same."""
    left = leave_out_message(reason, message)

    assert SECRET not in left
    assert classify(reason, message) == classify(reason, left)


@pytest.mark.parametrize("kind", FailureReason)
def test_each_kind_of_failure_has_a_stand_in(kind: FailureReason) -> None:
    """The replacement text for an output has the same failure reason."""
    expected = FailureReason.EXEC_EXIT if kind is FailureReason.ERRORED else kind
    assert expected == classify_failure(STAND_INS[kind])


def test_last_words_of_applications_can_go() -> None:
    """Termination messages are removed; exit code and reason stay."""
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": SECRET}}
    waiting = {"waiting": {"reason": "StartError", "message": SECRET}}
    status = {"containerStatuses": [{"name": "app", "lastState": ended, "state": waiting}]}

    left = privacy.leave_out({"kind": "Pod", "status": status}, [Omission.OUTPUT])

    assert SECRET not in json.dumps(left)
    assert {"exitCode": 1, "reason": "Error"} == ended["terminated"]


@pytest.mark.slow
def test_verdicts_need_nothing_that_can_be_left_out() -> None:
    """With everything omitted, the recorded stream gets the same verdicts."""
    path = REPOSITORY / "tests/data/traces/loops.jsonl.gz"
    whole = tuple(stream.read_stream(str(path)))
    bare = (replace(record, object=bare_bytes(record.object)) for record in whole)

    assert render(whole) == render(bare)


def bare_bytes(item: bytes) -> bytes:
    return json.dumps(privacy.leave_out(json.loads(item), list(Omission))).encode()


def render(records: Iterable[stream.Record]) -> Mapping[str, object]:
    return outcome.render_json(*replay(records))


def test_headers_of_probes_go_with_commands() -> None:
    """HTTP headers of probes, which may hold a token, are removed with commands."""
    asked = {"path": "/", "port": 80, "httpHeaders": [{"name": "Authorization", "value": SECRET}]}
    spec = {"containers": [{"name": "app", "livenessProbe": {"httpGet": asked}}]}

    left = privacy.leave_out({"kind": "Pod", "spec": spec}, [Omission.COMMANDS])

    assert SECRET not in json.dumps(left)
    assert {"path": "/", "port": 80} == asked


def everywhere(item: Mapping[str, object]) -> dict[str, object]:
    """A pod with this container in each of its lists."""
    names = ("containers", "initContainers", "ephemeralContainers")
    return {"kind": "Pod", "spec": {name: [deepcopy(item)] for name in names}}


def statuses_everywhere(status: Mapping[str, object]) -> dict[str, object]:
    """A pod with this container status in each of its lists."""
    names = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    return {"kind": "Pod", "status": {name: [deepcopy(status)] for name in names}}


@pytest.mark.parametrize("probe", ["livenessProbe", "readinessProbe", "startupProbe"])
def test_commands_of_every_probe_are_left_out(probe: str) -> None:
    """Commands of each probe are removed, in containers of every kind."""
    item = everywhere({"name": "app", probe: {"exec": {"command": ["check", SECRET]}}})

    left = json.dumps(privacy.leave_out(item, [Omission.COMMANDS]))

    assert SECRET not in left
    assert 3 == left.count(json.dumps({probe: {"exec": {}}})[1:-1])


@pytest.mark.parametrize("hook", ["postStart", "preStop"])
@pytest.mark.parametrize(
    "handler",
    [
        {"exec": {"command": [SECRET]}},
        {"httpGet": {"port": 80, "httpHeaders": [{"name": "Token", "value": SECRET}]}},
    ],
    ids=["exec", "httpGet"],
)
def test_commands_of_every_hook_are_left_out(hook: str, handler: dict[str, object]) -> None:
    """Commands and headers of each hook are removed, in containers of every kind."""
    item = everywhere({"name": "app", "lifecycle": {hook: handler}})

    assert SECRET not in json.dumps(privacy.leave_out(item, [Omission.COMMANDS]))


@pytest.mark.parametrize(
    ("field", "omission"),
    [
        ({"command": ["run", SECRET]}, Omission.COMMANDS),
        ({"args": [SECRET]}, Omission.COMMANDS),
        ({"env": [{"name": "A", "value": SECRET}]}, Omission.ENV),
    ],
    ids=["command", "args", "env"],
)
def test_containers_of_every_kind_are_bared(field: dict[str, object], omission: Omission) -> None:
    """What is left out of containers is left out of init and ephemeral ones too."""
    left = privacy.leave_out(everywhere({"name": "app", **field}), [omission])

    assert SECRET not in json.dumps(left)


@pytest.mark.parametrize("when", ["state", "lastState"])
@pytest.mark.parametrize("state", ["terminated", "waiting"])
def test_last_words_are_left_out_of_every_state(when: str, state: str) -> None:
    """Messages of states are removed from the statuses of containers of every kind."""
    status = {"name": "app", when: {state: {"reason": "Error", "message": SECRET}}}

    left = json.dumps(privacy.leave_out(statuses_everywhere(status), [Omission.OUTPUT]))

    assert SECRET not in left
    assert 3 == left.count('"reason": "Error"')


def test_pod_that_opted_out_stays_so() -> None:
    """The annotation that stops the watching of a pod is kept: verdicts depend on it."""
    notes = {"probewatch.dev/ignore": "true", "team": "blue"}

    left = privacy.leave_out({"metadata": {"annotations": notes}}, [Omission.ANNOTATIONS])

    assert {"metadata": {"annotations": {"probewatch.dev/ignore": "true"}}} == left


@pytest.mark.parametrize("item", [{}, {"metadata": None, "spec": {"containers": [None]}}])
def test_odd_objects_are_kept_as_they_are(item: dict[str, object]) -> None:
    """Malformed objects are recorded unchanged."""
    assert dict(item) == privacy.leave_out(item, list(Omission))


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_what_was_written_can_be_read_while_recording(tmp_path: Path, *, compressed: bool) -> None:
    """After each flush the open file can be read."""
    path = tmp_path / "stream"
    with path.open("wb") as file:
        recorded = Recording(file, compressed=compressed)
        for number in range(3):
            recorded.write(LineType.ADDED, b'{"kind":\n"Pod"}', 1000.25 + number)
            recorded.flush()

        records = list(stream.read_stream(str(path)))

    assert [1000.25, 1001.25, 1002.25] == [record.received_at for record in records]
    assert b'{"kind":"Pod"}' == records[0].object
    assert 3 == recorded.lines


def test_a_full_buffer_writes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full buffer is written, so that memory is bounded."""
    monkeypatch.setattr(recording, "FULL_BYTES", 10)
    file = io.BytesIO()

    Recording(file).write(LineType.DELETED, b"{}", 0.0)

    expected = b'{"receivedAt":"1970-01-01T00:00:00.000+00:00","type":"DELETED","object":{}}\n'
    assert expected == file.getvalue()


def test_omissions_are_applied_to_what_is_written() -> None:
    """Omissions are applied before anything is written."""
    file = io.BytesIO()
    recorded = Recording(file, omissions=[Omission.ENV, Omission.COMMANDS])

    recorded.write(LineType.ADDED, json.dumps(pod()).encode(), 0.0)
    recorded.flush()

    assert SECRET.encode() not in file.getvalue()
