"""Findings become Events that the API server accepts and people understand."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probewatch.core.advice_names import AdviceName
from probewatch.core.causes import Cause, Confidence, Readiness, ReadinessReason
from probewatch.core.evidence import FailureReason
from probewatch.core.findings import (
    Advice,
    Finding,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ProbeFailures,
    ProbeKillWithoutRestart,
    ReadinessChanged,
    RestartCorrected,
)
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.sighting import Sighting
from probewatch.core.spec import Container, ContainerKind, HandlerKind, PodSpec, Probe, ProbeType
from probewatch.kube.events import notes
from probewatch.kube.events import reasons as event_reasons
from probewatch.kube.events.draft import EventDraft, render_event
from probewatch.kube.events.making import draft_event, field_path, may_have_event
from probewatch.kube.events.reasons import EventType, Reason
from tests.support.builders import restart

POD = PodRef(uid=PodUid("1234-abcd"), namespace="shop", name="cart-7d9f-x2x", node="n1")
CART = Workload(namespace="shop", kind="Deployment", name="cart", api_version="apps/v1", uid="d-1")
LIVENESS = Probe(
    probe_type=ProbeType.LIVENESS,
    handler=HandlerKind.HTTP_GET,
    target="3000/healthz?token=hush",
    period=5,
)
SPEC = PodSpec(
    containers=(
        Container(name="setup", kind=ContainerKind.INIT),
        Container(name="mesh", kind=ContainerKind.SIDECAR),
        Container(name="app", liveness=LIVENESS),
    )
)
RESTART = restart(
    3,
    pod=POD,
    exit_code=137,
    termination="c1",
    started_at=1000.0,
    finished_at=1041.0,
    observed_at=1042.5,
    evidence=("The kubelet recorded the kill.",),
)
LOST = ReadinessChanged(
    pod=POD,
    to=Readiness.NOT_READY,
    reason=ReadinessReason.READINESS_PROBE,
    at=2000.0,
    container="app",
)
RESTORED = replace(LOST, to=Readiness.READY, at=2030.0, not_ready_seconds=30.0)
LOOP = LoopStarted(
    pod=POD, container="app", cause=Cause.LIVENESS_PROBE, restarts=3, window=900, at=3000.0
)
LOOP_END = LoopEnded(
    pod=POD, container="app", cause=Cause.LIVENESS_PROBE, started_at=3000.0, at=6000.0
)
FLAPPING = FlappingChanged(
    pod=POD,
    flapping=True,
    transitions=6,
    at=2500.0,
    reasons=((ReadinessReason.READINESS_PROBE, 6),),
)
ADVICE = Advice(
    pod=POD,
    container="app",
    probe_type=ProbeType.LIVENESS,
    finding=next(iter(AdviceName)),
    message="Its timeout is longer than its period.",
)


def draft(finding: Finding, workload: Workload = CART, spec: PodSpec = SPEC) -> EventDraft:
    event = draft_event(finding, workload, spec)
    assert event is not None
    return event


def body_of(finding: Finding) -> Mapping[str, object]:
    return render_event(draft(finding), instance="probewatch-0", now=1_700_000_000.25)


def test_liveness_restart_in_full() -> None:
    """The Event of a probe kill has what happened, the cause, the confidence and the probe."""
    expected_note = (
        "Container app was restarted because its liveness probe failed (restart 3). "
        "It had run for 41 s and ended with exit code 137 (SIGKILL). "
        "Liveness probe: httpGet 3000/healthz, every 5 s, timeout 1 s, 3 failures in a row. "
        "Cause LivenessProbe, Confirmed: The kubelet recorded the kill."
    )

    body = dict(body_of(RESTART))
    metadata = body.pop("metadata")

    assert {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "eventTime": "2023-11-14T22:13:20.250000Z",
        "reportingController": "probewatch.dev/operator",
        "reportingInstance": "probewatch-0",
        "action": "AttributeRestart",
        "reason": "LivenessProbeRestart",
        "type": "Warning",
        "note": expected_note,
        "regarding": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": "shop",
            "name": "cart-7d9f-x2x",
            "uid": "1234-abcd",
            "fieldPath": "spec.containers{app}",
        },
        "related": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "namespace": "shop",
            "name": "cart",
            "uid": "d-1",
        },
    } == body
    assert {
        "namespace": "shop",
        "name": draft(RESTART).name,
        "labels": {
            "probewatch.dev/cause": "LivenessProbe",
            "probewatch.dev/confidence": "Confirmed",
        },
    } == metadata


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_an_event(cause: Cause) -> None:
    """A restart of any cause gets an Event with the text of that cause."""
    event = draft(replace(RESTART, cause=cause))

    assert event_reasons.CAUSE_TEXTS[cause] in event.note
    assert f"Cause {cause}, Confirmed" in event.note


@pytest.mark.parametrize(
    ("cause", "reason", "event_type"),
    [
        (Cause.LIVENESS_PROBE, Reason.LIVENESS_PROBE_RESTART, EventType.WARNING),
        (Cause.STARTUP_PROBE, Reason.STARTUP_PROBE_RESTART, EventType.WARNING),
        (Cause.OOM_KILLED, Reason.CONTAINER_RESTARTED, EventType.WARNING),
        (Cause.UNKNOWN, Reason.CONTAINER_RESTARTED, EventType.WARNING),
        (Cause.COMPLETED, Reason.CONTAINER_RESTARTED, EventType.NORMAL),
        (Cause.RESIZE, Reason.CONTAINER_RESTARTED, EventType.NORMAL),
    ],
)
def test_planned_restarts_are_normal(cause: Cause, reason: Reason, event_type: EventType) -> None:
    """Only restarts that someone should act on are a Warning."""
    event = draft(replace(RESTART, cause=cause))

    assert (reason, event_type) == (event.kind.reason, event.kind.type)


@pytest.mark.parametrize(
    ("finding", "reason", "note"),
    [
        pytest.param(
            LOST,
            Reason.READINESS_LOST,
            "No longer ready: its readiness probe failed (container app). Reason ReadinessProbe.",
            id="lost",
        ),
        pytest.param(
            RESTORED,
            Reason.READINESS_RESTORED,
            "Ready again after 30 s. Reason of the loss: ReadinessProbe.",
            id="restored",
        ),
        pytest.param(
            FLAPPING,
            Reason.READINESS_FLAPPING,
            "Readiness is flapping without restarts: lost 6 times lately (ReadinessProbe 6). "
            "Look at the readiness probe's timeout and threshold.",
            id="flapping",
        ),
        pytest.param(
            LOOP,
            Reason.RESTART_LOOP_DETECTED,
            "Container app restarts again and again: 3 restarts within 15 min. Most frequent "
            "cause LivenessProbe: it was restarted because its liveness probe failed.",
            id="loop",
        ),
        pytest.param(
            LOOP_END,
            Reason.RESTART_LOOP_ENDED,
            "Container app has stopped restarting. Its loop was detected 50 min ago; "
            "most frequent cause LivenessProbe.",
            id="loop ended",
        ),
        pytest.param(
            ADVICE,
            Reason.PROBE_MISCONFIGURED,
            "Container app, liveness probe: Its timeout is longer than its period. "
            f"({next(iter(AdviceName))})",
            id="advice",
        ),
    ],
)
def test_words_of_the_other_events(finding: Finding, reason: Reason, note: str) -> None:
    """Each Event begins with what happened, in words, and names its reason."""
    event = draft(finding)

    assert (reason, note) == (event.kind.reason, event.note)


@pytest.mark.parametrize(
    "finding",
    [
        pytest.param(PodTracked(pod=POD, spec=SPEC), id="tracked"),
        pytest.param(PodForgotten(pod=POD), id="forgotten"),
        pytest.param(replace(RESTART, baseline=True), id="before our time"),
        pytest.param(
            RestartCorrected(was=replace(RESTART, confidence=Confidence.LOW), now=RESTART),
            id="the same cause, only surer",
        ),
        pytest.param(
            RestartCorrected(
                was=replace(RESTART, cause=Cause.UNKNOWN), now=replace(RESTART, baseline=True)
            ),
            id="corrected, and before our time",
        ),
        pytest.param(replace(LOOP, resumed=True), id="a loop that was told before the start"),
        pytest.param(
            ProbeFailures(
                pod=POD,
                container="app",
                probe_type=ProbeType.LIVENESS,
                reason=FailureReason.TIMEOUT,
                count=1,
                at=1.0,
            ),
            id="one failure: the kubelet tells of it itself",
        ),
        pytest.param(
            ProbeKillWithoutRestart(
                pod=POD,
                container="app",
                cause=Cause.LIVENESS_PROBE,
                confidence=Confidence.CONFIRMED,
                at=1.0,
            ),
            id="kill without restart",
        ),
        pytest.param(replace(RESTORED, not_ready_seconds=None), id="ready for the first time"),
        pytest.param(replace(LOST, hidden=True), id="seen only afterwards"),
        pytest.param(replace(LOST, reason=ReadinessReason.TERMINATING), id="terminating"),
        pytest.param(replace(LOST, reason=ReadinessReason.CONTAINER_RESTART), id="told already"),
        pytest.param(replace(LOST, reason=ReadinessReason.STARTUP), id="starting"),
        pytest.param(replace(FLAPPING, flapping=False), id="flapping is over"),
        pytest.param(replace(LOOP_END, gone=True), id="the pod is gone"),
    ],
)
def test_no_event_where_nothing_is_told(finding: Finding) -> None:
    """Normal life, what another Event reports, and what is older than the operator get no Event."""
    assert draft_event(finding, CART, SPEC) is None


def test_what_may_have_an_event_is_told_from_its_kind() -> None:
    """Findings with an Event are never skipped early; common findings without one are."""
    told = (RESTART, LOST, RESTORED, FLAPPING, LOOP, LOOP_END, ADVICE)
    passed_over = (
        PodTracked(pod=POD, spec=SPEC),
        PodForgotten(pod=POD),
        replace(LOST, hidden=True),
    )

    assert all(may_have_event(each) for each in told)
    assert not any(may_have_event(each) for each in passed_over)
    assert {None} == {draft_event(each, CART, SPEC) for each in passed_over}


@pytest.mark.parametrize(
    ("reasons", "note"),
    [
        (((ReadinessReason.READINESS_GATE, 6),), "(ReadinessGate 6). Look at what sets its"),
        (((ReadinessReason.NODE_NOT_READY, 6),), "(NodeNotReady 6). Look at its node"),
        (((ReadinessReason.KUBELET_RESTART, 6),), "(KubeletRestart 6). Look at why the kubelet"),
        (((ReadinessReason.HIDDEN, 6),), "lost 6 times lately (Hidden 6)."),
        (
            ((ReadinessReason.READINESS_GATE, 5), (ReadinessReason.UNKNOWN, 1)),
            "(ReadinessGate 5, Unknown 1). Look at what sets its readiness gates.",
        ),
        ((), "lost 6 times lately."),
    ],
)
def test_flapping_says_where_to_look_for_what_flaps(
    reasons: tuple[tuple[ReadinessReason, int], ...], note: str
) -> None:
    """The probe is named only if the readiness probe is the reason."""
    event = draft(replace(FLAPPING, reasons=reasons))

    assert note in event.note
    assert "probe" not in event.note


def test_exit_code_that_nobody_saw_is_not_told() -> None:
    """The 137 that the kubelet writes for a vanished container is left out."""
    event = draft(replace(RESTART, cause=Cause.NODE_REBOOT, termination=""))

    assert "exit code" not in event.note
    assert "It had run for 41 s." in event.note


def test_exit_code_of_windows_is_told_as_microsoft_writes_it_too() -> None:
    """A Windows exit code is also written in hexadecimal, as in Microsoft's lists."""
    event = draft(replace(RESTART, exit_code=-1073741510))

    assert "ended with exit code -1073741510 (0xC000013A). " in event.note


