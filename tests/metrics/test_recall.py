"""A workload that was let go of, and is back: its counters go on from its record."""

from probewatch.core.causes import Cause
from probewatch.core.records import Record, Tally
from probewatch.records.entries import key_of
from probewatch.records.entry import Loaded
from probewatch.service.parts import Parts
from probewatch.settings import Settings
from tests.metrics.scene import WEB, restart, tracked
from tests.support.operator_parts import make_parts


def shown(parts: Parts, cause: Cause) -> float:
    """Return what the counter of restarts of `web` shows for a cause."""
    rows = parts.counters.tables.restarts.rows
    return sum(
        value
        for tails, values in rows.values()
        for tail, value in zip(tails, values, strict=True)
        if f'"{cause}"' in tail
    )


async def test_a_workload_that_had_no_pods_for_a_day_goes_on_from_its_record() -> None:
    """After a weekend at zero the first restart is one more, not all of its life at once."""
    parts = await make_parts(Settings(instance="test", metrics_address="127.0.0.1:0"))
    assert parts.recording is not None
    saved = Record(workload=WEB, tallies={("app", Cause.ERROR): Tally(counted=20)})
    parts.recording.book.load([(key_of(WEB), Loaded(record=saved, version="1"))], 0.0)

    parts.counters.publish(tracked(), WEB)
    assert 20 == shown(parts, Cause.ERROR)

    parts.counters.publish(restart(Cause.ERROR), WEB)
    assert 21 == shown(parts, Cause.ERROR)


async def test_without_records_nothing_is_recalled() -> None:
    """Where none are kept, counters begin at 0."""
    parts = await make_parts(
        Settings(instance="test", metrics_address="127.0.0.1:0", records=False)
    )

    parts.counters.publish(tracked(), WEB)

    assert 0 == shown(parts, Cause.ERROR)
