"""Paths of the API."""

import pytest

from probewatch.kube.api_paths import find_path

PATHS = {
    "/api/v1/pods": ("v1", "pods", None),
    "/api/v1/namespaces/shop/pods/web": ("v1", "pods", "shop", "web"),
    "/apis/apps/v1/namespaces/shop/replicasets": ("apps/v1", "replicasets", "shop"),
}


@pytest.mark.parametrize(("expected", "parts"), PATHS.items(), ids=PATHS)
def test_path_names_group_namespace_and_object(expected: str, parts: tuple[str, ...]) -> None:
    """The core group has a root of its own, and a list of all namespaces names none."""
    assert expected == find_path(*parts)


def test_no_name_leads_to_another_path() -> None:
    """What somebody types as a namespace or a name stays one segment of the path."""
    assert "/api/v1/namespaces/a%2F.%3Fb/pods/..%2F%25" == find_path("v1", "pods", "a/.?b", "../%")
