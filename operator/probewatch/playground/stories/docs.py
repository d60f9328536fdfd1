"""Writes the tables of docs/playground.md: `python -m probewatch.playground.stories.docs FILE`."""

import sys
from collections.abc import Mapping

from probewatch.pages.tables import write_page
from probewatch.playground.images import IMAGES
from probewatch.playground.stories.pods import Story
from probewatch.playground.stories.table import STORIES


def make_tables() -> Mapping[str, str]:
    """Return the tables of the page."""
    return {"stories": _stories(), "images": _images()}


def _stories() -> str:
    rows = "".join(
        f"| `{story.name}` | {story.shows} | {_verdict(story)} | {_events(story)} |\n"
        for story in STORIES
    )
    return "| story | what it shows | verdict | Events |\n|---|---|---|---|\n" + rows


def _verdict(story: Story) -> str:
    causes = dict.fromkeys(story.verdicts.values())
    return ", ".join(f"`{cause}`" for cause in causes) or "no restart"


def _events(story: Story) -> str:
    return ", ".join(f"`{reason}`" for reason in story.events) or "–"


def _images() -> str:
    rows = "".join(
        f"| `{name}` | {'its own program' if image.entry_point else 'the command of the pod'} |\n"
        for name, image in sorted(IMAGES.items())
    )
    return "| image, with any tag | runs |\n|---|---|\n" + rows


if __name__ == "__main__":
    write_page(sys.argv[1], make_tables())
