"""What the system tests share: they run the real kopf."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent

KOPF_LITTER = "ignore::pytest.PytestUnraisableExceptionWarning"
"""kopf leaves unread tasks and open sockets behind when it is refused: its fault, not ours."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let kopf's litter pass in the tests of this folder, and in no other."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(KOPF_LITTER))


@pytest.fixture(autouse=True)
def _kopf_litter_is_collected_here() -> Iterator[None]:
    """Collect it at the end of the test it comes from, not in one that happens to come later."""
    yield
    gc.collect()
