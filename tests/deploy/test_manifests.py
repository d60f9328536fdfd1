"""The manifests for kubectl: the same objects as the chart's, without Helm."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from probewatch.commands.manifests import read_manifests
from probewatch.core.advice import lint
from tests.conftest import REPOSITORY, require_program
from tests.deploy.rendering import (
    MANIFESTS,
    Object,
    environment,
    names_of,
    of_kind,
    operator_container,
    render_chart,
    render_manifests,
    the_only,
)

DEPLOY = MANIFESTS.parent

WITHOUT_HELM: dict[str, Any] = {"crds": {"keep": False}, "tests": {"enabled": False}}

HELMS_LABELS = {"app.kubernetes.io/managed-by", "helm.sh/chart"}

MONITORING: dict[str, Any] = {
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "dashboards": {"enabled": True},
}


def without_helm(thing: object) -> object:
    """Return an object without the labels that name Helm, at any depth."""
    if isinstance(thing, dict):
        return {key: without_helm(each) for key, each in thing.items() if key not in HELMS_LABELS}
    if isinstance(thing, list):
        return [without_helm(each) for each in thing]
    return thing


def by_name(objects: list[Object]) -> dict[str, object]:
    return {next(iter(names_of([each]))): without_helm(each) for each in objects}


def test_manifests_and_chart_agree() -> None:
    """`kubectl apply -k` installs the same objects as `helm install`, and the namespace."""
    by_helm = render_chart(WITHOUT_HELM)
    by_kubectl = by_name(render_manifests())

    assert by_kubectl.pop("Namespace/probewatch")
    assert by_name(by_helm) == by_kubectl


def test_our_own_probes_need_no_advice() -> None:
    """`advise` has no advice for the probes of the operator's own pod."""
    templates = read_manifests([str(MANIFESTS / "install.yaml")])

    assert [] == [each for template in templates for each in lint(template.spec)]


def test_manifests_of_monitoring_and_chart_agree() -> None:
    """The kustomization of deploy/monitoring adds what the chart's monitoring options add."""
    plain = by_name(render_chart(WITHOUT_HELM))
    monitored = by_name(render_chart({**WITHOUT_HELM, **MONITORING}))
    further = {name: each for name, each in monitored.items() if name not in plain}

    assert by_name(render_manifests(DEPLOY / "monitoring")) == further


def test_manifests_are_what_make_manifests_writes(tmp_path: Path) -> None:
    """The rendered files are up to date; if not, `make manifests` updates them."""
    require_program("helm")

    script = DEPLOY / "manifests" / "render.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)

    for name in ("manifests/install.yaml", "monitoring/operator.yaml"):
        written, kept = (
            (folder / name).read_text(encoding="utf-8") for folder in (tmp_path, DEPLOY)
        )
        assert written == kept


def test_nothing_in_them_is_helms() -> None:
    """No labels or annotations of Helm are left."""
    text = yaml.safe_dump_all(render_manifests())

    assert "helm" not in text.lower()


def test_their_namespace_admits_restricted_pods_only() -> None:
    """The namespace enforces the Pod Security profile `restricted`."""
    namespace = the_only(render_manifests(), "Namespace")

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_namespaced_object_is_in_it() -> None:
    """Every namespaced object names this namespace."""
    objects = render_manifests()
    namespaced = [e for kind in ("Deployment", "Service", "Role") for e in of_kind(objects, kind)]

    assert namespaced
    assert {each["metadata"]["namespace"] for each in namespaced} == {"probewatch"}


@pytest.mark.parametrize("folder", ["manifests", "monitoring"])
def test_another_namespace_takes_everything_along(folder: str, tmp_path: Path) -> None:
    """With `namespace` in the user's kustomization, nothing refers to our namespace."""
    base = os.path.relpath(DEPLOY / folder, tmp_path)
    kustomization = {"namespace": "elsewhere", "resources": [base]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")

    objects = render_manifests(tmp_path)

    assert {"elsewhere"} == set(find_namespaces(objects))


def find_namespaces(thing: object) -> Iterator[str]:
    """Yield each namespace that an object is in or refers to."""
    if isinstance(thing, list):
        for each in thing:
            yield from find_namespaces(each)
    elif isinstance(thing, dict):
        namespace = thing.get("namespace")
        yield from [namespace] if isinstance(namespace, str) else []
        yield from thing.get("matchNames", [])
        yield from find_namespaces(list(thing.values()))


def test_the_kustomization_of_the_page_works_as_shown(tmp_path: Path) -> None:
    """The kustomization in docs/install.md sets another image and another setting."""
    page = (REPOSITORY / "docs" / "install.md").read_text(encoding="utf-8")
    shown = next(part for part in page.split("```yaml\n") if part.startswith("apiVersion: kust"))
    base = os.path.relpath(MANIFESTS, tmp_path)
    text = shown.partition("```")[0].replace("probewatch/deploy/manifests", base)
    (tmp_path / "kustomization.yaml").write_text(text, encoding="utf-8")

    objects = render_manifests(tmp_path)

    assert operator_container(objects)["image"].startswith("registry.example.com/probewatch:")
    assert environment(objects)["PROBEWATCH_LOOP_RESTARTS"] == "4"
