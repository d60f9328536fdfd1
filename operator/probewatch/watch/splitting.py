"""Splits a page into its items without decoding it, for a page that one object makes unreadable.

The decoder fails at an object that is nested a thousand levels deep, and so the whole page of
five hundred is lost; anyone who may create pods can write such an object. Here the items are
found by counting brackets, so that only one item is lost. Slow, and for this case only.
"""

import re

import msgspec

_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)

_ITEMS_DEPTH = 2
"""The nesting depth inside `{"items": [`."""


def split_page(body: bytes | bytearray) -> tuple[bytes, list[bytes]]:
    """Return the page with an empty list of items, and the bytes of each item.

    Raises msgspec.DecodeError if there is no complete list of items.
    """
    depth, key, start, begun = 0, b"", -1, -1
    items: list[bytes] = []
    for match in _TOKENS.finditer(body):
        token = match[0]
        if token[:1] == b'"':
            key = token  # at depth 1 the last string before a list is its key
        elif token in b"{[":
            if depth == 1 and (token, key) == (b"[", b'"items"'):
                start = match.start()
            elif start >= 0 and depth == _ITEMS_DEPTH:
                begun = match.start()
            depth += 1
        else:
            depth -= 1
            if start >= 0 and depth == _ITEMS_DEPTH:
                items.append(bytes(body[begun : match.end()]))
            elif start >= 0 and depth == 1:
                return bytes(body[:start]) + b"[]" + bytes(body[match.end() :]), items
    raise msgspec.DecodeError("a list of items that does not end")
