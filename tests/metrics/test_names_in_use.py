"""Rules, runbooks and dashboards only use metrics and labels that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from probewatch.metrics.families import FAMILIES
from probewatch.metrics.family import Family, Kind
from tests.conftest import REPOSITORY

PAGES = sorted(
    [
        *REPOSITORY.glob("deploy/chart/*/files/**/*.yaml"),
        *REPOSITORY.glob("deploy/chart/*/files/**/*.json"),
        *REPOSITORY.glob("deploy/monitoring/**/*.yaml"),
        *REPOSITORY.glob("deploy/monitoring/**/*.json"),
        *REPOSITORY.glob("docs/runbooks/*.md"),
        REPOSITORY / "README.md",
    ]
)

OF_PROMETHEUS = {"cluster", "job", "instance", "le", "alertname", "alertstate", "severity"}
"""Labels that Prometheus adds."""

NAME = re.compile(r"(?<![a-z0-9_:@/.-])probewatch_[a-z_]+(?![a-z_]*[:(])")
WITH_LABELS = re.compile(r"(?<![a-z0-9_:])(probewatch_[a-z_]+)\{([^{}]*)\}")
LABEL = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")


def shown_names(family: Family) -> tuple[str, ...]:
    if family.kind is not Kind.HISTOGRAM:
        return (family.name,)
    return tuple(f"{family.name}_{part}" for part in ("bucket", "sum", "count"))


SHOWN = {name: family for family in FAMILIES for name in shown_names(family)}


def labels_asked_for(text: str) -> Iterator[tuple[str, str]]:
    for name, inside in WITH_LABELS.findall(text):
        matchers = re.sub(r'\\?"(?:[^"\\]|\\[^"])*\\?"', '""', inside)
        for label in LABEL.findall(matchers):
            yield name, label


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_name_is_shown(page: Path) -> None:
    """No query uses a metric that the operator never exposes."""
    used = set(NAME.findall(page.read_text(encoding="utf-8")))

    assert set() == used - set(SHOWN)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_label_is_given(page: Path) -> None:
    """No query selects by a label that its metric does not have."""
    asked = set(labels_asked_for(page.read_text(encoding="utf-8")))

    assert set() == {
        (name, label)
        for name, label in asked
        if name in SHOWN and label not in {*SHOWN[name].labels, *OF_PROMETHEUS}
    }
