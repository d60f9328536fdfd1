"""The ranking: the strongest policy for a pod is found without comparing it with all."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from probewatch.core.policies import ProbePolicy, strength
from probewatch.core.selectors import FEW, Operator, Requirement, pack, selects
from probewatch.policies.ranking import Ranking

POLICIES = 500


class CountedLabels(dict[str, str]):
    """Labels that count how often they are read."""

    asked = 0

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]  # simpler
        self.asked += 1
        return super().get(key, default)


def wants(key: str, operator: Operator, values: Iterable[str] = ()) -> Requirement:
    return pack(Requirement(key=key, operator=operator, values=frozenset(values)))


def policy(name: str, *selector: Requirement, priority: int = 0) -> ProbePolicy:
    return ProbePolicy(namespace="shop", name=name, selector=selector, priority=priority)


def rank(policies: Iterable[ProbePolicy]) -> Ranking:
    ranking = Ranking()
    for each in policies:
        ranking.put(each)
    return ranking


KEYS, VALUES = st.sampled_from("abc"), [str(n) for n in range(FEW + 4)]
REQUIREMENTS = st.one_of(
    st.builds(
        wants,
        KEYS,
        st.sampled_from([Operator.IN, Operator.NOT_IN]),
        st.one_of(st.sets(st.sampled_from(VALUES[:3]), min_size=1), st.just(set(VALUES[1:]))),
    ),
    st.builds(wants, KEYS, st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST])),
)
POLICY = st.tuples(st.integers(0, 5), st.integers(0, 2), st.lists(REQUIREMENTS, max_size=4))
LABELS = st.dictionaries(KEYS | st.just("unasked"), st.sampled_from(VALUES))


@given(st.lists(POLICY, max_size=30), st.lists(LABELS, max_size=5))
def test_the_strongest_that_selects_a_pod_is_found(
    steps: list[tuple[int, int, list[Requirement]]], pods: list[dict[str, str]]
) -> None:
    """The result is that of comparing with all policies, after any creations and deletions."""
    ranking, there = Ranking(), dict[str, ProbePolicy]()
    for number, priority, selector in steps:
        name = f"p{number}"
        if name in there:
            ranking.remove(name)
            del there[name]
        if priority:
            there[name] = policy(name, *selector, priority=priority)
            ranking.put(there[name])
        for labels in pods:
            inside = ranking.project(labels)
            ranked = sorted(there.values(), key=strength)
            matching = [each for each in ranked if selects(each.selector, labels)]

            assert next(iter(matching), None) == ranking.find(labels) == ranking.find(dict(inside))
            assert [each.policy for each in ranking.in_order()] == ranked
            assert matching == [each.policy for each in ranking.in_order() if each.selects(labels)]


def test_another_edition_tells_of_each_change() -> None:
    """Each change has a new edition, by which a cache can tell that it is outdated."""
    ranking = Ranking()
    editions = [ranking.edition]
    for name in ("one", "two"):
        ranking.put(policy(name))
        editions.append(ranking.edition)
    for name in ("one", "two"):
        ranking.remove(name)
        editions.append(ranking.edition)

    assert len(editions) == len(set(map(id, editions)))
    assert 0 == len(ranking)


def test_labels_that_no_policy_asks_about_any_more_make_no_pod_another_one() -> None:
    """A label is used for caching as long as some policy selects by it."""
    app, tier = wants("app", Operator.EXISTS), wants("tier", Operator.EXISTS)
    ranking = rank(
        [policy("one", app, tier), policy("two", app, wants("app", Operator.NOT_IN, {"x"}))]
    )
    asked = [set(ranking.asked_about())]
    for name in ("one", "two"):
        ranking.remove(name)
        asked.append(set(ranking.asked_about()))

    assert [{"app", "tier"}, {"app"}, set()] == asked
    assert frozenset() == ranking.project({"app": "cart", "tier": "web"})


def test_a_pod_is_compared_with_policies_for_its_labels_alone() -> None:
    """A pod is compared only with policies that select one of its label values."""
    team = wants("team", Operator.IN, {"a"})
    ranking = rank(
        policy(f"p{n}", team, wants("app", Operator.IN, {f"app-{n}"})) for n in range(POLICIES)
    )
    labels = CountedLabels(team="a", app="app-7")

    found = ranking.find(labels)

    assert found is not None
    assert "p7" == found.name
    assert labels.asked <= 2 * len(labels)


def test_what_did_not_hold_the_last_time_is_asked_first() -> None:
    """The requirement of a policy that failed last is checked first."""
    common = [wants(f"k{n}", Operator.NOT_IN, {"x"}) for n in range(10)]
    ranking = rank(
        policy(f"p{n}", *common, wants("app", Operator.NOT_IN, {"cart"})) for n in range(POLICIES)
    )
    labels = CountedLabels(app="cart")
    ranking.find(labels)
    labels.asked = 0

    assert ranking.find(labels) is None
    assert POLICIES == labels.asked
