"""The commands and queries in runbooks work."""

import re
import shlex
from pathlib import Path

import pytest

from probewatch import cli
from tests.conftest import REPOSITORY
from tests.monitoring.queries import find_unknown, find_unknown_groupings

DOCS = REPOSITORY / "docs"
PAGES = sorted((DOCS / "runbooks").glob("ProbeWatch*.md"))

COMMAND = re.compile(r"\$ (?:kubectl )?probewatch (.+)|`probewatch ([^`]+)`")


def commands(page: Path) -> list[str]:
    """Return each of our commands on a page."""
    found = COMMAND.findall(page.read_text(encoding="utf-8"))
    return [one or other for one, other in found]


def queries(page: Path) -> list[str]:
    """Return each block of PromQL on a page."""
    return re.findall(r"```promql\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize(
    "page",
    [*PAGES, DOCS / "runbooks" / "README.md", DOCS / "commands.md", REPOSITORY / "README.md"],
    ids=lambda page: str(page.relative_to(REPOSITORY)),
)
def test_our_commands_are_spelled_as_the_program_knows_them(page: Path) -> None:
    """The command line accepts each command that a page shows."""
    for line in commands(page):
        words = shlex.split(line, comments=True)
        module = cli.load_command(words[0])
        parsed = cli.parse(module, words)
        assert vars(parsed)


@pytest.mark.parametrize("page", [*PAGES, DOCS / "metrics.md"], ids=lambda page: page.stem)
def test_queries_ask_for_what_there_is(page: Path) -> None:
    """The metrics, labels and groupings in a page's queries are on /metrics."""
    for query in queries(page):
        assert set() == find_unknown(query) | find_unknown_groupings(query)


def test_most_pages_show_a_query() -> None:
    """At least two thirds of the runbooks show a query."""
    without = [page.stem for page in PAGES if not queries(page)]

    assert len(without) < len(PAGES) / 3


def test_pages_about_workloads_show_our_commands() -> None:
    """Each runbook about a workload shows one of our commands."""
    about_others = re.compile("Operator|NodeWide|NotReady$")
    without = [page.stem for page in PAGES if not commands(page)]

    assert [] == [name for name in without if not about_others.search(name)]
