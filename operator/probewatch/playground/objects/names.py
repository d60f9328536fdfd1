"""The validation of names and labels, and the names that the server generates."""

import re
import secrets
from collections.abc import Mapping
from typing import Any

from probewatch.playground.objects.status import Cause

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(rf"{LABEL.pattern}(\.{LABEL.pattern})*")
QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
LABEL_LENGTH, SUBDOMAIN_LENGTH = 63, 253
QUALIFIED_LENGTH = 63
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""As the server's own: no vowels, and nothing that is easily confused."""
SUFFIX_LENGTH = 5
GENERATED_LENGTH = 63

SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)

LABEL_NAMED = frozenset({"Namespace", "Service"})
"""Kinds whose names have to be DNS labels, since they become part of host names."""
PATH_NAMED = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})
"""Kinds whose names may be anything that is valid as one segment of a path."""


def generate_name(prefix: str) -> str:
    """Return *prefix* with a random suffix."""
    head = prefix[: GENERATED_LENGTH - SUFFIX_LENGTH]
    return head + "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(SUFFIX_LENGTH))


def check_name(kind: str, name: str, field: str = "metadata.name") -> list[Cause]:
    """Return what is wrong with the name of an object of that kind."""
    if kind in PATH_NAMED:
        bad = name in {".", ".."} or "/" in name or "%" in name
        return (
            [(field, f"Invalid value: {_quote(name)}: may not contain '/' or '%'")] if bad else []
        )
    pattern, length, text = SUBDOMAIN, SUBDOMAIN_LENGTH, SUBDOMAIN_TEXT
    if kind in LABEL_NAMED:
        pattern, length, text = LABEL, LABEL_LENGTH, LABEL_TEXT
    if len(name) > length:
        return [(field, f"Invalid value: {_quote(name)}: must be no more than {length} characters")]
    if not pattern.fullmatch(name):
        return [(field, f"Invalid value: {_quote(name)}: {text}")]
    return []


def check_labels(labels: Mapping[str, Any]) -> list[Cause]:
    """Return what is wrong with labels."""
    field = "metadata.labels"
    causes = [cause for key in labels for cause in check_key(key, field)]
    for value in labels.values():
        if len(value) > QUALIFIED_LENGTH:
            text = f"must be no more than {QUALIFIED_LENGTH} characters"
            causes.append((field, f"Invalid value: {_quote(value)}: {text}"))
        elif value and not QUALIFIED.fullmatch(value):
            causes.append((field, f"Invalid value: {_quote(value)}: {LABEL_VALUE_TEXT}"))
    return causes


def check_key(key: str, field: str) -> list[Cause]:
    """Return what is wrong with the key of a label or an annotation."""
    prefix, slash, name = key.rpartition("/")
    fine = (
        QUALIFIED.fullmatch(name)
        and len(name) <= QUALIFIED_LENGTH
        and (not slash or (SUBDOMAIN.fullmatch(prefix) and len(prefix) <= SUBDOMAIN_LENGTH))
    )
    if fine:
        return []
    text = (
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and "
        "end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
        "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    )
    return [(field, f"Invalid value: {_quote(key)}: {text}")]


def _quote(text: str) -> str:
    return f'"{text}"'
