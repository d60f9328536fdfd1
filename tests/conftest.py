"""Setup for all tests: programs that not every machine has, Ctrl-C, and the order of tests."""

import logging
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has none

REPOSITORY = Path(__file__).resolve().parents[1]

TOOLS_ARE_REQUIRED = "PROBEWATCH_REQUIRE_TOOLS"
"""Set by .ci/run: a test that would be skipped for a missing program fails instead."""

# Shells start background jobs with SIGINT ignored, and children inherit that: programs that a test
# interrupts would never notice.
signal.signal(signal.SIGINT, signal.default_int_handler)


PROGRAMS = "tests/system/"
"""Tests that start whole programs and wait for them."""

# The time that an example takes depends on the machine, so it must not fail a test.
settings.register_profile("probewatch", deadline=None)
settings.load_profile("probewatch")


@pytest.hookimpl(trylast=True)  # after the plugin that shuffles tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that start programs, because they take the longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(PROGRAMS))


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist's schedulers have no types
    """Gives the tests of a file that start programs to one worker, and all others one by one.

    The tests of such a file share what takes long to start.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(PROGRAMS) else nodeid


@pytest.hookimpl(optionalhook=True)  # of xdist, which not every run uses
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    """Return the scheduler of parallel runs."""
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Undo what a command that runs in the process of the tests sets for its log."""
    root, own = logging.getLogger(), logging.getLogger("probewatch")
    handlers, levels = root.handlers, (root.level, own.level)
    yield
    if (root.handlers, levels) != (handlers, (root.level, own.level)):
        root.handlers = handlers
        root.setLevel(levels[0])
        own.setLevel(levels[1])
        logging.captureWarnings(capture=False)


def require_program(name: str) -> str:
    """Return the path of the program *name*; without it skip the test, or fail it in CI."""
    return shutil.which(name) or lack_program(
        f"the program {name} is not on PATH (.ci/run installs it)"
    )


def lack_program(reason: str) -> NoReturn:
    """Skip the test because a program does not run here, or fail it in CI.

    CI fails because a check that is skipped there is never run at all.
    """
    if os.environ.get(TOOLS_ARE_REQUIRED):
        pytest.fail(f"{reason}, and {TOOLS_ARE_REQUIRED} is set", pytrace=False)
    pytest.skip(reason)
