"""The app of the stories: a script, and the process that plays it."""

import pytest

from probewatch.playground.stories import STORIES, find_story
from probewatch.playground.stories_app import Script, parse_script


def test_a_script_is_read() -> None:
    """Windows may be open, words that are not there have defaults."""
    script = parse_script(
        [
            "-bad",
            "3-7",
            "-hang",
            "9-",
            "-cycle",
            "20",
            "-exit-at",
            "5",
            "-exit-code",
            "3",
            "-file",
            "ok",
        ]
    )

    expected = Script(
        bad=(3, 7), hang=(9, float("inf")), cycle=20, exit_at=5, exit_code=3, file="ok"
    )
    assert expected == script


@pytest.mark.parametrize("words", ["-nope 3", "-bad"])
def test_a_script_with_other_words_is_refused(words: str) -> None:
    """A typing error does not make a quiet app."""
    with pytest.raises(ValueError, match=r"no word of a script|shorter|longer"):
        parse_script(words.split())


@pytest.mark.parametrize(
    ("status", "path", "age"),
    [
        (200, "/healthz", 2.9),
        (500, "/healthz", 3.0),
        (200, "/healthz", 7.0),
        (500, "/healthz", 23.5),
        (503, "/ready", 8),
        (500, "/ready", 9),
        (200, "/", 3),
    ],
)
def test_answers_follow_the_script(status: int, path: str, age: float) -> None:
    """Each path fails within its window, which comes again in cycles."""
    script = parse_script(["-bad", "3-7", "-unready", "8-9", "-notready", "9-10", "-cycle", "20"])

    assert status == script.answer(path, age)


@pytest.mark.parametrize(
    ("code", "words"), [(143, ""), (0, "-term exit0"), (3, "-term exit3"), (None, "-term ignore")]
)
def test_what_it_does_on_sigterm(code: int | None, words: str) -> None:
    """It ends by the signal, with a code of its own, or not at all."""
    assert code == parse_script(words.split()).term_code


def test_stories_are_told_apart() -> None:
    """Each has a name of its own and is found by it; its verdicts are about its containers."""
    assert len(STORIES) == len({story.name for story in STORIES})
    for story in STORIES:
        assert story is find_story(story.name)
        spec = story.manifest["spec"]
        every = [*spec.get("initContainers", ()), *spec["containers"]]
        assert set(story.verdicts) <= {item["name"] for item in every}
        for item in every:
            parse_script(item.get("args", ()))
    with pytest.raises(KeyError):
        find_story("none")
