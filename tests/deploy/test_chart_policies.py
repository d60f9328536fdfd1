"""`policies` of the chart: objects of the release, and hooks only where their kind is not known."""

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.cluster import POLICIES, discovery, policy, serve
from tests.deploy.rendering import (
    CHART,
    NAMESPACE,
    RELEASE,
    Object,
    load_objects,
    of_kind,
    render_chart,
    run_helm,
)
from tests.deploy.test_chart import HELMS

HOOK = {
    "helm.sh/hook": "post-install,post-upgrade,post-rollback",
    "helm.sh/hook-delete-policy": "before-hook-creation",
}
OWNER = {
    "meta.helm.sh/release-name": RELEASE,
    "meta.helm.sh/release-namespace": NAMESPACE,
}
ANOTHER = {"meta.helm.sh/release-name": "another"}
STRICT: dict[str, Any] = {
    "policies": [{"name": "strict", "namespace": "shop", "spec": {"loop": {"restarts": 2}}}]
}


@pytest.fixture(autouse=True)
def _home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Helm keep there what it learns of a cluster."""
    monkeypatch.setenv("HOME", str(tmp_path))


def policies_beside(
    found: list[Object], values: dict[str, Any], helm: str, folder: Path
) -> list[Object]:
    """The policies that Helm makes of *values* in a cluster in which it finds these."""
    answers = discovery(render_chart(STRICT))
    answers[POLICIES] = {
        "apiVersion": "probewatch.dev/v1alpha1",
        "kind": "ProbePolicyList",
        "metadata": {},
        "items": found,
    }
    with serve(answers, folder) as kubeconfig:
        flags = ["--kubeconfig", str(kubeconfig), "--namespace", NAMESPACE, "--dry-run=server"]
        flags += ["--disable-openapi-validation", "--is-upgrade"]
        flags += (
            ["--validate"] if helm == "helm3" else []
        )  # else it does not ask which kinds it knows
        ran = run_helm("template", RELEASE, str(CHART), *flags, values=values, helm=helm)
    assert ran.returncode == 0, ran.stderr
    return of_kind(load_objects(ran.stdout), "ProbePolicy")


@pytest.mark.parametrize("helm", HELMS)
def test_policies_come_after_their_definition(helm: str) -> None:
    """Where Helm does not know the kind yet a policy is a hook, which the release may take over."""
    (made,) = of_kind(render_chart(STRICT, helm=helm), "ProbePolicy")

    assert made["metadata"]["namespace"] == "shop"
    assert made["metadata"]["annotations"] == {**HOOK, **OWNER}
    assert made["spec"] == {"loop": {"restarts": 2}}


@pytest.mark.slow
@pytest.mark.parametrize("helm", HELMS)
def test_policies_are_objects_of_the_release(helm: str, tmp_path: Path) -> None:
    """Where the kind is known a policy is no hook: changed in place, and removed with its value."""
    others = [policy("own", {}, {}), policy("foreign", {**HOOK, **OWNER, **ANOTHER}, {})]
    (made,) = policies_beside(others, STRICT, helm, tmp_path)

    assert made["metadata"]["name"] == "strict"
    assert "annotations" not in made["metadata"]


@pytest.mark.slow
@pytest.mark.parametrize("helm", HELMS)
def test_what_hooks_made_is_removed_by_the_next_upgrade(helm: str, tmp_path: Path) -> None:
    """Helm keeps no account of hooks, so that the chart finds those of the first install itself."""
    found = [policy(name, {**HOOK, **OWNER}, {"events": False}) for name in ("strict", "gone")]
    made = policies_beside(found, STRICT, helm, tmp_path)
    removed = [each for each in made if "annotations" in each["metadata"]]

    assert ["gone", "strict"] == sorted(each["metadata"]["name"] for each in removed)
    assert {"pre-install,pre-upgrade"} == {
        each["metadata"]["annotations"]["helm.sh/hook"] for each in removed
    }
    assert {"before-hook-creation,hook-succeeded"} == {
        each["metadata"]["annotations"]["helm.sh/hook-delete-policy"] for each in removed
    }
    assert ["strict"] == [each["metadata"]["name"] for each in made if each not in removed]


@pytest.mark.slow
def test_nobody_is_asked_for_policies_who_may_not_list_them(tmp_path: Path) -> None:
    """Who makes no roles may not be allowed to look, and a refusal would end the upgrade."""
    found = [policy("gone", {**HOOK, **OWNER}, {})]

    assert [] == policies_beside(found, {"rbac": {"create": False}}, "helm", tmp_path)
