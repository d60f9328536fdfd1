"""`policies` of the chart: objects of the release, or hooks while the kind is unknown.

Installs and upgrades are tested in tests/system/test_install.py.
"""

from typing import Any

import pytest

from tests.deploy.rendering import (
    CHART,
    HELMS,
    NAMESPACE,
    RELEASE,
    Object,
    load_objects,
    run_helm,
    the_only,
)

STRICT: dict[str, Any] = {
    "policies": [{"name": "strict", "namespace": "shop", "spec": {"loop": {"restarts": 2}}}]
}


def render_policy(helm: str, *flags: str) -> Object:
    """Return the only policy that Helm renders from STRICT."""
    command = ("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *flags)
    ran = run_helm(*command, values=STRICT, helm=helm)
    assert ran.returncode == 0, ran.stderr
    return the_only(load_objects(ran.stdout), "ProbePolicy")


@pytest.mark.parametrize("helm", HELMS)
def test_policies_come_after_their_definition(helm: str) -> None:
    """While the kind is unknown, a policy is a hook that the release can adopt later."""
    policy = render_policy(helm)

    assert policy["metadata"]["namespace"] == "shop"
    assert policy["metadata"]["annotations"] == {
        "helm.sh/hook": "post-install,post-upgrade,post-rollback",
        "helm.sh/hook-delete-policy": "before-hook-creation",
        "meta.helm.sh/release-name": RELEASE,
        "meta.helm.sh/release-namespace": NAMESPACE,
    }
    assert policy["spec"] == {"loop": {"restarts": 2}}


@pytest.mark.parametrize("helm", HELMS)
def test_policies_are_objects_of_the_release(helm: str) -> None:
    """Once the kind is known, a policy is an ordinary object of the release."""
    policy = render_policy(helm, "--api-versions", "probewatch.dev/v1alpha1/ProbePolicy")

    assert "annotations" not in policy["metadata"]
    assert policy["spec"] == {"loop": {"restarts": 2}}