def test_a_life_that_seems_to_end_before_it_began_is_not_told() -> None:
    """A negative lifetime, after the node's clock was set back, is left out."""
    event = draft(replace(RESTART, finished_at=900.0))

    assert "had run" not in event.note
    assert "It ended with exit code 137 (SIGKILL)." in event.note


def test_one_event_of_a_jump_says_how_far_it_went() -> None:
    """The single Event of a jump says to which count it rose."""
    seen = Sighting(resource_version=9, restart_count=7, counted_from=0)
    unobserved = replace(RESTART, cause=Cause.UNOBSERVED, restart_count=4, seen=seen)

    assert "(restart 4; the count rose at once to 7)." in draft(unobserved).note
    assert "(restart 7)." in draft(replace(unobserved, restart_count=7)).note
    assert "(restart 4)." in draft(replace(unobserved, cause=Cause.ERROR)).note


def test_corrected_cause_is_told_once_more() -> None:
    """A corrected cause gets another Event, which names the first cause."""
    was = replace(RESTART, cause=Cause.UNKNOWN, confidence=Confidence.LOW)

    event = draft(RestartCorrected(was=was, now=RESTART))

    assert event.kind.reason is Reason.LIVENESS_PROBE_RESTART
    assert "First published as Unknown." in event.note
    assert draft(was).name != event.name


