"""The fixture of the tests of reports: a sink that is running."""

from collections.abc import AsyncIterator

import pytest

from tests.kube.reports.scene import Scene, running


@pytest.fixture(name="scene")
async def _scene() -> AsyncIterator[Scene]:
    async with running(Scene()) as scene:
        yield scene
