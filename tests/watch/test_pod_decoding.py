"""Pages of pods, whose items are decoded only as far as they have to be."""

import pytest

from probewatch.watch.pod_decoding import PodDecoder

POD = b'{"metadata":{"name":"web-1","namespace":"shop","uid":"u-1","resourceVersion":"4"}}'
DEEP = b'{"metadata": {"name": "x"}, "deep": %b%b}' % (b"[" * 5000, b"]" * 5000)


@pytest.mark.parametrize(
    ("items", "pods", "broken"),
    [
        pytest.param(b"null", 0, 0, id="null"),
        pytest.param(b"[]", 0, 0, id="none"),
        pytest.param(POD.join((b"[", b"]")), 1, 0, id="a pod"),
        pytest.param(b"[7,%b]" % POD, 1, 1, id="no object"),
        pytest.param(b"[%b,%b]" % (DEEP, POD), 1, 1, id="a pod too deep to be formatted"),
    ],
)
def test_items_of_a_page(items: bytes, pods: int, broken: int) -> None:
    """A list without items may have null; an item that is no pod costs only itself."""
    page = PodDecoder().page(
        b'{"metadata":{"resourceVersion":"5","continue":"next"},"items":%b}' % items
    )

    assert (pods, broken) == (len(page.items), page.broken)
    assert ("5", "next") == (page.resource_version, page.token)
