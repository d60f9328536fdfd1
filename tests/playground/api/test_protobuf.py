"""Kubernetes' protobuf: what Helm writes is decoded, anything else is refused."""

import base64

import pytest

from probewatch.playground.api.protobuf import MAGIC, UnreadableError, decode


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number: int, value: bytes | int) -> bytes:
    """One field in wire format."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(key: bytes, value: bytes) -> bytes:
    return field(1, key) + field(2, value)


def envelope(kind: bytes, raw: bytes, api_version: bytes = b"v1") -> bytes:
    meta = field(1, api_version) + field(2, kind)
    return MAGIC + field(1, meta) + field(2, raw) + field(3, b"") + field(4, b"")


METADATA = (
    field(1, b"sh.helm.release.v1.probewatch.v1")
    + field(3, b"ops")
    + field(7, 300)
    + field(8, field(1, 1_700_000_000))
    + field(11, entry(b"owner", b"helm"))
    + field(11, entry(b"status", b"deployed"))
    + field(13, field(1, b"Pod") + field(3, b"p") + field(6, 1))
    + field(14, b"a/b")
)


def test_a_release_of_helm_is_read() -> None:
    """A Secret is decoded as in JSON: data in base64; times are omitted."""
    body = envelope(b"Secret", field(1, METADATA) + field(2, entry(b"release", b"\x1f\x8b")))

    assert decode(body) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "sh.helm.release.v1.probewatch.v1",
            "namespace": "ops",
            "generation": 300,
            "labels": {"owner": "helm", "status": "deployed"},
            "ownerReferences": [{"kind": "Pod", "name": "p", "controller": True}],
            "finalizers": ["a/b"],
        },
        "data": {"release": base64.b64encode(b"\x1f\x8b").decode()},
    }


def test_an_empty_text_in_a_list_is_kept() -> None:
    """Empty strings in lists are kept, as the core group's name is empty."""
    rule = field(1, b"get") + field(2, b"") + field(3, b"pods")
    role = field(1, field(1, b"r") + field(2, b"")) + field(2, rule)

    assert decode(envelope(b"Role", role, b"rbac.authorization.k8s.io/v1")) == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "r"},
        "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
    }


def test_options_of_a_deletion_are_read() -> None:
    """DeleteOptions are decoded as well."""
    options = field(1, 0) + field(2, field(1, b"u-1")) + field(4, b"Background")

    assert decode(envelope(b"DeleteOptions", options)) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": "u-1"},
        "propagationPolicy": "Background",
    }


@pytest.mark.parametrize("number", [-1, -(1 << 63), (1 << 63) - 1])
def test_a_number_has_its_sign(number: int) -> None:
    """Negative numbers are decoded as negative."""
    body = envelope(b"DeleteOptions", field(1, number % (1 << 64)))

    assert number == decode(body)["gracePeriodSeconds"]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        envelope(b"Pod", b""),
        envelope(b"Secret", field(99, b"?")),
        envelope(b"Secret", field(1, 5)),
        envelope(b"Secret", field(5, b"no number")),
        envelope(b"Secret", varint(1 << 3 | 5) + b"\0\0\0\0"),
        envelope(b"Secret", b"\x0a\x10short"),
        envelope(b"Secret", b"\x80"),
    ],
    ids=["no magic", "kind", "field", "no message", "no flag", "wire type", "short", "half a tag"],
)
def test_what_is_not_understood_is_refused(body: bytes) -> None:
    """Unknown kinds, fields and wire types are refused."""
    with pytest.raises(UnreadableError):
        decode(body)
