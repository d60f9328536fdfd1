"""Incidents: what a record keeps of a restart, and the finding that is made of it again."""

from dataclasses import replace

from probewatch.core.causes import Cause, Confidence, Pattern
from probewatch.core.findings import Restart
from probewatch.core.incidents import keep_restart, tell_again
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.records import EVIDENCE_KEPT
from probewatch.core.sighting import Sighting

WEB = Workload(namespace="shop", kind="Deployment", name="web")

RESTART = Restart(
    pod=PodRef(uid=PodUid("u1"), namespace="shop", name="web-1", node="n1"),
    container="app",
    restart_count=4,
    epoch=1,
    cause=Cause.ERROR,
    confidence=Confidence.HIGH,
    rule="exit-code",
    exit_code=3,
    started_at=10.0,
    finished_at=20.0,
    observed_at=21.0,
    evidence=("exit code 3", "no kill was announced"),
    pattern=Pattern.NODE_WIDE,
    seen=Sighting(restart_count=5),
)


def test_a_restart_that_is_told_again_is_the_same() -> None:
    """Its Event has the same name and text, so that it is not written twice."""
    assert RESTART == tell_again(keep_restart(RESTART, ()), WEB)


def test_a_corrected_restart_is_told_again_under_its_first_cause() -> None:
    """That is the cause in its Event and in the metrics."""
    kept = keep_restart(RESTART, ())
    corrected = replace(kept, cause=Cause.LIVENESS_PROBE, first_cause=Cause.ERROR)

    assert Cause.ERROR is tell_again(corrected, WEB).cause


def test_an_incident_says_up_to_which_count_it_was_seen() -> None:
    """After a jump that is more than the restart's own number, and never less."""
    early = replace(RESTART, seen=Sighting(restart_count=0))

    assert (5, 4) == tuple(keep_restart(each, ()).seen_count for each in (RESTART, early))


def test_a_long_list_of_evidence_is_cut() -> None:
    """A report holds many incidents, and must stay small."""
    words = tuple(f"sentence {number}" for number in range(EVIDENCE_KEPT + 3))

    assert words[:EVIDENCE_KEPT] == keep_restart(replace(RESTART, evidence=words), ()).evidence


def test_incidents_that_are_alike_share_their_texts() -> None:
    """A hundred incidents of a loop take little more memory than one, and nothing is mixed up."""
    first = keep_restart(RESTART, ())
    stranger = replace(first, uid=PodUid("u2"), pod="web-2", node="n2", evidence=("other",))
    words = ("exit code 4", equal(RESTART.evidence[1]))
    pod = replace(RESTART.pod, uid=PodUid(equal("u1")), name=equal("web-1"))
    again = replace(RESTART, restart_count=5, pod=pod, evidence=words)
    kept = keep_restart(again, (first, stranger))

    assert keep_restart(again, ()) == kept
    assert kept.pod is first.pod
    assert kept.uid is first.uid
    assert kept.evidence[1] is first.evidence[1]


def test_no_incident_takes_over_the_names_of_another_one() -> None:
    """Two containers of one pod restart, and a pod of another name has the same node."""
    first = keep_restart(RESTART, ())
    others = [
        replace(RESTART, container="sidecar", evidence=("OOMKilled",)),
        replace(RESTART, pod=replace(RESTART.pod, uid=PodUid("u2"), name="web-2", node="n2")),
    ]

    assert [keep_restart(each, ()) for each in others] == [
        keep_restart(each, (first,)) for each in others
    ]


def equal(text: str) -> str:
    """An equal text that is another object, as each one is that was read from the API."""
    return text.encode().decode()
