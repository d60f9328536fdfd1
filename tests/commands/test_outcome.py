"""The outcome of a replay, its output, and its comparison with the truth."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from probewatch.commands import outcome, render_replay, truth
from probewatch.commands.outcome import Ledger, Outcome
from probewatch.commands.stream import StreamError
from probewatch.core.causes import Cause, Confidence, Readiness, ReadinessReason
from probewatch.core.findings import (
    Advice,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import PodRef, PodUid
from probewatch.core.spec import ProbeType

WEB = PodRef(uid=PodUid("u1"), namespace="shop", name="web")


def restart(
    count: int = 1,
    *,
    cause: Cause = Cause.LIVENESS_PROBE,
    confidence: Confidence = Confidence.CONFIRMED,
    baseline: bool = False,
    exit_code: int | None = 137,
) -> Restart:
    return Restart(
        pod=WEB,
        container="app",
        restart_count=count,
        epoch=0,
        cause=cause,
        confidence=confidence,
        rule="KillingMatched",
        exit_code=exit_code,
        started_at=100.0,
        finished_at=140.5,
        observed_at=141.0 + count,
        evidence=("the kubelet recorded a kill",),
        baseline=baseline,
    )


def loop_started(at: float = 200.0) -> LoopStarted:
    return LoopStarted(
        pod=WEB, container="app", cause=Cause.LIVENESS_PROBE, restarts=3, window=900.0, at=at
    )


def loop_ended(at: float = 300.0) -> LoopEnded:
    return LoopEnded(pod=WEB, container="app", cause=Cause.OOM_KILLED, started_at=200.0, at=at)


def readiness(to: Readiness) -> ReadinessChanged:
    return ReadinessChanged(pod=WEB, to=to, reason=ReadinessReason.READINESS_PROBE, at=150.0)


ADVICE = Advice(
    pod=WEB,
    container="app",
    probe_type=ProbeType.LIVENESS,
    finding="ShortStartBudget",
    message="add a startup probe",
)


def collected(*findings: object) -> Outcome:
    result = Outcome()
    result.add(findings)  # type: ignore[arg-type]  # findings of every sort
    return result


def test_json_has_exactly_the_documented_shape() -> None:
    """The keys are a fixed interface; times are RFC 3339, unknown ones null."""
    result = collected(
        restart(), readiness(Readiness.NOT_READY), loop_started(), ADVICE, PodForgotten(pod=WEB)
    )

    rendered = outcome.render_json(result, result.ledger(1))

    who = {"namespace": "shop", "pod": "web", "uid": "u1"}
    assert {
        "restarts": [
            who
            | {
                "container": "app",
                "restartCount": 1,
                "cause": "LivenessProbe",
                "confidence": "Confirmed",
                "rule": "KillingMatched",
                "exitCode": 137,
                "startedAt": "1970-01-01T00:01:40Z",
                "finishedAt": "1970-01-01T00:02:20.500Z",
                "evidence": ["the kubelet recorded a kill"],
            }
        ],
        "readiness": [
            who | {"to": "NotReady", "reason": "ReadinessProbe", "at": "1970-01-01T00:02:30Z"}
        ],
        "loops": [
            who
            | {
                "container": "app",
                "cause": "LivenessProbe",
                "startedAt": "1970-01-01T00:03:20Z",
                "endedAt": None,
            }
        ],
        "advice": [
            {
                "namespace": "shop",
                "pod": "web",
                "container": "app",
                "probeType": "Liveness",
                "finding": "ShortStartBudget",
                "message": "add a startup probe",
            }
        ],
        "ledger": {"restartCountRise": 1, "restartsCounted": 1, "balanced": True},
    } == json.loads(json.dumps(rendered))


def test_a_corrected_verdict_replaces_the_first_one() -> None:
    """A corrected restart is shown and counted once, with the final verdict."""
    first = restart(cause=Cause.UNKNOWN, confidence=Confidence.LOW)

    result = collected(first, RestartCorrected(was=first, now=restart()))

    assert [Cause.LIVENESS_PROBE] == [each.cause for each in result.restarts]
    assert Ledger(restart_count_rise=1, restarts_counted=1) == result.ledger(1)


def test_a_restart_published_twice_unbalances_the_ledger() -> None:
    """A restart published twice is shown once, and the ledger does not balance."""
    result = collected(restart(), restart())

    assert 1 == len(result.restarts)
    assert not result.ledger(1).balanced


def test_restarts_before_the_recording_are_not_counted() -> None:
    """A baseline restart is not counted."""
    result = collected(restart(baseline=True))

    assert () == result.restarts
    assert result.ledger(0).balanced


def test_a_loop_takes_its_end_from_the_next_ending() -> None:
    """An end closes the last open loop and sets its cause."""
    result = collected(loop_started(), loop_ended(), loop_started(at=400.0), loop_ended(at=500.0))

    assert [(200.0, 300.0), (400.0, 500.0)] == [
        (each.started_at, each.ended_at) for each in result.loops
    ]
    assert {Cause.OOM_KILLED} == {each.cause for each in result.loops}


def test_a_loop_that_goes_on_by_another_cause_is_one() -> None:
    """A resumed loop with another cause stays one loop."""
    again = replace(loop_started(), cause=Cause.ERROR, resumed=True)
    result = collected(loop_started(), again)

    assert [(Cause.ERROR, 200.0, None)] == [
        (loop.cause, loop.started_at, loop.ended_at) for loop in result.loops
    ]
    result.add([loop_ended(), loop_started(at=400.0)])
    assert [200.0, 400.0] == [loop.started_at for loop in result.loops]


def test_loops_of_other_containers_are_others() -> None:
    """A loop ends with the end of the same container's loop, and with no other's."""
    other = replace(loop_started(), container="side")
    pod = replace(loop_started(), pod=replace(WEB, uid=PodUid("u2")))

    result = collected(loop_started(), other, pod, replace(loop_ended(), container="side"))

    assert [("app", None), ("side", 300.0), ("app", None)] == [
        (each.container, each.ended_at) for each in result.loops
    ]


def test_advice_is_given_once() -> None:
    """The same finding about the same probe is listed once; another finding is listed too."""
    other = replace(ADVICE, finding="ProbeNeverKills")

    assert (ADVICE, other) == collected(ADVICE, other, ADVICE).advice


def test_jump_of_many_restarts_is_counted_as_many() -> None:
    """One finding may stand for many restarts; all of them are counted, and JSON says so."""
    result = collected(replace(restart(250), stands_for=250))
    rendered = json.loads(json.dumps(outcome.render_json(result, result.ledger(250))))

    assert Ledger(restart_count_rise=250, restarts_counted=250) == result.ledger(250)
    assert [250] == [each["standsFor"] for each in rendered["restarts"]]
    assert " 250 " in render_replay.render_tables(result, result.ledger(250)).splitlines()[2]


def test_restart_after_the_count_began_anew_is_another_one() -> None:
    """If the count fell and reached a number again, both restarts of that number are listed."""
    result = collected(restart(1), replace(restart(1), epoch=1, observed_at=900.0))

    assert [0, 1] == [each.epoch for each in result.restarts]


def test_restarts_are_in_the_order_in_which_they_were_seen() -> None:
    """A restart whose verdict took longer keeps its place; LAST is the end of the latest one."""
    late = replace(restart(2), finished_at=500.0)
    result = collected(late, restart(1))

    assert [1, 2] == [each.restart_count for each in result.restarts]
    row = render_replay.render_tables(result, result.ledger(2)).splitlines()[2]
    assert row.endswith(" 1970-01-01T00:08:20Z")


def test_tables_show_restarts_by_cause_and_the_ledger() -> None:
    """The tables show restarts by cause with confidence, and the ledger."""
    result = collected(
        restart(1),
        restart(2, confidence=Confidence.HIGH, exit_code=None),
        readiness(Readiness.NOT_READY),
        readiness(Readiness.READY),
        loop_started(),
        ADVICE,
    )

    shown = render_replay.render_tables(result, result.ledger(3)).splitlines()

    assert (
        "shop        web   app         LivenessProbe   2          1 Confirmed, 1 High   "
        "137          1970-01-01T00:02:20.500Z"
    ) in shown
    assert "shop        web   ReadinessProbe   1       1970-01-01T00:02:30Z" in shown
    assert any("still looping" in line for line in shown)
    (place,) = [at for at, line in enumerate(shown) if line.endswith(": ShortStartBudget")]
    assert shown[place].startswith("shop/web app Liveness")
    assert shown[place + 1].startswith("  ")
    assert "Ledger: restart counts rose by 3, 2 restarts counted: NOT BALANCED" == shown[-1]


def test_tables_of_nothing_say_so() -> None:
    """An empty replay is shown as such."""
    assert (
        "No restarts.\n\nLedger: restart counts rose by 0, 0 restarts counted: balanced"
        == render_replay.render_tables(Outcome(), Ledger(restart_count_rise=0, restarts_counted=0))
    )


def test_text_explains_each_restart() -> None:
    """Each restart has a paragraph: what, when, why, and the evidence."""
    result = collected(restart())

    shown = render_replay.render_text(result, result.ledger(1))

    assert shown.startswith(
        "shop/web app: restart 1, LivenessProbe (Confirmed)\n"
        "  ended at 1970-01-01T00:02:20.500Z after 40s, exit code 137 (SIGKILL)\n"
        "  - the kubelet recorded a kill\n"
        "  - rule: KillingMatched\n"
    )


def test_text_of_a_life_that_seems_to_end_before_it_began() -> None:
    """A negative lifetime, after the node's clock was set back, is not shown."""
    result = collected(replace(restart(), started_at=900.0))

    assert (
        "ended at 1970-01-01T00:02:20.500Z, exit code 137 (SIGKILL)\n"
        in render_replay.render_text(result, result.ledger(1))
    )


