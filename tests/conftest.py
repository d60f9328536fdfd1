"""What all tests share: the rule for programs that not every machine has, and Ctrl-C."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

TOOLS_ARE_REQUIRED = "PROBEWATCH_REQUIRE_TOOLS"
"""Set by .ci/run: a test that would be skipped for a missing program fails instead."""

# Shells let what they start in the background ignore SIGINT, and that is inherited: programs
# that a test interrupts would never know of it.
signal.signal(signal.SIGINT, signal.default_int_handler)


PROGRAMS = REPOSITORY / "tests" / "system"
"""Tests that start whole programs and wait for them."""

# How long an example takes says something of the machine only.
settings.register_profile("probewatch", deadline=None)
settings.load_profile("probewatch")


@pytest.hookimpl(trylast=True)  # once they are shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that start programs follow one another, whatever runs beside them.

    Several at once would measure each other's load; all else may run side by side. They take
    the longest, so they come first.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(PROGRAMS))
    for item in items:
        if item.path.is_relative_to(PROGRAMS):
            item.add_marker(pytest.mark.xdist_group("programs"))


def require_program(name: str) -> str:
    """The path of the program *name*; without it the test is skipped, or fails in CI.

    CI fails because a check that is skipped there is a check that nobody runs.
    """
    path = shutil.which(name)
    if path is not None:
        return path
    reason = f"the program {name} is not on PATH (.ci/run installs it)"
    if os.environ.get(TOOLS_ARE_REQUIRED):
        pytest.fail(f"{reason}, and {TOOLS_ARE_REQUIRED} is set", pytrace=False)
    pytest.skip(reason)
