"""Writes the manifests from the chart's defaults: `make manifests`, with Helm from .ci/tools.sh.

    manifests/install.yaml     the operator, its rights, the definitions of its resources
    monitoring/operator.yaml   ServiceMonitor, PrometheusRule and dashboards

What is Helm's own (its labels, its test) is left out. The kustomizations are written by hand.

    python deploy/manifests/render.py [FOLDER]     writes into deploy/, or into another folder
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[1]
CHART = DEPLOY / "chart" / "probewatch"

HEADER = (
    "# Written by `make manifests` from the chart. Do not edit: kustomize can change all of it.\n"
)

WITHOUT_HELM = ("crds.keep=false", "tests.enabled=false")
MONITORING = (
    "serviceMonitor.enabled=true",
    "prometheusRule.enabled=true",
    "dashboards.enabled=true",
)
MONITORING_TEMPLATES = re.compile(
    r"# Source: probewatch/templates/(monitors|prometheusrule|dashboards)\.yaml"
)

HELMS_OWN = re.compile(
    r"^ *(app\.kubernetes\.io/managed-by: Helm|helm\.sh/chart: .*|# Source: .*)\n", re.MULTILINE
)


def run_helm(settings: Sequence[str]) -> list[str]:
    """Return the documents that Helm makes of the chart with *settings*."""
    flags = [part for setting in settings for part in ("--set", setting)]
    command = ["helm", "template", "probewatch", str(CHART), "--namespace", "probewatch", *flags]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.split(r"^---\n", ran.stdout, flags=re.MULTILINE)


def join(documents: Sequence[str]) -> str:
    """Return documents as one file, without what is Helm's."""
    plain = (HELMS_OWN.sub("", each).strip("\n") for each in documents)
    return HEADER + "".join(f"---\n{each}\n" for each in plain if each)


def write(path: Path, documents: Sequence[str]) -> None:
    """Write the file at *path*."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(join(documents), encoding="utf-8")


def main(deploy: Path) -> None:
    """Write both files below *deploy*."""
    write(deploy / "manifests" / "install.yaml", run_helm(WITHOUT_HELM))
    everything = run_helm((*WITHOUT_HELM, *MONITORING))
    further = [each for each in everything if MONITORING_TEMPLATES.search(each)]
    write(deploy / "monitoring" / "operator.yaml", further)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEPLOY)
