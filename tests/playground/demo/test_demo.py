"""The demo: what it has observed, and how it reports that."""

import json
from pathlib import Path

import pytest

from probewatch.clock import Clock
from probewatch.commands import demo as command
from probewatch.playground.cluster_clock import ScaledTime
from probewatch.playground.demo.demo import MANIFEST, DemoOptions, find_kill_due, read_manifest
from probewatch.playground.demo.show import PlainShow, Progress
from probewatch.playground.demo.state import CONTROLLER, DemoState
from probewatch.playground.demo.text import finding_text, sentences, summary, verdict_parts
from tests.playground.fakes import JsonObject

NOTE = (
    "Container webapl was restarted because its liveness probe failed (restart 1). It had run "
    "for 51 s. Cause LivenessProbe, Confirmed: kubelet: failed liveness probe, kill 1; exit code "
    "143 (SIGTERM) after 51 s."
)
AT = "2027-01-15T08:00:51Z"
NOW = 1_800_000_055.0


def finding(message: str, **facts: object) -> str:
    record = {"time": AT, "level": "info", "logger": "probewatch.findings", "message": message}
    return json.dumps({**record, "namespace": "default", "pod": "webapl", **facts})


READY = finding(
    "Readiness changed", to="Ready", reason="Startup", time_to_ready=24.04, hidden=False
)
NOT_READY = finding("Readiness changed", to="NotReady", reason="ContainerRestart")


def restarted(cause: str = "LivenessProbe", confidence: str = "Confirmed") -> str:
    return finding("Container restarted", cause=cause, confidence=confidence, rule="r")


def event(reason: str, message: str, **fields: object) -> JsonObject:
    return {
        "metadata": {"name": f"webapl.{reason}"},
        "involvedObject": {"kind": "Pod", "name": "webapl"},
        "type": "Normal",
        "reason": reason,
        "message": message,
        "lastTimestamp": AT,
        **fields,
    }


def complete() -> DemoState:
    state = DemoState(metrics=("m 1",))
    for line in (READY, NOT_READY, restarted()):
        assert state.note_finding(line, 1.0)
    own = event("LivenessProbeRestart", NOTE, reportingComponent=CONTROLLER)
    state.note_event(own, 1.0)
    kubelet = {"source": {"component": "kubelet"}}
    for count in (1, 2, 3):
        failed = "Liveness probe failed: HTTP probe failed with statuscode: 500"
        state.note_event(event("Unhealthy", failed, count=count, **kubelet), 1.0)
    state.note_event(event("Unhealthy", "Readiness probe failed: x", count=9, **kubelet), 1.0)
    state.note_event(event("Scheduled", "to node"), 1.0)
    return state


def test_a_complete_story_misses_nothing() -> None:
    """Ready, NotReady, a Confirmed restart, its Event and its metric complete the demo."""
    assert () == complete().missing()


@pytest.mark.parametrize("line", [restarted("Error"), restarted(confidence="High")])
def test_another_verdict_is_not_enough(line: str) -> None:
    """A restart with another cause or confidence does not complete the demo."""
    state = DemoState()
    state.note_finding(line, 1.0)

    assert state.any_restart
    assert "a restart with cause LivenessProbe, Confirmed" in state.missing()
    assert 5 == len(state.missing())


@pytest.mark.parametrize("line", ["", "no JSON", "[1]", '{"logger": "probewatch.service.service"}'])
def test_other_lines_are_no_findings(line: str) -> None:
    """Other log lines of the operator are ignored."""
    assert None is DemoState().note_finding(line, 1.0)


def test_a_finding_in_one_line() -> None:
    """A finding is one line, the most important part first."""
    found = DemoState().note_finding(READY, 1.0)

    assert found
    assert "Readiness changed: Ready, Startup  (pod webapl, time to ready 24.0)" == finding_text(
        found
    )


