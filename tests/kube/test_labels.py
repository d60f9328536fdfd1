"""Labels are kept as text, and are maps of strings for whoever asks."""

import pytest

from probewatch.kube.labels import Labels


def test_labels_are_a_map() -> None:
    """Who asks for labels, counts them or goes through them finds those that were sent."""
    labels = Labels(b'{"app":"web","tier":"front"}')

    assert labels["app"] == "web"
    assert labels.get("tier") == "front"
    assert labels.get("none") is None
    assert "none" not in labels
    assert dict(labels) == {"app": "web", "tier": "front"}
    assert len(labels) == 2


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (b"null", {}),
        (b"{}", {}),
        (b"[]", {}),
        (b'"app"', {}),
        (b'{"app":"web","odd":1,"none":null,"deep":{"app":"x"}}', {"app": "web"}),
        (b'{"app":"\\u0077eb"}', {"app": "web"}),
    ],
)
def test_what_is_no_string_is_no_label(text: bytes, read: dict[str, str]) -> None:
    """Labels of a wrong type cost only themselves."""
    assert dict(Labels(text)) == read


def test_equal_labels_may_be_written_differently() -> None:
    """Two texts that say the same are the same labels, and equal to a dictionary of them."""
    one, other = Labels(b'{"a":"1","b":"2"}'), Labels(b'{"b": "2", "a": "1"}')

    assert one == other
    assert one == {"a": "1", "b": "2"}
    assert one != Labels(b'{"a":"1"}')
