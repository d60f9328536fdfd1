"""Exits: how an exit code and its reason are written for people."""

import pytest

from probewatch.core.exits import lifetime_of, render_exit


@pytest.mark.parametrize(
    ("text", "exit_code", "reason"),
    [
        ("unknown exit code", None, ""),
        ("unknown exit code (ContainerStatusUnknown)", None, "ContainerStatusUnknown"),
        ("exit code 0", 0, ""),
        ("exit code 1 (Error)", 1, "Error"),
        ("exit code 137 (OOMKilled)", 137, "OOMKilled"),
        ("exit code 137 (SIGKILL)", 137, "Error"),
        ("exit code 143 (SIGTERM)", 143, ""),
        ("exit code 139 (OOMKilled of a child process)", 139, "OOMKilled of a child process"),
        ("exit code 255 (Error)", 255, "Error"),
        ("exit code 128", 128, ""),
        ("exit code -1", -1, ""),
        ("exit code -2 (0xFFFFFFFE)", -2, ""),
        ("exit code -1073741819 (0xC0000005, Error)", -1073741819, "Error"),
    ],
)
def test_an_exit_code_is_written_with_its_reason(
    text: str, exit_code: int | None, reason: str
) -> None:
    """A signal is named, and codes of Windows are written as in Microsoft's documentation, too."""
    assert text == render_exit(exit_code, reason)


@pytest.mark.parametrize(
    ("seconds", "started", "finished"),
    [(9.0, 1.0, 10.0), (0.0, 5.0, 5.0), (None, 5.0, 4.0), (None, None, 4.0), (None, 5.0, None)],
)
def test_a_lifetime_is_known_where_start_and_end_are_in_order(
    seconds: float | None, started: float | None, finished: float | None
) -> None:
    """Times have a resolution of a second, so an instance may have lived for none."""
    assert seconds == lifetime_of(started, finished)
