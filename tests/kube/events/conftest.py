"""The fixture of the tests of Events: a recorder that is ready."""

import pytest

from tests.kube.events.scene import (
    Scene,
    make_scene,
)


@pytest.fixture(name="scene")
def _scene() -> Scene:
    return make_scene()
