"""Label selectors have the semantics of the Kubernetes API."""

from collections.abc import Mapping

import pytest

from probewatch.core.selectors import (
    FEW,
    HASH_BYTES,
    Hashes,
    Operator,
    Requirement,
    find_mistakes,
    is_label_key,
    is_label_value,
    pack,
    selects,
)


def wants(operator: Operator, *values: str, key: str = "tier") -> Requirement:
    return Requirement(key=key, operator=operator, values=frozenset(values))


WEB, DB, NONE, EMPTY = {"tier": "web"}, {"tier": "db"}, {"app": "cart"}, {"tier": ""}


@pytest.mark.parametrize(
    ("requirement", "met", "missed"),
    [
        (wants(Operator.IN, "web"), [WEB], [DB, NONE, EMPTY, {}]),
        (wants(Operator.IN, "web", "db"), [WEB, DB], [NONE, {}]),
        (wants(Operator.IN, ""), [EMPTY], [NONE, {}, WEB]),
        (wants(Operator.NOT_IN, "web"), [DB, NONE, EMPTY, {}], [WEB]),
        (wants(Operator.NOT_IN, "web", "db"), [NONE, {}], [WEB, DB]),
        (wants(Operator.EXISTS), [WEB, DB, EMPTY], [NONE, {}]),
        (wants(Operator.DOES_NOT_EXIST), [NONE, {}], [WEB, DB, EMPTY]),
    ],
    ids=["in", "in two", "in empty", "not in", "not in two", "exists", "does not exist"],
)
def test_a_requirement_holds_as_in_the_api(
    requirement: Requirement, met: list[Mapping[str, str]], missed: list[Mapping[str, str]]
) -> None:
    """Each operator selects exactly the labels that an API server selects."""
    assert met == [labels for labels in [*met, *missed] if selects((requirement,), labels)]


def test_all_requirements_have_to_hold() -> None:
    """All requirements have to hold; an empty selector selects everything."""
    both = (wants(Operator.IN, "web"), wants(Operator.EXISTS, key="app"))

    assert selects(both, {"tier": "web", "app": "cart"})
    assert not selects(both, WEB)
    assert selects((), {})


@pytest.mark.parametrize("operator", [Operator.IN, Operator.NOT_IN])
@pytest.mark.parametrize("count", [FEW, FEW + 1, 64])
def test_many_values_mean_the_same_in_less_memory(operator: Operator, count: int) -> None:
    """A packed requirement selects the same labels and validates as before."""
    written = wants(operator, *map(str, range(count)))
    packed = pack(written)
    some: list[Mapping[str, str]] = [{}, *({"tier": str(n)} for n in range(-1, count + 1))]

    assert [written.holds(each) for each in some] == [packed.holds(each) for each in some]
    assert (count > FEW) is isinstance(packed.values, Hashes)
    assert [] == list(find_mistakes([packed]))
    assert pack(packed) is packed


def test_values_that_are_written_in_another_order_are_the_same() -> None:
    """The order of values does not make a policy look changed."""
    values = [str(n) for n in range(20)]

    assert pack(wants(Operator.IN, *values)) == pack(wants(Operator.IN, *reversed(values)))


def test_a_hash_is_looked_for_where_one_begins() -> None:
    """A match across the boundary of two packed hashes is no match."""
    wanted = hash("web").to_bytes(HASH_BYTES, signed=True)
    between = bytes(3) + wanted + bytes(5)

    assert "web" not in Hashes(between)
    assert "web" in Hashes(between + wanted)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("app", True),
        ("app.kubernetes.io/name", True),
        ("a" * 63, True),
        ("a" * 253 + "/a", True),
        ("App_1.x", True),
        ("", False),
        ("a" * 64, False),
        ("a" * 254 + "/a", False),
        ("-a", False),
        ("a b", False),
        ("a/b/c", False),
        ("/a", False),
        ("a/", False),
        ("Example.com/a", False),
        ("a\n", False),
        ("ä", False),
    ],
)
def test_keys_of_labels(text: str, is_one: bool) -> None:  # noqa: FBT001  # a column of the table
    """A label key is valid if the API accepts it."""
    assert is_one is is_label_key(text)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("", True),
        ("web", True),
        ("1.2_3-x", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("-a", False),
        ("a.", False),
        ("a b", False),
        ("a/b", False),
        ("a\n", False),
    ],
)
def test_values_of_labels(text: str, is_one: bool) -> None:  # noqa: FBT001  # a column of the table
    """A label value is valid if the API accepts it."""
    assert is_one is is_label_value(text)


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        (wants(Operator.IN, "web"), []),
        (wants(Operator.EXISTS), []),
        (wants(Operator.IN), ["In on 'tier' needs at least one value"]),
        (wants(Operator.NOT_IN), ["NotIn on 'tier' needs at least one value"]),
        (wants(Operator.EXISTS, "web"), ["Exists on 'tier' takes no values"]),
        (wants(Operator.DOES_NOT_EXIST, "x"), ["DoesNotExist on 'tier' takes no values"]),
        (wants(Operator.EXISTS, key="a b"), ["'a b' cannot be the key of a label"]),
        (wants(Operator.IN, "a b"), ["'a b' cannot be the value of a label"]),
    ],
)
def test_mistakes_are_told_in_words(requirement: Requirement, words: list[str]) -> None:
    """Exactly the selectors that an API server rejects are reported, with the reason."""
    assert words == list(find_mistakes([requirement]))
