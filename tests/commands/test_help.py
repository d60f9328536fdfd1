"""The help of each command, on terminals of any width."""

import re

import pytest

from probewatch import cli

NARROW = 80

ALL = [(), *((name,) for name in cli.COMMANDS)]


def read_help(
    command: tuple[str, ...],
    columns: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit):
        cli.main([*command, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_help_fits_a_narrow_terminal(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line of a help is longer than 80 columns."""
    lines = read_help(command, NARROW, monkeypatch, capsys).splitlines()

    assert [] == [line for line in lines if len(line) > NARROW]


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_help_says_the_same_at_any_width(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The width changes line breaks only; examples keep their lines."""
    narrow, wide = (read_help(command, each, monkeypatch, capsys) for each in (NARROW, 200))

    assert words(wide) == words(narrow)
    assert wide.partition("examples:\n")[2].partition("\n\n")[0] in narrow


def words(text: str) -> list[str]:
    return re.findall(r"\S+", text)
