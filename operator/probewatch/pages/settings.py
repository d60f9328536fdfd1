"""Updates docs/configuration.md: `python -m probewatch.pages.settings FILE`."""

import ast
import dataclasses
import inspect
import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum

from probewatch import settings
from probewatch.pages.tables import write_page
from probewatch.settings import Settings, variable_name

GROUPS: Mapping[str, str] = {
    "kubeconfig": "Cluster and pods",
    "metrics_address": "Metrics and health",
    "log_format": "Logging",
    "page_limit": "Lists and watches",
    "event_queue_length": "Events on pods",
    "records": "Records and replicas",
    "corroborate": "The kubelet's own counters",
    "loop_restarts": "Thresholds, which a ProbePolicy can override",
    "shutdown_seconds": "Shutdown",
}
"""The first setting of each group, and its heading."""

HEAD = "| variable | default | description |\n|---|---|---|\n"


def make_tables() -> Mapping[str, str]:
    """Return the tables of the page, one for each group of settings."""
    reasons = dict(find_reasons())
    text = ""
    for each in dataclasses.fields(Settings):
        if each.name in GROUPS:
            text += f"{chr(10) if text else ''}## {GROUPS[each.name]}\n\n{HEAD}"
        reason = _with_variables(reasons[each.name])
        text += f"| `{variable_name(each.name)}` | {_default(each)} | {reason} |\n"
    return {"settings": text}


def _with_variables(reason: str) -> str:
    """Replace the names of other settings by their variables, which the reader of the page sets."""
    names = {each.name for each in dataclasses.fields(Settings)}
    return re.sub(
        r"`(\w+)`",
        lambda word: f"`{variable_name(word[1])}`" if word[1] in names else word[0],
        reason,
    )


def find_reasons() -> Iterator[tuple[str, str]]:
    """Yield each field with its docstring, read from the source: Python does not keep it."""
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
        return "by the host name"
    if isinstance(field.default, StrEnum):
        return f"`{field.default}`"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    if isinstance(field.default, int | float):
        return f"`{field.default:g}`"
    return f"`{field.default}`" if field.default else "(empty)"


if __name__ == "__main__":
    write_page(sys.argv[1], make_tables())
