"""Exit codes from the API to the output, whatever their value."""

import json

import msgspec
import pytest

from probewatch.commands import stream
from probewatch.commands.outcome import Ledger, Outcome, render_json
from probewatch.commands.render_replay import render_tables, render_text
from probewatch.commands.replay import replay
from probewatch.commands.stream import StreamError
from probewatch.core.causes import Cause
from probewatch.kube.pods.raw_pod import RawPod
from tests.commands.shop import STARTED, Json, pod

RESTARTED = "2026-11-20T10:00:42Z"

MISSING = object()


def life(exit_code: object, **spec: object) -> list[Json]:
    """A container that is shown as terminated and then replaced."""
    first, last = pod(), pod(restarts=1)
    end = last["status"]["containerStatuses"][0]["lastState"]["terminated"]
    end |= {"exitCode": exit_code, "containerID": "containerd://a"}
    if exit_code is MISSING:
        del end["exitCode"]
    dead = pod()
    status = {"restartCount": 0, "state": {"terminated": end}, "containerID": "containerd://a"}
    dead["status"]["containerStatuses"][0] |= status
    running = {"running": {"startedAt": STARTED}}
    first["status"]["containerStatuses"][0] |= {"state": running, "containerID": "containerd://a"}
    for each in (first, dead, last):
        each["spec"] |= spec
    return [first, dead, last]


def play(exit_code: object, **spec: object) -> tuple[Outcome, Ledger]:
    """Replay that container."""
    lines = []
    for number, shown in enumerate(life(exit_code, **spec)):
        shown["metadata"]["resourceVersion"] = str(number + 1)
        line = {"receivedAt": f"2026-11-20T10:00:{41 + number}Z", "type": "MODIFIED"}
        lines.append(json.dumps({**line, "object": shown}).encode())
    return replay(stream.parse_line(line, "f", number) for number, line in enumerate(lines))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        *((code, code) for code in (0, 1, 255, 256, 1067, -1, -1073741510, -(2**31), 2**31 - 1)),
        *((absent, None) for absent in (None, MISSING)),
    ],
)
def test_told_as_it_is(given: object, told: int | None) -> None:
    """A restart is counted and shows the exit code of the API, or an unknown one."""
    outcome, ledger = play(given)
    (restart,) = outcome.restarts
    shown = json.loads(json.dumps(render_json(outcome, ledger)))["restarts"][0]

    assert Ledger(restart_count_rise=1, restarts_counted=1) == ledger
    assert restart.exit_code == told
    assert shown["exitCode"] == told
    words = "unknown exit code" if told is None else f"exit code {told}"
    assert restart.evidence[-1].startswith(words)
    assert "None" not in render_tables(outcome, ledger) + render_text(outcome, ledger)


ODD: tuple[object, ...] = (2**31, 3221225786, -(2**31) - 1, 1.5, "x", {})
"""Values that no API server writes: an exit code is an int32."""


@pytest.mark.parametrize("odd", ODD)
def test_one_that_cannot_be_read(odd: object) -> None:
    """An unreadable exit code is unknown, not 0, and no other field is lost."""
    raw = msgspec.json.decode(json.dumps(life(odd)[-1]).encode(), type=RawPod)
    end = raw.take().open().statuses[0].last

    assert end is not None
    assert (end.exit_code, end.reason, end.container_id) == (None, "Error", "containerd://a")
    assert raw.flaws == 1


@pytest.mark.parametrize("odd", ODD)
def test_recording_that_cannot_be_read(odd: object) -> None:
    """A recording with such a value is refused with line and field."""
    with pytest.raises(StreamError, match=r"f:1: .*exitCode"):
        play(odd)


def test_as_microsoft_writes_it() -> None:
    """A Windows exit code is also shown in hexadecimal, as in Microsoft's lists."""
    outcome, ledger = play(-1073741510)

    text = render_text(outcome, ledger)
    assert "exit code -1073741510 (0xC000013A, Error) after 41 s" in text
    assert "after 41s, exit code -1073741510 (0xC000013A)" in text


def test_pod_of_windows() -> None:
    """On Windows 143 is the application's own exit code."""
    own, killed = (
        play(143, nodeSelector={"kubernetes.io/os": name})[0].restarts[0].cause
        for name in ("windows", "linux")
    )

    assert (own, killed) == (Cause.ERROR, Cause.SIGNAL)
