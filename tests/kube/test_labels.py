"""Labels are kept as JSON text and behave as a mapping of strings."""

import pytest

from probewatch.kube.labels import Labels


def test_labels_are_a_map() -> None:
    """Lookup, length and iteration return the labels that were sent."""
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
    """A label of a wrong type is skipped; the others are kept."""
    assert dict(Labels(text)) == read


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"app":"\xff"}', id="no UTF-8"),
        pytest.param(b'{"\xff":"web"}', id="a key that is none"),
        pytest.param(b'{"app":"web","odd":1e999}', id="a number without end"),
        pytest.param(b'{"app":"web"', id="cut off"),
        pytest.param(b'{"app":' + b"[" * 5000 + b"]" * 5000 + b"}", id="too deep"),
    ],
)
def test_labels_that_cannot_be_read_are_none(text: bytes) -> None:
    """Unreadable labels are empty; they raise no error in a policy's lookup."""
    labels = Labels(text)

    assert labels.get("app") is None
    assert {} == dict(labels)


def test_equal_labels_may_be_written_differently() -> None:
    """Labels with equal contents are equal, however they are written."""
    one, other = Labels(b'{"a":"1","b":"2"}'), Labels(b'{"b": "2", "a": "1"}')

    assert one == other
    assert one == {"a": "1", "b": "2"}
    assert one != Labels(b'{"a":"1"}')
