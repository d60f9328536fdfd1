"""Known streams lead to what they led to when a person last looked."""

import pytest

from tests.core.golden import FILES, MAKERS


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_golden(name: str) -> None:
    """Every finding is the same, to the word; `python -m tests.core.golden` accepts a change."""
    expected = FILES[name].read_text(encoding="utf-8").splitlines()

    assert expected == list(MAKERS[name]())