def test_same_finding_has_the_same_name() -> None:
    """The name of an Event depends on what happened, not on when or by whom it is written."""
    again = replace(RESTART, observed_at=9999.0, evidence=(), confidence=Confidence.HIGH)

    assert draft(RESTART).name == draft(again).name


@pytest.mark.parametrize(
    "other",
    [
        replace(RESTART, restart_count=4),
        replace(RESTART, epoch=1),
        replace(RESTART, container="mesh"),
        replace(RESTART, pod=replace(POD, uid=PodUid("other"))),
        replace(RESTART, cause=Cause.STARTUP_PROBE),
        LOST,
    ],
)
def test_other_findings_have_other_names(other: Finding) -> None:
    """Different findings get Events with different names."""
    assert draft(RESTART).name != draft(other).name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LOST, replace(LOST, at=LOST.at + 0.001)),
        (FLAPPING, replace(FLAPPING, at=FLAPPING.at + 0.001)),
        (LOOP, replace(LOOP, epoch=1)),
        (LOOP, replace(LOOP, restart_count=7)),
        (LOOP, replace(LOOP, container="mesh")),
        (replace(LOOP, epoch=1, restart_count=11), replace(LOOP, epoch=11, restart_count=1)),
        (ADVICE, replace(ADVICE, probe_type=ProbeType.STARTUP)),
        (ADVICE, replace(ADVICE, container="mesh")),
    ],
)
def test_what_occurs_again_is_told_again(one: Finding, other: Finding) -> None:
    """Findings of one kind that differ in when or of what they tell have different names."""
    assert draft(one).name != draft(other).name


