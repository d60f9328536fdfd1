"""The table of stories: pods that show one behaviour each, and what probewatch has to find.

They run on the playground with the program of `app.py`, whose arguments are the script.
Most are cases that a real kubelet was recorded with as well.
"""

from probewatch.playground.stories.ends import OWN_ENDS
from probewatch.playground.stories.kills import KILLS
from probewatch.playground.stories.pods import Story
from probewatch.playground.stories.quiet import NO_RESTARTS

STORIES: tuple[Story, ...] = (*KILLS, *OWN_ENDS, *NO_RESTARTS)
SECONDS = 45.0
"""The time, by the story's clock, within which everything has been seen."""


def find_story(name: str) -> Story:
    """Return the story of that name; raises `KeyError` if there is none."""
    for story in STORIES:
        if story.name == name:
            return story
    raise KeyError(name)
