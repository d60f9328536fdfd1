"""Shared by the system tests: what the real kopf leaves behind is tolerated."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent

KOPF_LITTER = "ignore::pytest.PytestUnraisableExceptionWarning"
"""Warnings about tasks and sockets that kopf does not close when its login is refused."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore these warnings in the tests of this folder, and in no others."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(KOPF_LITTER))


@pytest.fixture(autouse=True, scope="session")
def _hangup_is_not_ignored() -> Iterator[None]:
    """Under `nohup` the programs that are started here would ignore SIGHUP as well."""
    before = signal.getsignal(signal.SIGHUP)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(autouse=True)
def _kopf_litter_is_collected_here() -> Iterator[None]:
    """Collect garbage after each test, so that warnings belong to the test that caused them."""
    yield
    gc.collect()
