"""Writes Grafana's dashboards from code: `make monitoring`.

They are written twice: for the chart, which makes ConfigMaps of them, and into
deploy/monitoring/dashboards/ for whoever imports them by hand.

    python -m deploy.monitoring.dashboards [FOLDER…]     from the repository's root
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard

from deploy.monitoring import operator_health, overview, workload
from deploy.monitoring.panels import render

MONITORING = Path(__file__).resolve().parent

TARGETS = (
    MONITORING / "dashboards",
    MONITORING.parent / "chart" / "probewatch" / "files" / "dashboards",
)

DASHBOARDS: Mapping[str, Callable[[], dashboard.Dashboard]] = {
    "overview": overview.build,
    "workload": workload.build,
    "operator": operator_health.build,
}


def main(folder: Path) -> None:
    """Write all dashboards into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, build in DASHBOARDS.items():
        (folder / f"{name}.json").write_text(render(build()), encoding="utf-8")


if __name__ == "__main__":
    for target in [Path(argument) for argument in sys.argv[1:]] or TARGETS:
        main(target)
