"""Updates docs/events.md: `python -m probewatch.pages.events docs/events.md`."""

import sys
from collections.abc import Mapping

from probewatch.core.causes import Cause
from probewatch.kube.events import reasons
from probewatch.pages.tables import write_page


def make_tables() -> Mapping[str, str]:
    """Return the tables of the page."""
    return {"events": _events(), "causes": _causes()}


def _events() -> str:
    rows = "".join(
        f"| `{kind.reason}` | {kind.type} | {kind.action} | {kind.when} |\n"
        for kind in reasons.EVENTS
    )
    return "| reason | type | action | when |\n|---|---|---|---|\n" + rows


def _causes() -> str:
    rows = "".join(
        f"| `{cause}` | {reasons.RESTART_KINDS[cause].type} "
        f"| The container {reasons.CAUSE_TEXTS[cause]}. |\n"
        for cause in Cause
    )
    return "| cause | type | words |\n|---|---|---|\n" + rows


if __name__ == "__main__":
    write_page(sys.argv[1], make_tables())