TRUTH = {"web": {"app": frozenset({Cause.LIVENESS_PROBE})}}


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [
        ((1, 0, 0, True), restart()),
        ((0, 1, 0, False), restart(cause=Cause.ERROR)),
        ((0, 1, 0, False), restart(cause=Cause.ERROR, confidence=Confidence.HIGH)),
        ((0, 1, 0, True), restart(cause=Cause.ERROR, confidence=Confidence.MEDIUM)),
        ((0, 0, 1, True), restart(cause=Cause.UNKNOWN, confidence=Confidence.HIGH)),
        ((0, 0, 1, True), restart(cause=Cause.UNOBSERVED, confidence=Confidence.LOW)),
    ],
    ids=[
        "right",
        "confirmed but wrong",
        "high but wrong",
        "guessed wrong",
        "unknown",
        "unobserved",
    ],
)
def test_verdicts_are_judged_by_the_truth(
    expected: tuple[int, int, int, bool], verdict: Restart
) -> None:
    """Only a wrong cause with High or Confirmed breaks the promise; Unknown never does."""
    accuracy = truth.judge([verdict], TRUTH)

    wrong = sum(accuracy.wrong.values())
    assert expected == (accuracy.right, wrong, accuracy.without_verdict, accuracy.is_trustworthy)


