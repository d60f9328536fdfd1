"""Files of the repository: which ones must exist, and what none of them may contain."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, require_program

MACHINE_PATHS = re.compile(r"(?<![\w.$}{~-])/(?:home|root|Users|work|farm)/[\w.-]+")
"""An absolute path on the machine of some developer."""

TEXT_SUFFIXES = {"", ".cfg", ".md", ".py", ".sh", ".toml", ".tpl", ".txt", ".yaml", ".yml"}


def pyproject() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def tracked_texts() -> list[Path]:
    """Return every text file that git tracks; skip the test without a git history."""
    git = require_program("git")
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this copy of the repository has no git history")
    listed = subprocess.run(
        [git, "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True
    )
    paths = (REPOSITORY / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file() and path.suffix in TEXT_SUFFIXES]


@pytest.mark.parametrize(
    "name",
    [
        ".ci/run",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "SCOPE.md",
        "SECURITY.md",
        "docs/architecture.md",
    ],
)
def test_front_page_is_there(name: str) -> None:
    """The files that a newcomer looks for exist and are not empty."""
    assert (REPOSITORY / name).read_text(encoding="utf-8").strip()


def test_front_page_names_the_two_commands() -> None:
    """The README shows `make demo` and `make test`, and both targets exist."""
    shown = re.findall(
        r"^\$ make (\w+)", (REPOSITORY / "README.md").read_text("utf-8"), re.MULTILINE
    )
    targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE)

    assert ["demo", "test"] == shown
    assert set(shown) <= set(targets)


def test_no_file_names_a_path_of_a_machine() -> None:
    """No tracked text contains an absolute path of a developer's machine."""
    found = {
        f"{path.relative_to(REPOSITORY)}: {match.group()}"
        for path in tracked_texts()
        for match in MACHINE_PATHS.finditer(path.read_text(encoding="utf-8", errors="replace"))
    }

    assert set() == found


def test_every_local_link_leads_somewhere() -> None:
    """Each relative link in a Markdown page leads to an existing file or folder."""
    link = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
    broken = {
        f"{path.relative_to(REPOSITORY)} -> {target}"
        for path in tracked_texts()
        if path.suffix == ".md"
        for target in link.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    }

    assert set() == broken


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub derives them."""
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}


def test_every_anchor_leads_to_a_heading() -> None:
    """Each link with an anchor, to a Markdown page or within one, names an existing heading."""
    link = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)")
    broken = {
        f"{path.relative_to(REPOSITORY)} -> {target}#{anchor}"
        for path in tracked_texts()
        if path.suffix == ".md"
        for target, anchor in link.findall(path.read_text(encoding="utf-8"))
        if anchor not in anchors_of(path.parent / target if target else path)
    }

    assert set() == broken


def test_every_package_stands_in_the_layers() -> None:
    """The import contract for layers contains each package and module of probewatch."""
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    (layers,) = [c["layers"] for c in contracts if c["id"] == "layers"]
    placed = set(re.findall(r"\w+", " ".join(layers)))
    children = (REPOSITORY / "operator" / "probewatch").iterdir()
    present = {c.stem for c in children if c.suffix == ".py" or (c / "__init__.py").exists()}

    assert set() == present - placed - {"__init__"}


def test_every_rule_has_its_contract() -> None:
    """The import rules of docs/architecture.md are checked by import-linter."""
    contracts = {c["id"] for c in pyproject()["tool"]["importlinter"]["contracts"]}

    assert {
        "core-is-pure",
        "http-at-the-edge",
        "kopf-at-the-edge",
        "layers",
        "prometheus-in-metrics",
    } <= contracts


def test_every_linter_exception_has_its_reason() -> None:
    """Each rule that ruff ignores has a comment with the reason."""
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    exceptions = re.findall(r'^ {2}"[A-Z]+\d*",.*$', text, flags=re.MULTILINE)

    assert exceptions
    assert [] == [line for line in exceptions if "#" not in line]


def test_no_suppression_is_bare() -> None:
    """Each `noqa` and `type: ignore` has a code and a comment with the reason."""
    suppression = re.compile(
        r"#\s*(noqa|type:\s*ignore)\b(?P<code>:\s*[A-Z]+\d+|\[[\w-]+)?(?P<rest>.*)"
    )
    bare = {
        f"{path.relative_to(REPOSITORY)}: {match.group().strip()}"
        for path in tracked_texts()
        if path.suffix == ".py"
        for match in suppression.finditer(path.read_text(encoding="utf-8"))
        if match["code"] is None or "#" not in match["rest"]
    }

    assert set() == bare
