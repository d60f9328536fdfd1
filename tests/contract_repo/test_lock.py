"""The lock files: complete, checked by hash, up to date, and of no particular registry."""

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
    """Package to version, as the lock file has them."""
    found = re.findall(r"^([\w.-]+)==([^ \\;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def load_fingerprint() -> ModuleType:
    """The script that `make lock` uses: it lives beside the lock's other machinery in .ci."""
    spec = importlib.util.spec_from_file_location("fingerprint", REPOSITORY / ".ci/fingerprint.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_a_lock_for_each_use() -> None:
    """There are locks for the image and its building, the demo, development and two for tools."""
    names = ["build.txt", "demo.txt", "dev.txt", "pictures.txt", "run.txt", "tools.txt"]

    assert names == [lock.name for lock in LOCKS]


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_every_package_has_hashes(lock: Path) -> None:
    """Each package is pinned to one version and has at least one SHA-256, so that pip checks it."""
    blocks = re.split(r"^(?=\S)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    packages = [block for block in blocks if block and not block.startswith("#")]

    assert packages
    assert [] == [block for block in packages if "==" not in block or "--hash=sha256:" not in block]


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_no_registry_is_named(lock: Path) -> None:
    """A lock names packages and never the place to fetch them from, nor a path."""
    text = lock.read_text(encoding="utf-8")

    assert [] == re.findall(r"\w+://\S*|--(?:extra-)?index-url|--find-links|(?<=\s)/\S+", text)


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_lock_is_of_these_dependencies(lock: Path) -> None:
    """The lock was written from pyproject.toml as it is; if not, `make lock` writes it anew."""
    fingerprint = load_fingerprint().compute_fingerprint(REPOSITORY / "pyproject.toml")
    first_line = lock.read_text(encoding="utf-8").splitlines()[0]

    assert f"pyproject.toml {fingerprint}." in first_line


def test_one_version_of_everything() -> None:
    """What is tested is what is shipped: the smaller locks are parts of the development lock."""
    dev = pins(REPOSITORY / "requirements" / "dev.txt").items()

    assert pins(REPOSITORY / "requirements" / "run.txt").items() <= dev
    assert pins(REPOSITORY / "requirements" / "demo.txt").items() <= dev