def test_a_container_that_should_not_restart_has_no_right_cause() -> None:
    """A container missing from its pod in the truth file must not restart at all."""
    accuracy = truth.judge([restart()], {"web": {}})

    assert (1, 0) == (accuracy.total, accuracy.right)
    assert "true: no restart" in render_replay.render_accuracy(accuracy)


def test_pods_that_the_truth_does_not_name_are_not_judged() -> None:
    """Pods missing from the truth file are not judged."""
    accuracy = truth.judge([restart()], {})

    assert (0, 1.0) == (accuracy.total, accuracy.share)


def test_accuracy_is_one_line_and_a_short_list_of_mistakes() -> None:
    """A long list of mistakes is cut, with the number of the others."""
    wrong = restart(cause=Cause.ERROR, confidence=Confidence.MEDIUM)

    shown = render_replay.render_accuracy(truth.judge([wrong] * 25, TRUTH)).splitlines()

    assert (
        "Accuracy: 0 of 25 restarts right (0.0%); wrong: 0 Confirmed, 0 High, 25 Medium, 0 Low; "
        "without a verdict: 0"
    ) == shown[0]
    assert "  web app restart 1: Error (Medium, KillingMatched), true: LivenessProbe" == shown[1]
    assert "  ... and 5 more; `--output json` lists all of them" == shown[-1]
    assert 1 + render_replay.MISTAKES_SHOWN + 1 == len(shown)


def test_nothing_is_hidden_if_all_mistakes_fit() -> None:
    """A list of mistakes that just fits is not followed by a number of others."""
    wrong = restart(cause=Cause.ERROR, confidence=Confidence.MEDIUM)
    every = [wrong] * render_replay.MISTAKES_SHOWN

    shown = render_replay.render_accuracy(truth.judge(every, TRUTH)).splitlines()

    assert 1 + render_replay.MISTAKES_SHOWN == len(shown)


def test_truth_is_read_from_a_file(tmp_path: Path) -> None:
    """Other keys of the truth file are ignored."""
    path = tmp_path / "truth.json"
    path.write_text('{"about": "x", "pods": {"web": {"app": ["LivenessProbe"]}, "ok": {}}}')

    assert TRUTH | {"ok": {}} == truth.read_truth(str(path))


def test_truth_by_restart_count(tmp_path: Path) -> None:
    """The causes of each restart may be named by its count; a count without is a mistake."""
    path = tmp_path / "truth.json"
    path.write_text('{"pods": {"web": {"app": {"1": ["LivenessProbe"]}}}}')

    accuracy = truth.judge([restart(1), restart(2)], truth.read_truth(str(path)))

    assert (2, 1) == (accuracy.total, accuracy.right)
    assert frozenset() == accuracy.mistakes[0].true_causes


@pytest.mark.parametrize("content", ["[]", '{"pods": {"web": {"app": ["Bad luck"]}}}'])
def test_a_file_that_is_no_truth_is_named(tmp_path: Path, content: str) -> None:
    """An invalid truth file is one line of error."""
    path = tmp_path / "truth.json"
    path.write_text(content)

    with pytest.raises(StreamError, match=r"truth\.json: not a truth file: "):
        truth.read_truth(str(path))


def test_a_missing_truth_file_is_named() -> None:
    """A missing truth file is the system's error message."""
    with pytest.raises(StreamError, match=r"^/nowhere: No such file or directory$"):
        truth.read_truth("/nowhere")
