"""The notes that Helm prints after an install."""

from typing import Any

import pytest

from tests.deploy.rendering import (
    CHART,
    EVERYTHING,
    MONITORED,
    run_helm,
)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"namespaces": ["shop"]}, True),
        ({"namespaces": ["shop"], "rbac": {"nodeEvents": True}}, False),
        ({"namespaces": ["shop", "default"]}, False),
        ({}, False),
    ],
    ids=str,
)
def test_notes_say_that_events_of_nodes_are_not_watched(values: dict[str, Any], says: bool) -> None:  # noqa: FBT001  # a column of the table
    """With namespaces set, notes say that Events of nodes are not watched, and how to change it."""
    ran = run_helm("install", "probewatch", str(CHART), "--dry-run=client", values=values)

    assert ran.returncode == 0, ran.stderr
    assert ("rbac.nodeEvents=true" in ran.stdout) is says


@pytest.mark.parametrize("values", [{}, EVERYTHING, {"namespaces": ["shop"]}])
def test_notes_tell_what_to_do_next(values: dict[str, Any]) -> None:
    """Notes say how to check the rollout, and which parts are not enabled."""
    ran = run_helm("install", "probewatch", str(CHART), "--dry-run=client", values=values)
    notes = ran.stdout[ran.stdout.index("NOTES:") :]

    assert ran.returncode == 0, ran.stderr
    assert "kubectl rollout status -n default deployment/probewatch" in notes
    assert ("No alerts were created" in notes) is (values is not EVERYTHING)


def notes_of(values: dict[str, Any]) -> str:
    ran = run_helm("install", "probewatch", str(CHART), "--dry-run=client", values=values)
    return ran.stdout[ran.stdout.index("NOTES:") :]


def test_notes_ask_only_for_what_is_watched() -> None:
    """With namespaces set, the commands in notes use these and not `-A`."""
    notes, everywhere = notes_of({"namespaces": ["shop", "bank"]}), notes_of({})

    assert "kubectl get probereports -n shop\n  kubectl get probereports -n bank\n" in notes
    assert "kubectl get events -n bank --field-selector" in notes
    assert " -A" not in notes
    assert "kubectl get probereports -A\n  kubectl get events -A --field-selector" in everywhere


def test_notes_warn_of_two_monitors() -> None:
    """Notes warn that a ServiceMonitor and a PodMonitor together count everything twice."""
    assert "counts each restart twice" in notes_of(MONITORED)
    assert "counts each restart twice" not in notes_of({"podMonitor": {"enabled": True}})
