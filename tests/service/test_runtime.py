"""The runtime environment: the namespace of the Lease."""

from dataclasses import replace
from pathlib import Path

import pytest

from probewatch.service import runtime
from probewatch.service.runtime import find_lease_namespace
from probewatch.settings import Settings


@pytest.mark.parametrize(
    ("configured", "own", "of_context", "expected"),
    [
        ("set", "own\n", "context", "set"),
        ("", "own\n", "context", "own"),
        ("", None, "context", "context"),
        ("", None, "", "default"),
        ("", "\n", "context", "default"),
    ],
    ids=["as set", "the pod's own", "the context's", "none", "an empty file"],
)
def test_namespace_of_the_lease(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    configured: str,
    own: str | None,
    of_context: str,
    expected: str,
) -> None:
    """The Lease is where the settings say, else in the pod's own namespace, else the context's."""
    path = tmp_path / "namespace"
    if own is not None:
        path.write_text(own)
    monkeypatch.setattr(runtime, "POD_NAMESPACE", str(path))
    settings = replace(Settings(), lease_namespace=configured)

    assert expected == find_lease_namespace(settings, of_context)
