"""Updates docs/metrics.md: `python -m probewatch.pages.metrics FILE`."""

import sys
from collections.abc import Mapping, Sequence

from probewatch.metrics.families import GROUPS
from probewatch.metrics.family import CONTAINER, WORKLOAD, Family
from probewatch.pages.tables import write_page

SHORT: Sequence[tuple[str, tuple[str, ...]]] = (
    ("*container*", CONTAINER),
    ("*workload*", WORKLOAD),
)
"""How the page abbreviates labels that most families share; the longest first."""


def make_tables() -> Mapping[str, str]:
    """Return the tables of the page."""
    return {name: _make_table(families) for name, families in GROUPS.items()}


def _make_table(families: Sequence[Family]) -> str:
    rows = "".join(
        f"| `{each.name}` | {each.kind} | {_labels(each)} | {each.help} | {each.unit} "
        f"| {each.stability} |\n"
        for each in families
    )
    return (
        "| name | type | labels | meaning | unit | stability |\n|---|---|---|---|---|---|\n" + rows
    )


def _labels(family: Family) -> str:
    names, shown = family.labels, []
    for short, labels in SHORT:
        if names[: len(labels)] == labels:
            names, shown = names[len(labels) :], [short]
            break
    return ", ".join((*shown, *(f"`{name}`" for name in names)))


if __name__ == "__main__":
    write_page(sys.argv[1], make_tables())
