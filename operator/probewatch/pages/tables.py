"""Inserts generated tables into hand-written pages.

A page marks the place with `<!-- begin NAME -->` and `<!-- end NAME -->`;
everything between them is replaced by the table of that name.
"""

from collections.abc import Mapping
from pathlib import Path


def fill_page(page: str, tables: Mapping[str, str]) -> str:
    """Return *page* with each of *tables* in its place; raises ValueError if one has no place."""
    for name, table in tables.items():
        before, begin, rest = page.partition(f"<!-- begin {name} -->\n")
        _, end, after = rest.partition(f"<!-- end {name} -->")
        if not (begin and end):
            raise ValueError(f"the page has no place for the table {name!r}")
        page = before + begin + "\n" + table + "\n" + end + after
    return page


def write_page(path: str, tables: Mapping[str, str]) -> None:
    """Update the tables of the page at *path*."""
    file = Path(path)
    file.write_text(fill_page(file.read_text(encoding="utf-8"), tables), encoding="utf-8")
