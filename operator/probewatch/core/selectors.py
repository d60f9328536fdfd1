"""Label selectors: which labels they ask for, by the API's own rules.

All requirements have to hold; a selector without any selects everything. `NotIn` also holds
where the label is not there at all, as it does everywhere in the API.
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
"""So many values are kept as they are."""

HASH_BYTES = 8


class Operator(StrEnum):
    """How a label relates to the values of a requirement."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


WITH_VALUES = frozenset({Operator.IN, Operator.NOT_IN})
WHERE_MISSING = frozenset({Operator.NOT_IN, Operator.DOES_NOT_EXIST})
"""What holds where the label is not there."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """Many values, by their hashes: of 170 bytes for each value, 8 are left.

    Python's hash of a text has 64 bits, and a secret of the process in it: that two of a million
    values have the same is a matter of one in ten million, and nobody can choose them.
    """

    joined: bytes

    def __contains__(self, value: str) -> bool:
        """Whether it is one of them."""
        wanted, at = _hash(value), -1
        while (at := self.joined.find(wanted, at + 1)) % HASH_BYTES:
            if at < 0:
                return False
        return True


def _hash(value: str) -> bytes:
    return hash(value).to_bytes(HASH_BYTES, signed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What must hold of one label."""

    key: str
    operator: Operator
    values: frozenset[str] | Hashes = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether it holds of these labels."""
        value = labels.get(self.key)
        # It is asked a million times where there are many policies: so not in the order of the API.
        if value is None:
            return self.operator in WHERE_MISSING
        if self.operator is Operator.IN:
            return value in self.values
        if self.operator is Operator.NOT_IN:
            return value not in self.values
        return self.operator is Operator.EXISTS


Selector = tuple[Requirement, ...]


def pack(requirement: Requirement) -> Requirement:
    """Return the same requirement in less memory, where it has many values."""
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
    """Whether a label may have this value."""
    return len(text) <= LONGEST_VALUE and LABEL_VALUE.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Whether a label may have this key: a name, or a domain, a slash and a name."""
    prefix, slash, name = text.rpartition("/")
    if slash and not (len(prefix) <= LONGEST_PREFIX and LABEL_PREFIX.fullmatch(prefix)):
        return False
    return len(name) <= LONGEST_VALUE and LABEL_NAME.fullmatch(name) is not None


def find_mistakes(selector: Iterable[Requirement]) -> Iterator[str]:
    """Yield what no label could ever meet, or the API would not understand, in words.

    What is packed was looked at before.
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
