"""The lock files: complete, with hashes, up to date, and without a registry."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import REPOSITORY

LOCKS = sorted((REPOSITORY / "requirements").glob("*.txt"))


def name_of(path: Path) -> str:
    return path.name


def pins(lock: Path) -> dict[str, str]:
    """Return the pinned version of each package in the lock file."""
    found = re.findall(r"^([\w.-]+)==([^ \\;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def load_fingerprint() -> ModuleType:
    """Load the script of .ci that `make lock` uses."""
    spec = importlib.util.spec_from_file_location("fingerprint", REPOSITORY / ".ci/fingerprint.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_a_lock_for_each_use() -> None:
    """There is a lock file for each purpose, and no other one."""
    names = ["build.txt", "demo.txt", "dev.txt", "pictures.txt", "run.txt", "tools.txt"]

    assert names == [lock.name for lock in LOCKS]


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_every_package_has_hashes(lock: Path) -> None:
    """Each package has one version and at least one SHA-256, which pip verifies."""
    blocks = re.split(r"^(?=\S)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    packages = [block for block in blocks if block and not block.startswith("#")]

    assert packages
    assert [] == [block for block in packages if "==" not in block or "--hash=sha256:" not in block]


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_no_registry_is_named(lock: Path) -> None:
    """No lock file contains a URL, an index or a path."""
    text = lock.read_text(encoding="utf-8")

    assert [] == re.findall(r"\w+://\S*|--(?:extra-)?index-url|--find-links|(?<=\s)/\S+", text)


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_lock_is_of_these_dependencies(lock: Path) -> None:
    """Each lock file is up to date with pyproject.toml; if not, `make lock` updates it."""
    fingerprint = load_fingerprint().compute_fingerprint(REPOSITORY / "pyproject.toml")
    first_line = lock.read_text(encoding="utf-8").splitlines()[0]

    assert f"pyproject.toml {fingerprint}." in first_line


def test_one_version_of_everything() -> None:
    """The development lock has the versions of the locks that are shipped, so these are tested."""
    dev = pins(REPOSITORY / "requirements" / "dev.txt").items()

    assert pins(REPOSITORY / "requirements" / "run.txt").items() <= dev
    assert pins(REPOSITORY / "requirements" / "demo.txt").items() <= dev
