"""Pauses of one report: they grow with faults in a row, and begin anew after a success."""

from tests.kube.reports.scene import KEY, Scene, restart


async def test_a_success_ends_the_faults_of_a_report() -> None:
    """A hiccup a day must not add up to the longest pause."""
    scene = Scene()
    scene.api.answer = lambda _verb, _path: (500, {})
    scene.tell(restart(1))
    pauses = [await scene.sink.writer.write(KEY) for _ in range(3)]
    scene.api.answer = lambda _verb, _path: None
    await scene.sink.writer.write(KEY)
    scene.api.answer = lambda _verb, _path: (500, {})
    scene.tell(restart(2))
    pauses.append(await scene.sink.writer.write(KEY))

    assert [1.0, 2.0, 4.0, 1.0] == pauses
    assert [1] == scene.after.restarts