def test_loop_has_one_name_whenever_it_is_seen() -> None:
    """Two replicas name a loop alike, though they see it at different times."""
    assert draft(LOOP).name == draft(replace(LOOP, at=9999.0)).name


@pytest.mark.parametrize("end", ["-", ".", "x"])
def test_name_of_an_event_of_a_pod_with_the_longest_name(end: str) -> None:
    """An Event's name is a DNS name wherever the pod's is cut off."""
    name = draft(replace(LOST, pod=replace(POD, name=f"{'a' * 199}{end}{'b' * 53}"))).name

    assert len(name) <= 253
    assert not {"-.", ".."} & {name[at : at + 2] for at in range(len(name))}


def test_restarts_of_one_jump_share_one_event() -> None:
    """The unobserved restarts of one jump share one Event."""
    seen = Sighting(restart_count=6)
    jump = replace(RESTART, cause=Cause.UNOBSERVED, restart_count=4, seen=seen)

    assert draft(jump).name == draft(replace(jump, restart_count=5, observed_at=5000.0)).name
    assert draft(jump).name != draft(replace(jump, seen=replace(seen, restart_count=9))).name


def test_advice_is_told_once_for_a_workload() -> None:
    """Advice on a hundred pods of one workload is one Event, named after the workload."""
    other_pod = replace(ADVICE, pod=replace(POD, uid=PodUid("other"), name="cart-7d9f-y3y"))

    assert draft(ADVICE).name == draft(other_pod).name
    assert draft(ADVICE).name.startswith("cart.")


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ("app", "spec.containers{app}"),
        ("mesh", "spec.initContainers{mesh}"),
        ("setup", "spec.initContainers{setup}"),
        ("unknown", "spec.containers{unknown}"),
        ("", ""),
    ],
)
def test_field_path_is_the_kubelets(container: str, expected: str) -> None:
    """The fieldPath is the kubelet's, so that kubectl shows both Events together."""
    assert expected == field_path(SPEC, container)


