"""Commands that are shown to people work where they are typed."""

import sys
from pathlib import Path

import pytest

from probewatch import cli
from probewatch.commands import playground
from probewatch.playground.program import find_program


def program_in(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_program_on_the_path_is_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If `probewatch` is on the PATH, its name is enough."""
    program_in(tmp_path, "probewatch")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "probewatch" == find_program()


def test_program_of_an_environment_is_called_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the path of the environment is shown, quoted if needed."""
    folder = tmp_path / "my checkout"
    folder.mkdir()
    beside = program_in(folder, "probewatch")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert f"'{beside}'" == find_program()


def test_program_that_was_never_installed_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an installation the plain name is shown."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "probewatch" == find_program()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "80000"],
        ["--port", "-1"],
        ["--port", "http"],
        ["--speed", "0"],
        ["--speed", "nan"],
        ["--speed", "inf"],
        ["--speed", "fast"],
    ],
    ids=" ".join,
)
def test_playground_refuses_what_cannot_be(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An invalid port or speed is refused before anything runs."""
    with pytest.raises(SystemExit) as ended:
        cli.parse(playground, ["playground", *arguments])

    assert 2 == ended.value.code
    assert f"argument {arguments[0]}: '{arguments[1]}' is no" in capsys.readouterr().err


def test_playground_takes_any_port_and_any_speed_above_zero() -> None:
    """Port 0 is any free port, and any speed above 0 is accepted."""
    args = cli.parse(playground, ["playground", "--port", "0", "--speed", "0.5"])

    assert (0, 0.5) == (args.port, args.speed)
