"""The app of the stories: its scripts, and the process that plays them."""

import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from probewatch.playground.stories.app import App, Script, parse_script
from probewatch.playground.stories.table import STORIES, find_story
from tests.support.ports import free_port


def test_a_script_is_read() -> None:
    """Windows may be open-ended, and missing words have defaults."""
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
    """An unknown word in a script is an error."""
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
    """Each path fails within its window, repeatedly with a cycle."""
    script = parse_script(["-bad", "3-7", "-unready", "8-9", "-notready", "9-10", "-cycle", "20"])

    assert status == script.answer(path, age)


@pytest.mark.parametrize(
    ("code", "words"), [(143, ""), (0, "-term exit0"), (3, "-term exit3"), (None, "-term ignore")]
)
def test_what_it_does_on_sigterm(code: int | None, words: str) -> None:
    """On SIGTERM the app ends by the signal, with its own code, or not at all."""
    assert code == parse_script(words.split()).term_code


def test_stories_are_told_apart() -> None:
    """Each story has a unique name, and verdicts for its own containers."""
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


class Player:
    """Plays a script in a thread, and sends requests to the app."""

    def __init__(self, words: str) -> None:
        self.script = replace(parse_script(words.split()), port=free_port())
        self.code: object = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            App(self.script, host=LOCAL, speed=SPEED).run()
        except SystemExit as end:
            self.code = end.code

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join(10)
        assert not self.thread.is_alive()

    def ask(self, path: str) -> bytes:
        """The answer; empty if the connection or the answer fails."""
        try:
            with socket.create_connection((LOCAL, self.script.port), timeout=0.2) as line:
                line.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
                return line.recv(1000)
        except OSError:
            return b""

    def until(self, path: str, words: bytes) -> None:
        """Repeat the request until the answer begins with these words."""
        for _ in range(500):
            if self.ask(path).startswith(words):
                return
            self.thread.join(0.01)
        raise AssertionError(f"{path} has never answered {words!r}")


LOCAL = "127.0.0.1"
SPEED = 10.0


@pytest.mark.slow
def test_the_app_lives_by_its_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The app listens, fails, recovers and exits as its script says."""
    monkeypatch.chdir(tmp_path)
    with Player("-file ok -bad 3-6 -notcp 8-99 -exit-at 10 -exit-code 3") as player:
        player.until("/healthz", b"HTTP/1.1 200 ")
        assert (tmp_path / "ok").exists()
        player.until("/healthz?x=1", b"HTTP/1.1 500 ")
        assert not (tmp_path / "ok").exists()
        player.until("/ready", b"HTTP/1.1 200 ")
        player.until("/", b"HTTP/1.1 200 ")

    assert 3 == player.code
    assert b"" == player.ask("/")
    assert "GET /healthz 500\n" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "words"),
    [(b"", "-hang 0-"), (b"HTTP/1.1 200 -\r\nContent-Length: 3\r\nConnection: close", "-stall 0-")],
)
def test_the_app_leaves_questions_open(answer: bytes, words: str) -> None:
    """The app can accept and never answer, or begin an answer without ending it."""
    with Player(f"{words} -exit-at 8") as player:
        if answer:
            player.until("/", answer)
        else:
            assert b"" == player.ask("/")

    assert 0 == player.code
