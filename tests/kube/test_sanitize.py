"""Untrusted text is harmless after it is sanitized."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probewatch.kube.sanitize import sanitize, truncate

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)
"""Includes lone surrogates, which JSON can carry."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("two\r\nlines\tand tab", "two  lines and tab", id="white space"),
        pytest.param("\x1b[31mred\x1b[0m", "[31mred[0m", id="colours lose their escape"),
        pytest.param("\x1b]0;title\x07", "]0;title", id="window title"),
        pytest.param("a\x00b\x7fc\x9bd", "abcd", id="controls of both sets"),
        pytest.param("abc\u202efed\u2066x\u2069", "abcfedx", id="change of direction"),
        pytest.param("a\u2028b\u2029c\x85d", "a b c d", id="line ends of Unicode"),
        pytest.param("zero\u200bwidth\ufeff", "zerowidth", id="invisible"),
        pytest.param("half \ud83d pair", "half \ufffd pair", id="lone surrogate"),
        pytest.param("half \udfff pair", "half \ufffd pair", id="the other half"),
        pytest.param("x" * 101, f"{'x' * 97}…", id="plain, and too long"),
        pytest.param("Grüße 你好 🚀", "Grüße 你好 🚀", id="scripts and emoji stay"),
    ],
)
def test_only_printable_characters_are_left(text: str, expected: str) -> None:
    """Characters that move a cursor, forge a line or hide text are removed."""
    assert expected == sanitize(text, limit=100)


@given(text=ANY_TEXT, limit=st.integers(1, 60))
def test_any_text_becomes_safe(text: str, limit: int) -> None:
    """For any input: UTF-8 within the limit, no controls, and sanitizing is idempotent."""
    safe = sanitize(text, limit=limit)

    assert len(safe.encode()) <= limit
    assert safe.isprintable()
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(each) for each in safe}
    assert safe == sanitize(safe, limit=limit)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("12345678", 8, "12345678", id="fits exactly"),
        pytest.param("123456789", 8, "12345…", id="the mark counts too"),
        pytest.param("ääääää", 8, "ää…", id="no half character"),
        pytest.param("🚀🚀", 7, "🚀…", id="four bytes each"),
        pytest.param("abc", 2, "ab", id="no room for the mark"),
    ],
)
def test_limit_is_in_bytes(text: str, limit: int, expected: str) -> None:
    """The limit is in bytes, and a cut never splits a character."""
    assert expected == truncate(text, limit=limit)


def test_long_text_of_controls_is_cut_before_it_is_looked_at() -> None:
    """A huge text of control characters is cut first, and shows that it was cut."""
    assert "…" == sanitize("\x00" * 10_000_000, limit=256)
