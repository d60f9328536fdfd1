"""Stories: pods whose lives show one thing each, and what probewatch should say about them.

They run on the playground with the program of `app.py`, whose arguments are the script.
Most are cases that a real kubelet was recorded with as well.
"""

from probewatch.playground.stories.ends import OWN_ENDS
from probewatch.playground.stories.kills import KILLS
from probewatch.playground.stories.pods import Story
from probewatch.playground.stories.quiet import NO_RESTARTS

STORIES: tuple[Story, ...] = (*KILLS, *OWN_ENDS, *NO_RESTARTS)
SECONDS = 45.0
"""Within so many seconds of the story's time everything has been seen."""


def find_story(name: str) -> Story:
    """Return the story of that name; raise `KeyError` if there is none."""
    for story in STORIES:
        if story.name == name:
            return story
    raise KeyError(name)
