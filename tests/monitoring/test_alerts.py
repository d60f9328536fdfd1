"""The alerts, checked with promtool: when each fires, and that it holds between kills."""

from pathlib import Path

import pytest

from tests.conftest import require_program
from tests.monitoring.alert_stories import STORIES
from tests.monitoring.stories import Story, ask_promtool


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_alerts_fire_as_the_story_goes(story: Story, tmp_path: Path) -> None:
    """At each time of a case exactly the alerts that it names fire."""
    promtool = require_program("promtool")

    assert ask_promtool(promtool, story, tmp_path) == ""
