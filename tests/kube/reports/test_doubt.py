"""How long a refusal may be that of an API server that has just started."""

from probewatch.kube.reports.answers import Answer, Outcome
from probewatch.kube.reports.doubt import Doubt
from tests.kube.reports.scene import KEY
from tests.support.fake_time import FakeTime


def test_refusal_before_other_trouble_does_not_count() -> None:
    """A refusal before another fault is forgotten, as the server may have started again."""
    time, told = FakeTime(), []
    doubt = Doubt(time.clock)
    doubt.note_written(KEY)
    refusal = Answer(outcome=Outcome.REFUSED, status=404)
    for answer in (refusal, Answer(outcome=Outcome.LATER), refusal, refusal):
        told.append(doubt.covers(KEY, answer))
        time.seconds += 8

    assert [True, False, True, True] == told
