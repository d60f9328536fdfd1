"""A kill in the very second in which one instance ended and the next one was started."""

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.restarts import Change, Path
from probewatch.core.spec import Container, RestartPolicy
from tests.support.builders import died, facts, mark, spec, started

END = 41.0
HIGH, MEDIUM = Confidence.HIGH, Confidence.MEDIUM


def judge(
    kind: K, code: int = 143, *, born: float = END, at: float = END, **more: object
) -> tuple[Cause, Confidence, str]:
    """The cause, confidence and rule for an instance that ended at 41 s."""
    killed = facts(
        died(code, end=END),
        kills=(mark(kind, at),),
        next_start=born,
        **more,  # type: ignore[arg-type]  # as `facts` takes them
    )
    rule, verdict = attribute(killed)
    return verdict.cause, verdict.confidence, rule.name


@pytest.mark.parametrize(
    ("kind", "cause", "change"),
    [
        (K.KILL_SPEC_CHANGE, Cause.SPEC_CHANGE, Change(image=True)),
        (K.KILL_RESIZE, Cause.RESIZE, Change(resources=True)),
    ],
)
def test_a_container_that_obeys_at_once_is_killed_and_replaced_within_a_second(
    kind: K, cause: Cause, change: Change
) -> None:
    """The kill is its own, surely enough if the change is seen and the exit code fits a kill."""
    assert (cause, HIGH, "kill-event-other") == judge(kind, change=change)
    assert (cause, MEDIUM, "kill-event-other") == judge(kind, change=Change(unknown=True))
    assert (cause, MEDIUM, "kill-event-other") == judge(kind, 1, change=change)
    other = Change(image=not change.image, resources=not change.resources)
    assert (cause, MEDIUM, "kill-event-other") == judge(kind, change=other)


@pytest.mark.parametrize(
    ("kind", "born", "at"),
    [
        pytest.param(K.KILL_RESTART_ALL, END, END, id="another restarted all"),
        pytest.param(K.KILL_POST_START_HOOK, END, END, id="the hook of the next one failed"),
        pytest.param(K.KILL_STOP, END, END, id="no reason is given"),
        pytest.param(K.KILL_RESIZE, END + 1, END + 1, id="the next one is killed"),
        pytest.param(K.KILL_RESIZE, END, END + 1, id="the next one is killed a second later"),
    ],
)
def test_other_kills_may_be_those_of_the_next_instance(kind: K, born: float, at: float) -> None:
    """They come in the first second of an instance, too, so they are no reason for the last."""
    *_, rule = judge(kind, born=born, at=at)

    assert "kill-event-other" != rule


def test_a_container_that_was_shown_as_terminated_had_ended_before() -> None:
    """Then the kill is that of the next instance; with restart policy Never it may be its own."""
    *_, rule = judge(K.KILL_RESIZE, path=Path.TERMINATED_SEEN)
    never = spec(restart_policy=RestartPolicy.NEVER)
    *_, other = judge(K.KILL_RESIZE, path=Path.TERMINATED_SEEN, pod=never)

    assert ("terminated-seen", "kill-event-other") == (rule, other)


@pytest.mark.parametrize(("code", "sure"), [(137, MEDIUM), (1, Confidence.CONFIRMED)])
def test_what_may_have_changed_unseen_is_no_proof_of_an_end_by_itself(
    code: int, sure: Confidence
) -> None:
    """A process that did not see the instance run does not know its image, nor its sandbox.

    So the missing Event alone does not tell a signal from the kill for a change.
    """
    alone = spec(Container(name="app"))
    unseen = facts(died(code), starts=started(42, fresh=1), change=Change(unknown=True), pod=alone)
    seen = facts(died(code), starts=started(42, fresh=1), pod=alone)

    assert ["start-canary"] * 2 == [attribute(each)[0].name for each in (unseen, seen)]
    assert sure is attribute(unseen)[1].confidence
    assert attribute(seen)[1].confidence in {HIGH, Confidence.CONFIRMED}