def test_commands_of_probes_are_not_told() -> None:
    """The command of an exec probe, which may hold a password, is left out."""
    probe = replace(LIVENESS, handler=HandlerKind.EXEC, target="mysqladmin -phush ping")
    spec = PodSpec(containers=(Container(name="app", liveness=probe),))

    note = draft(RESTART, spec=spec).note

    assert "hush" not in note
    assert "Liveness probe: exec, every 5 s" in note


def test_without_a_spec_the_probe_is_left_out() -> None:
    """A pod whose spec is no longer known still gets its Event."""
    assert "Liveness probe:" not in draft(RESTART, spec=PodSpec()).note


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5.0, "0 s"),
        (41.6, "42 s"),
        (59.7, "1 min"),
        (60.0, "1 min"),
        (200.0, "3 min 20 s"),
        (7200.0, "2 h"),
        (7500.0, "2 h 5 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """A duration has at most two units, and none that is 0; a negative one is none."""
    assert text == notes.render_duration(seconds)


def test_end_of_a_loop_says_how_long_it_lasted() -> None:
    """A loop is told from when it was detected to its end."""
    assert "Its loop was detected 1 min ago;" in draft(replace(LOOP_END, at=3060.0)).note


def test_probe_with_the_least_and_the_longest() -> None:
    """A single failure is no plural, and a long path leaves room for the verdict."""
    probe = replace(LIVENESS, failure_threshold=1, target=f":80/{'x' * 999}")
    note = draft(RESTART, spec=PodSpec(containers=(Container(name="app", liveness=probe),))).note

    assert f"{':80/' + 'x' * 93}…, every 5 s, timeout 1 s, 1 failure in a row." in note
    assert "Cause LivenessProbe, Confirmed" in note


def test_event_is_within_the_limits_of_the_api() -> None:
    """A note has at most 1,024 bytes, a writer's name 128, and a path that is empty is left out.

    Source: kubernetes pkg/apis/core/validation/events.go.
    """
    body = render_event(
        draft(replace(RESTART, evidence=("é" * 2000,))), instance="é" * 300, now=0.0
    )
    about = body_of(FLAPPING)["regarding"]

    assert 1000 < len(str(body["note"]).encode()) <= 1024
    assert 100 < len(str(body["reportingInstance"]).encode()) <= 128
    assert isinstance(about, dict)
    assert "fieldPath" not in about


def test_bare_pod_is_its_own_workload() -> None:
    """Without a uid of the workload the field is omitted: an empty one would be refused."""
    alone = Workload(namespace="shop", kind="Pod", name=POD.name)

    body = render_event(draft(RESTART, alone), instance="x", now=0.0)

    assert {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": "shop",
        "name": POD.name,
    } == body["related"]


@given(
    name=st.from_regex(
        r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?){0,3}",
        fullmatch=True,
    ).filter(lambda name: len(name) <= 253),
    instance=st.text(max_size=300),
    evidence=st.lists(st.text(max_size=2000), max_size=4),
)
def test_events_are_legal_whatever_they_say(name: str, instance: str, evidence: list[str]) -> None:
    """For any name and text, the API's limits in bytes hold and names are DNS names."""
    restart = replace(RESTART, pod=replace(POD, name=name), evidence=tuple(evidence))

    body = render_event(draft(restart), instance=instance, now=0.0)
    event_name = draft(restart).name

    assert len(str(body["note"]).encode()) <= 1024
    assert len(str(body["reportingInstance"]).encode()) <= 128
    assert len(event_name) <= 253
    assert all(part and not (part[0] + part[-1]).count("-") for part in event_name.split(".")[-2:])
