"""The commands in docs/install.md and docs/scaling.md do what the pages say."""

import re
import shlex
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.deploy.rendering import (
    CHART,
    NAMESPACE,
    environment,
    names_of,
    of_kind,
    render_chart,
    run_helm,
)

DOCS = REPOSITORY / "docs"


def section(page: str, title: str) -> str:
    """Return the text of a page under a heading."""
    text = (DOCS / page).read_text(encoding="utf-8")
    _, _, after = text.partition(f"\n## {title}\n")
    return after.partition("\n## ")[0]


def test_uninstalling_leaves_no_lease() -> None:
    """The page says to delete the Lease, which the operator creates itself."""
    lease = environment(render_chart())["PROBEWATCH_LEASE_NAME"]
    typed = re.findall(r"^kubectl delete .*$", section("install.md", "Uninstalling"), re.MULTILINE)

    assert ["kubectl", "delete", "lease", "-n", NAMESPACE, lease] in [
        shlex.split(line, comments=True) for line in typed
    ]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("install.md", "Some namespaces only"),
        ("scaling.md", "Further than one replica"),
    ],
)
def test_a_second_release_leaves_the_definitions_out(page: str, title: str) -> None:
    """Sections about a second release name `crds.install=false`."""
    assert "crds.install=false" in section(page, title)


def test_two_releases_have_no_object_in_common() -> None:
    """Two releases, one of them without CRDs, share no cluster-wide object."""
    first, second = (
        names_of(each for each in objects if not each["metadata"].get("namespace"))
        for objects in (
            render_chart(),
            render_chart({"crds": {"install": False}}, release="second", namespace="other"),
        )
    )

    assert first
    assert set() == first & second


def test_a_release_of_another_name_may_take_the_definitions_over() -> None:
    """Kept CRDs belong to their release; the page shows how another one takes them over."""
    assert of_kind(render_chart(), "CustomResourceDefinition")
    assert "--take-ownership" in section("install.md", "Uninstalling")
    assert "--take-ownership" in section("install.md", "Some namespaces only")


@pytest.mark.parametrize(
    ("values", "says"), [({}, True), ({"crds": {"install": False}}, False)], ids=str
)
def test_notes_of_the_release_with_the_definitions_say_so(
    values: dict[str, Any],
    says: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """The notes of a release with the CRDs say that others have to leave them out."""
    ran = run_helm("install", "probewatch", str(CHART), "--dry-run=client", values=values)

    assert ran.returncode == 0, ran.stderr
    assert ("crds.install=false" in ran.stdout[ran.stdout.index("NOTES:") :]) is says
