"""Label selectors, by the rules of the Kubernetes API.

All requirements must hold; a selector without requirements selects everything. `NotIn` also holds
if the label is missing, as everywhere in the API.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from probewatch.core.values import replace

LABEL_VALUE = re.compile(r"(?:(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", re.ASCII)
LABEL_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)
LABEL_PREFIX = re.compile(
    r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII
)
LONGEST_VALUE = 63
LONGEST_PREFIX = 253

FEW = 8
"""Up to this many values are kept as they are, not as hashes."""

HASH_BYTES = 8


class Operator(StrEnum):
    """The operator of a requirement."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


WITH_VALUES = frozenset({Operator.IN, Operator.NOT_IN})
WHERE_MISSING = frozenset({Operator.NOT_IN, Operator.DOES_NOT_EXIST})
"""Operators that hold if the label is missing."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """A large set of values, kept as hashes: 8 bytes for each value instead of 170.

    Python's string hash has 64 bits and is salted with a secret of the process. The chance that
    any two of a million values collide is about one in ten million, and nobody can choose values
    that do.
    """

    joined: bytes

    def __contains__(self, value: str) -> bool:
        """Whether the value is one of them."""
        wanted, at = _hash(value), -1
        while (at := self.joined.find(wanted, at + 1)) % HASH_BYTES:
            if at < 0:
                return False
        return True


def _hash(value: str) -> bytes:
    return hash(value).to_bytes(HASH_BYTES, signed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A condition on one label."""

    key: str
    operator: Operator
    values: frozenset[str] | Hashes = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether it holds for these labels."""
        value = labels.get(self.key)
        # Called a million times if there are many policies, so the commonest case comes first.
        if value is None:
            return self.operator in WHERE_MISSING
        if self.operator is Operator.IN:
            return value in self.values
        if self.operator is Operator.NOT_IN:
            return value not in self.values
        return self.operator is Operator.EXISTS


Selector = tuple[Requirement, ...]


def pack(requirement: Requirement) -> Requirement:
    """Return an equal requirement that takes less memory if it has many values."""
    values = requirement.values
    if isinstance(values, Hashes) or len(values) <= FEW:
        return requirement
    joined = b"".join(_hash(value) for value in sorted(values))
    return replace(requirement, values=Hashes(joined))


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether all requirements hold."""
    for requirement in selector:  # noqa: SIM110  # a generator takes twice as long
        if not requirement.holds(labels):
            return False
    return True


def is_label_value(text: str) -> bool:
    """Whether the text is a valid label value."""
    return len(text) <= LONGEST_VALUE and LABEL_VALUE.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Whether the text is a valid label key: a name, or a domain, a slash and a name."""
    prefix, slash, name = text.rpartition("/")
    if slash and not (len(prefix) <= LONGEST_PREFIX and LABEL_PREFIX.fullmatch(prefix)):
        return False
    return len(name) <= LONGEST_VALUE and LABEL_NAME.fullmatch(name) is not None


def find_mistakes(selector: Iterable[Requirement]) -> Iterator[str]:
    """Yield a message for each part that the API would reject, or that no label could match.

    Packed requirements are skipped: they were checked before they were packed.
    """
    for each in selector:
        if isinstance(each.values, Hashes):
            continue
        if not is_label_key(each.key):
            yield f"{each.key!r} cannot be the key of a label"
        if each.operator in WITH_VALUES and not each.values:
            yield f"{each.operator} on {each.key!r} needs at least one value"
        if each.operator not in WITH_VALUES and each.values:
            yield f"{each.operator} on {each.key!r} takes no values"
        for value in sorted(value for value in each.values if not is_label_value(value)):
            yield f"{value!r} cannot be the value of a label"
