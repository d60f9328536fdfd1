"""What happens to a write that the API server committed, although its answer was lost."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from probewatch.errors import ApiError
from tests.kube.reports.scene import KEY, Scene, restart, running
from tests.support.fake_reports import FakeReports

COMMITTED, LOST = "committed", "lost"


@dataclass
class LossyReports(FakeReports):
    """An API server whose answers to the next updates are lost; it may have committed them."""

    fates: list[str] = field(default_factory=list)

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        **more: Any,  # noqa: ANN401  # as the client
    ) -> tuple[int, bytes]:
        fate = self.fates.pop(0) if verb == "PUT" and self.fates else ""
        if fate == LOST:
            raise ApiError("no answer")
        answer = await super().request(verb, path, body=body, **more)
        if fate == COMMITTED:
            raise ApiError("no answer")
        return answer


@pytest.mark.parametrize("fates", [[COMMITTED], [COMMITTED, LOST], [LOST, COMMITTED]], ids=str)
async def test_committed_write_without_an_answer_is_recognized(fates: list[str]) -> None:
    """Its restart is passed on once, as saved, and it is no conflict with another writer."""
    api = LossyReports()
    async with running(Scene(api=api)) as scene:
        scene.tell(restart(1))
        await scene.until(lambda: scene.after.restarts == [1])
        await scene.pass_time(10)
        api.fates = list(fates)
        scene.tell(restart(2))
        await scene.until(lambda: not api.fates)
        scene.tell(restart(3))
        await scene.until(lambda: scene.after.restarts == [1, 2, 3])
        await scene.pass_time(60)

        assert [1, 2, 3] == scene.after.restarts
        assert 3 == scene.status["restarts"]
        assert (0, {}) == (scene.sink.stats.conflicts, scene.sink.stats.dropped)
        assert [] == scene.situation.reread


async def test_first_write_without_an_answer_is_still_the_first() -> None:
    """Counters of a workload start with its first report, whether recognized or answered."""
    api = LossyReports(fates=[COMMITTED])
    async with running(Scene(api=api)) as scene:
        scene.tell(restart(1))
        await scene.until(lambda: scene.after.restarts == [1])

        assert [KEY] == scene.situation.begun


async def test_report_that_was_changed_since_is_not_recognized() -> None:
    """If another writer has added to a lost write, the report is processed as a foreign one."""
    api = LossyReports()
    other = Scene(api=api)
    async with running(Scene(api=api)) as scene, running(other):
        scene.tell(restart(1))
        await scene.until(lambda: scene.after.restarts == [1])
        await scene.pass_time(10)
        api.fates = [COMMITTED]
        scene.tell(restart(2))
        await scene.until(lambda: not api.fates)
        await other.sink.look_around()
        other.tell(restart(1, "u2"))
        await other.until(lambda: scene.status["restarts"] == 3)
        await scene.pass_time(10)

        assert [KEY] == scene.situation.reread
        assert 1 == scene.sink.stats.conflicts
        assert 3 == scene.status["restarts"]