def test_the_summary_tells_all() -> None:
    """The summary has what happened, the cause, the evidence, the Event and the metrics."""
    state = complete()
    assert state.restart
    assert state.restart_event
    lines = summary(state, state.restart, state.restart_event, now=NOW, speed=5)

    expected = [
        "What happened",
        "  Container webapl was restarted because its liveness probe failed (restart 1).",
        "  It had run for 51 s.",
        "  (At --speed 5: probes and app ran 5 times as fast as declared.)",
        "",
        "Why",
        "  LivenessProbe, Confirmed (rule r)",
        "",
        "Evidence",
        "  - kubelet: failed liveness probe, kill 1",
        "  - exit code 143 (SIGTERM) after 51 s",
        "  - kubelet, 3 × Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500",
        "",
        "The Event, as kubectl shows it",
        "  LAST SEEN   TYPE     REASON                 OBJECT       MESSAGE",
        f"  4s          Normal   LivenessProbeRestart   pod/webapl   {NOTE}",
        "",
        "The metrics, as scraped",
        "  m 1",
        "",
    ]
    assert expected == lines


def test_messages_are_taken_apart() -> None:
    """Messages without evidence are parsed, and decimal points do not end sentences."""
    assert ("It ended.", ()) == verdict_parts("It ended. Cause Error, High.")
    assert ["A at 3.14 s.", "B."] == sentences("A at 3.14 s. B.")


def test_the_kill_is_due_at_the_threshold() -> None:
    """The app fails from 40 s on: the next run is at 45 s, the third failure at 55 s."""
    assert 55.0 == find_kill_due(read_manifest(MANIFEST))


def test_plain_lines_tell_changes_only() -> None:
    """The pod's line is written only if more than its age has changed."""
    lines: list[str] = []
    show = PlainShow(lines.append)
    pod = read_manifest(MANIFEST)
    meta = {**pod["metadata"], "creationTimestamp": AT}
    state = DemoState(pod={**pod, "metadata": meta, "status": {"phase": "Pending"}})
    with show:
        show.update(0.0, DemoState(), None)
        show.update(1.0, state, Progress(passed=1, due=55))
        show.update(2.0, state, Progress(passed=2, due=55))

    assert ["   1.0 s  pod         webapl  0/1  Pending  0   (first kill due in 54 s)"] == lines
    assert "first kill due" == Progress(passed=60, due=55).text


class Unfinished:
    """A demo that ended before it was complete."""

    def __init__(self, state: DemoState) -> None:
        self.state = state
        self.options = DemoOptions()
        self.operator = None


def test_an_incomplete_story_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """An incomplete demo exits with 1 and lists what was not seen."""
    state = complete()
    state.findings = [found for found in state.findings if "restarted" not in found.words]
    state.note_finding(restarted("Unknown", "Low"), 1.0)

    assert 1 == command.tell(Unfinished(state))  # type: ignore[arg-type]  # what it needs of one
    said = capsys.readouterr().err
    assert "not seen in time:\n  - a restart with cause LivenessProbe, Confirmed\n" in said
    assert "The restart was taken for Unknown." in said


async def test_hastened_time_keeps_real_times() -> None:
    """A faster clock passes a minute in seconds, and converts to real times."""
    time = ScaledTime(speed=10, began=1000.0)
    assert 1006.0 == time.to_real(1060.0)

    clock = ScaledTime.from_now(1e6).clock()
    before, measured = clock.now(), clock.monotonic()
    await clock.sleep(1000.0)
    assert clock.now() - before >= 1000
    assert clock.monotonic() - measured >= 1000
    assert Clock().now() < clock.now()


def test_unknown_time_stays_1970_at_every_speed() -> None:
    """0, the start of a container that could not be started, is no time and is not converted."""
    assert 0.0 == ScaledTime(speed=4, began=1000.0).to_real(0.0)


def test_the_manifest_is_the_tutorials() -> None:
    """The demo runs the tutorial's manifest unchanged."""
    expected = {
        "name": "webapl",
        "image": "upi907/webapl:0.1",
        "ports": [{"containerPort": 3000}],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": 3000},
            "initialDelaySeconds": 3,
            "periodSeconds": 5,
        },
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": 3000},
            "initialDelaySeconds": 15,
            "periodSeconds": 6,
        },
    }

    assert MANIFEST == Path(__file__).parents[3] / "deploy" / "demo" / "hc-probe.yaml"
    assert [expected] == read_manifest(MANIFEST)["spec"]["containers"]
