"""docs/install.md and its like: what they tell people to type does what they say."""

import re
import shlex

from tests.conftest import REPOSITORY
from tests.deploy.rendering import NAMESPACE, environment, render_chart

DOCS = REPOSITORY / "docs"


def section(page: str, title: str) -> str:
    """The text of a page below a heading, to the next one."""
    text = (DOCS / page).read_text(encoding="utf-8")
    _, _, after = text.partition(f"\n## {title}\n")
    return after.partition("\n## ")[0]


def test_uninstalling_leaves_no_lease() -> None:
    """What the operator itself makes is named with the rest: its Lease tells when it last lived."""
    lease = environment(render_chart())["PROBEWATCH_LEASE_NAME"]
    typed = re.findall(r"^kubectl delete .*$", section("install.md", "Uninstalling"), re.MULTILINE)

    assert ["kubectl", "delete", "lease", "-n", NAMESPACE, lease] in [
        shlex.split(line, comments=True) for line in typed
    ]
