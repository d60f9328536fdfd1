"""Known streams yield the findings that a person last accepted."""

import pytest

from tests.core.golden import FILES, MAKERS


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_golden(name: str) -> None:
    """Every finding is word for word the same; `python -m tests.core.golden` accepts a change."""
    expected = FILES[name].read_text(encoding="utf-8").splitlines()

    assert expected == list(MAKERS[name]())
