"""Label values are bounded and cannot end a line or a label."""

import pytest

from probewatch.metrics.labels import LONGEST_VALUE, escape

VALUES = {
    "": "",
    "web-1.shop": "web-1.shop",
    "a" * LONGEST_VALUE: "a" * LONGEST_VALUE,
    "a" * 300: "a" * (LONGEST_VALUE - 3) + "…",
    'say "no"': r"say \"no\"",
    r"C:\n": r"C:\\n",
    r"\"": r"\\\"",
    "two\nlines": "two lines",
    "\x1b[2J": "[2J",
}


@pytest.mark.parametrize(("value", "label"), VALUES.items(), ids=map(repr, VALUES))
def test_value_becomes_a_label(value: str, label: str) -> None:
    """Names of Kubernetes stay as they are; of others at most 253 bytes are left."""
    assert label == escape(value)
