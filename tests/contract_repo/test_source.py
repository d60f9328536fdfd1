"""Rules for the layout of the source that no linter checks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

SOURCE = REPOSITORY / "operator" / "probewatch"
TESTS = REPOSITORY / "tests"

MAX_MODULE_LINES = 260
"""The house style says about 250; ten more are for a good docstring."""

MAX_FUNCTION_LINES = 30

NO_PACKAGES = {
    "bench",  # resource usage of the operator
    "contract",  # the playground's API compared with a real server
    "contract_repo",  # the repository itself
    "crds",
    "deploy",
    "e2e",  # a real cluster
    "model",  # the accounting, as a state machine
    "monitoring",
    "random_pods",  # under the kubelet of the playground
    "simulation",  # simulated kubelets
    "soak",
    "support",  # helpers for several folders
    "system",  # whole programs
}
"""Folders of tests/ without a package of the source; all others mirror one."""


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def files_of_tests() -> list[Path]:
    return sorted(TESTS.rglob("test_*.py"))


def code_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring, which may be as long as needed."""
    end = function.end_lineno or function.lineno
    docstring = function.body[0] if ast.get_docstring(function) else None
    words = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return end - function.lineno + 1 - words


def test_source_root_is_no_package() -> None:
    """`operator/` has no __init__.py, or it would hide the standard library's operator."""
    assert not (SOURCE.parent / "__init__.py").exists()


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("__init__.py")), ids=name_of)
def test_package_is_one_docstring(path: Path) -> None:
    """A package's __init__.py contains nothing but the docstring with the package's rule."""
    tree = parse(path)

    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("folder", sorted({path.parent for path in modules()}), ids=name_of)
def test_every_folder_is_a_package(folder: Path) -> None:
    """Each folder of the source has an __init__.py: import contracts apply only to packages."""
    assert (folder / "__init__.py").exists()


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_module_is_of_readable_size(path: Path) -> None:
    """No module is longer than 260 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_functions_are_of_readable_size(path: Path) -> None:
    """No function has more than thirty lines of code."""
    too_long = {f.name: code_length(f) for f in functions(parse(path))}

    assert {} == {name: n for name, n in too_long.items() if n > MAX_FUNCTION_LINES}


@pytest.mark.parametrize("path", modules() + sorted(TESTS.rglob("*.py")), ids=name_of)
def test_imports_never_name_the_source_root(path: Path) -> None:
    """Nothing imports `operator.probewatch`, which would be a second copy of the package."""
    imported: list[str] = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported.append(node.module or "")

    assert [] == [name for name in imported if name.startswith("operator.")]


@pytest.mark.parametrize("path", files_of_tests(), ids=name_of)
def test_every_test_promises_something(path: Path) -> None:
    """Each test has a docstring, which says in its first sentence what it promises."""
    tests = [f for f in functions(parse(path)) if f.name.startswith("test_")]
    silent = [f.name for f in tests if not ast.get_docstring(f)]

    assert [] == silent


def test_tests_are_laid_out_as_the_source_is() -> None:
    """Tests of a package are in the folder of the same name."""
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("*.py")}
    mirrors = {each for each in folders if each.parts and each.parts[0] not in NO_PACKAGES}

    assert {TESTS / "conftest.py"} == set(TESTS.glob("*.py")) - set(TESTS.glob("test_*.py"))
    assert {Path("policies"), Path("kube/pods"), Path("playground/api")} <= mirrors
    assert [] == [str(each) for each in mirrors if not (SOURCE / each / "__init__.py").exists()]


def test_modules_of_tests_share_nothing_with_each_other() -> None:
    """Test modules import nothing from each other, except the cases of the core.

    What several of them need has a module of its own.
    """
    taken = re.compile(r"^from tests\.(?!core\.)(\S*\btest_\w+) import", re.MULTILINE)
    found = {
        name_of(path): names
        for path in TESTS.rglob("*.py")
        if (names := taken.findall(path.read_text(encoding="utf-8")))
    }

    assert {} == found
