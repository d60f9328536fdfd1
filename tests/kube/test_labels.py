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
    """A policy that looks for labels meets no error that is another one's."""
    labels = Labels(text)

    assert labels.get("app") is None
    assert {} == dict(labels)


def test_equal_labels_may_be_written_differently() -> None:
    """Two texts that say the same are the same labels, and equal to a dictionary of them."""
    one, other = Labels(b'{"a":"1","b":"2"}'), Labels(b'{"b": "2", "a": "1"}')

    assert one == other
    assert one == {"a": "1", "b": "2"}
    assert one != Labels(b'{"a":"1"}')
