"""Rendering is shared by those who ask at the same time, and by nobody else."""

import asyncio

from probewatch.metrics.negotiation import Wanted
from probewatch.metrics.rendering import Renderer
from tests.metrics.scene import Scene


async def test_client_that_leaves_takes_no_answer_from_others() -> None:
    """A rendering goes on for the others when one of the clients that share it is gone."""
    renderer = Renderer(Scene().exposition)
    leaving, staying = (asyncio.create_task(renderer.render(Wanted())) for _ in range(2))
    await asyncio.sleep(0)  # both wait for the same rendering now

    leaving.cancel()
    body = b"".join(await staying)
    renderer.close()

    assert b"probewatch_build_info" in body


async def test_answer_is_not_kept() -> None:
    """Whoever asks later gets the values of that time."""
    scene = Scene()
    renderer = Renderer(scene.exposition)
    bodies = []
    for starts in (1, 2):
        scene.kopf.starts = starts
        bodies.append(b"".join(await renderer.render(Wanted())))
    renderer.close()

    assert [1, 2] == [
        number
        for number, body in enumerate(bodies, start=1)
        if f"probewatch_kopf_starts_total {number}.0".encode() in body
    ]
