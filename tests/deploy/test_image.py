"""The Dockerfile and the manifests, checked with linters and scanners."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, require_program

DOCKERFILE = REPOSITORY / "deploy" / "Dockerfile"

ACCEPTED = {
    "DS-0026",  # no HEALTHCHECK: Kubernetes ignores it and has its own probes
    "DS-0001",  # the argument of FROM is taken for "latest"; it has tag and digest
    "KSV-0011",  # no CPU limit: throttling would make a quiet operator late
    "KSV-0125",  # "untrusted registry" means any that is not on trivy's own list
}
"""Findings of trivy that are intended."""


def test_hadolint_finds_no_fault() -> None:
    """The Dockerfile follows all rules of its linter; none is ignored."""
    hadolint = require_program("hadolint")

    ran = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (0, "")
    assert "hadolint ignore" not in DOCKERFILE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_trivy_finds_nothing_that_is_not_meant() -> None:
    """For image, manifests and chart, trivy finds nothing but what is accepted here."""
    trivy = require_program("trivy")
    command = [trivy, "config", "--quiet", "--skip-check-update", "--format", "json"]
    skipped = ["--skip-dirs", "demo", str(REPOSITORY / "deploy")]

    ran = subprocess.run([*command, *skipped], capture_output=True, text=True, check=True)

    results = json.loads(ran.stdout)["Results"]
    found = {(r["Target"], m["ID"]) for r in results for m in r.get("Misconfigurations", [])}
    assert set() == {each for each in found if each[1] not in ACCEPTED}
    assert len(results) > 3


def test_the_image_runs_as_nobody_and_without_a_shell() -> None:
    """The last stage has a numeric user other than root, and starts the program directly."""
    last = DOCKERFILE.read_text(encoding="utf-8").rpartition("\nFROM ")[2]

    assert "\nUSER 65532:65532\n" in last
    assert 'ENTRYPOINT ["/app/bin/probewatch"]' in last
    assert not re.search(r"^(RUN|ADD)\b", last, flags=re.MULTILINE)


def test_nothing_is_compiled_at_a_start() -> None:
    """Bytecode is compiled into the image: its file system is read-only at run time."""
    build, _, last = DOCKERFILE.read_text(encoding="utf-8").rpartition("\nFROM ")
    place = "PYTHONPYCACHEPREFIX=/app/bytecode"

    assert f"{place} /app/bin/python -m compileall" in build
    assert f'{place} /app/bin/python -c "import probewatch.commands.run"' in build
    assert place in last
    assert "COPY --from=build /app /app" in last


def test_every_wheel_is_checked_by_hash() -> None:
    """Packages are installed as wheels only, and verified by hash."""
    text = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    installs = re.findall(r"pip (?:--python \S+ )?install ([^&\n]*)", text)

    assert installs
    for each in installs:
        assert "--no-index" in each or {"--require-hashes", "--only-binary"} <= set(each.split())


def test_everything_that_the_package_needs_is_sent() -> None:
    """What pyproject.toml puts into the wheel is copied to the build, and not ignored."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel.get("force-include", {})}
    sent = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)

    for path in needed:
        parts = {str(each) for each in (Path(path), *Path(path).parents)}
        assert parts & {line.removeprefix("!") for line in sent if line.startswith("!")}, path
        assert parts & {each for line in copied for each in line.split()}, path


def test_the_base_is_pinned_by_an_argument() -> None:
    """Both stages use the same arguments for the base image and its digest."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)

    assert ["${BASE}${BASE_DIGEST:+@${BASE_DIGEST}}"] * 2 == bases
