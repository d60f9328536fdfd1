"""Brings docs/configuration.md up to date: `python -m probewatch.pages.settings FILE`."""

import ast
import dataclasses
import inspect
import itertools
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum

from probewatch import settings
from probewatch.pages.tables import write_page
from probewatch.settings import Settings, variable_name


def make_tables() -> Mapping[str, str]:
    """Return the table of the page."""
    reasons = dict(find_reasons())
    rows = "".join(
        f"| `{variable_name(each.name)}` | {_default(each)} | {reasons[each.name]} |\n"
        for each in dataclasses.fields(Settings)
    )
    head = "| variable | default | what it is for |\n|---|---|---|\n"
    return {"settings": head + rows}


def find_reasons() -> Iterator[tuple[str, str]]:
    """Yield each field with the text below it in the source, which Python does not keep."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == Settings.__name__
    )
    for before, node in itertools.pairwise(body):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
            yield before.target.id, " ".join(_text(node).split())


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def _default(field: "dataclasses.Field[object]") -> str:
    if field.default is dataclasses.MISSING:
        return "the host name"
    if isinstance(field.default, StrEnum):
        return f"`{field.default}`"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    if isinstance(field.default, int | float):
        return f"`{field.default:g}`"
    return f"`{field.default}`" if field.default else "(empty)"


if __name__ == "__main__":
    write_page(sys.argv[1], make_tables())
