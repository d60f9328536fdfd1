"""Pods that people reported in public, judged by `explain` as if they were in a cluster now."""

import json
from pathlib import Path

import msgspec
import pytest
import yaml

from probewatch.commands.live_pod import LivePod, judge
from probewatch.core.evidence import occurrence
from probewatch.kube import event_objects, objects
from probewatch.kube.pods.snapshot import parse_pod
from probewatch.kube.testimony import parse_evidence
from tests.commands.reported import Json, Reported

FILE = Path(__file__).parents[1] / "data" / "reported_pods.yaml"
REPORTED = [Reported(each) for each in yaml.safe_load(FILE.read_text())]
OPEN = {"Unknown", "Unobserved"}


def explain(reported: Reported) -> dict[str, str]:
    """The verdict on the newest restart of each container: cause and confidence."""
    pod = parse_pod(msgspec.json.decode(_encode(reported.pod), type=objects.Pod))
    said = (
        parse_evidence(msgspec.json.decode(_encode(each), type=event_objects.Event))
        for each in reported.events
    )
    about = sorted(
        (each for each in said if each and each.involved_uid == pod.evidence_uid), key=occurrence
    )
    judged = judge(LivePod(pod=pod, evidence=tuple(about)), (), reported.seen.timestamp())
    newest = {each.container: f"{each.cause} {each.confidence}" for each in judged.restarts}
    return {name: newest[name] for name in reported.causes}


def _encode(item: Json) -> bytes:
    return json.dumps(item).encode()


@pytest.mark.parametrize("reported", REPORTED, ids=lambda each: each.told["what"])
def test_reported_pod(reported: Reported) -> None:
    """Every reported restart gets the expected verdict."""
    assert reported.verdicts == explain(reported)


def test_no_reported_pod_gets_a_wrong_cause_that_is_sure() -> None:
    """A cause that the report contradicts is at most Medium, and rare; most are right."""
    judged = [
        (verdict.split(), reported.causes[name])
        for reported in REPORTED
        for name, verdict in reported.verdicts.items()
    ]
    wrong = [said for said, causes in judged if said[0] not in {*causes, *OPEN}]
    right = [said for said, causes in judged if said[0] in causes]

    assert ["Medium"] * 2 == [confidence for _, confidence in wrong]
    assert (167, 138) == (len(judged), len(right))
