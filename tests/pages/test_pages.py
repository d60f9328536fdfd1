"""Pages of the documentation that are generated from the code are up to date."""

import dataclasses
import re
from collections.abc import Callable, Mapping

import pytest

from probewatch import cli
from probewatch.commands.probe_failures import MEANINGS
from probewatch.core.causes import Cause, ReadinessReason
from probewatch.pages import causes, crds, events, metrics, settings
from probewatch.pages.tables import fill_page
from probewatch.playground.stories import docs as stories
from probewatch.settings import Settings
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("page", "make_tables"),
    [
        ("docs/causes.md", causes.make_tables),
        ("docs/configuration.md", settings.make_tables),
        ("docs/custom-resources.md", crds.make_tables),
        ("docs/events.md", events.make_tables),
        ("docs/metrics.md", metrics.make_tables),
        ("docs/playground.md", stories.make_tables),
    ],
)
def test_page_is_up_to_date(page: str, make_tables: Callable[[], Mapping[str, str]]) -> None:
    """The page is what is generated from the code; if not, the page says how to update it."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")

    assert text == fill_page(text, make_tables())


def test_page_without_a_place_is_a_mistake() -> None:
    """A table whose place is missing from its page is an error."""
    with pytest.raises(ValueError, match="no place for the table 'events'"):
        fill_page("# Events", {"events": ""})


def test_every_setting_has_its_reason() -> None:
    """Each setting has a reason in the table of the configuration."""
    assert [] == [name for name, reason in settings.find_reasons() if not reason]


def test_settings_stand_in_groups_by_their_variables() -> None:
    """Settings are in groups with headings, and named by their variables."""
    (text,) = settings.make_tables().values()
    named = {each.name for each in dataclasses.fields(Settings)}

    assert [*settings.GROUPS.values()] == re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert set() == named & set(re.findall(r"`(\w+)`", text))


def test_every_cause_is_explained() -> None:
    """Each cause has an explanation, in the order of the enum."""
    assert list(Cause) == list(causes.CAUSES)


def test_every_reason_is_explained() -> None:
    """Each reason that can be a label has a row in docs/metrics.md."""
    text = (REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8")
    failures = [f"| `{reason}` | {words} |" for reason, words in MEANINGS.items()]
    changes = [f"| `{reason}` | " for reason in ReadinessReason]

    assert [] == [row for row in failures + changes if f"\n{row}" not in text]


def test_commands_page_shows_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/commands.md shows the actual output of `advise`, and names each command."""
    text = (REPOSITORY / "docs/commands.md").read_text(encoding="utf-8")
    monkeypatch.chdir(REPOSITORY)

    assert 0 == cli.main(["advise", "-f", "deploy/demo/hc-probe.yaml"])
    assert capsys.readouterr().out in text
    assert [] == [name for name in cli.COMMANDS if f"`{name}`" not in text]
