"""ProbePolicies are parsed whatever they contain, and get a status with conditions."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probewatch.core.policies import Count, Problem, Reason, effective_policy
from probewatch.core.policy import Policy
from probewatch.core.selectors import Operator, selects
from probewatch.kube.policies.objects import Spec, Status
from probewatch.kube.policies.parsing import FIELDS, parse_policy
from probewatch.kube.policies.status import only_counts_differ, render_status
from tests.support.probe_policies import policy_object, read_policy

WHOLE = {
    "selector": {
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["db"]}],
    },
    "priority": 7,
    "loop": {"restarts": 4, "windowSeconds": 600, "quietSeconds": 700},
    "slowLoop": {"restarts": 6, "windowSeconds": 7200},
    "flapping": {"transitions": 5, "windowSeconds": 300, "quietSeconds": 400},
    "settleSeconds": 10,
    "repairSeconds": 60,
    "events": False,
    "historyLimit": 20,
}


def test_all_of_a_policy_is_read() -> None:
    """Every field of the spec takes effect."""
    policy = read_policy(spec=WHOLE).policy

    assert 7 == policy.priority
    assert selects(policy.selector, {"app": "web"})
    assert not selects(policy.selector, {"app": "web", "tier": "db"})
    assert Policy(
        loop_restarts=4,
        loop_window=600,
        loop_quiet=700,
        slow_loop_restarts=6,
        slow_loop_window=7200,
        flap_transitions=5,
        flap_window=300,
        flap_quiet=400,
        settle=10,
        repair=60,
        events=False,
        history_limit=20,
    ) == effective_policy(policy, Policy())


def test_every_field_of_a_policy_can_be_set() -> None:
    """A ProbePolicy can override every threshold of the core, and nothing else."""
    assert set(FIELDS.values()) == {each.name for each in Policy.__dataclass_fields__.values()}


def test_policy_without_spec_and_status_changes_nothing() -> None:
    """A policy that is only metadata selects all pods, and has no status yet."""
    found = parse_policy(b'{"metadata": {"namespace": "shop", "name": "slow"}}')

    assert found is not None
    assert (None, (), 0.0) == (
        found.policy.problem,
        found.policy.selector,
        found.policy.created_at,
    )
    assert Status() == found.status


def test_status_that_cannot_be_read_is_no_empty_one() -> None:
    """A broken status differs from each that a policy can have, so it is written anew."""
    body = b'{"metadata": {"namespace": "shop", "name": "slow"}, "status": {"conditions": 7}}'
    found = parse_policy(body)

    assert found is not None
    assert found.status.observed_generation < 0


def test_unchanged_spec_is_parsed_once() -> None:
    """A spec is parsed anew if it changed, or if the policy was deleted and created again."""
    spec = {"priority": 7}
    bodies = [
        msgspec.json.encode(
            {"metadata": {"namespace": "shop", "name": "slow", "uid": uid}, "spec": each}
        )
        for uid, each in (("p-1", spec), ("p-1", spec), ("p-2", spec), ("p-1", {"priority": 8}))
    ]
    first = parse_policy(bodies[0])
    assert first is not None
    again = [parse_policy(body, lambda _namespace, _name: first) for body in bodies[1:]]

    assert [True, False, False] == [
        each is not None and each.policy is first.policy for each in again
    ]
    assert [("p-1", 7), ("p-2", 7), ("p-1", 8)] == [
        (each.policy.uid, each.policy.priority) for each in again if each is not None
    ]


@pytest.mark.parametrize("spec", [{}, {"selector": {}}, {"selector": None}, {"loop": {}}])
def test_what_is_not_set_stays_as_it_is(spec: dict[str, object]) -> None:
    """An empty spec selects all pods and changes nothing."""
    policy = read_policy(spec=spec).policy

    assert policy.problem is None
    assert ((), {}) == (policy.selector, policy.overrides)


@pytest.mark.parametrize(
    ("spec", "reason", "words"),
    [
        ({"loop": {"restarts": 1}}, Reason.INVALID_VALUE, "`spec.loop.restarts`"),
        ({"loop": {"restarts": 33}}, Reason.INVALID_VALUE, "`spec.loop.restarts`"),
        ({"loop": {"restarts": "5"}}, Reason.INVALID_VALUE, "`spec.loop.restarts`"),
        ({"loop": 5}, Reason.INVALID_VALUE, "`spec.loop`"),
        ({"events": "no"}, Reason.INVALID_VALUE, "`spec.events`"),
        ({"historyLimit": 201}, Reason.INVALID_VALUE, "`spec.historyLimit`"),
        ({"slowLoop": {"windowSeconds": 1}}, Reason.INVALID_VALUE, "`spec.slowLoop.windowSeconds`"),
        (None, Reason.INVALID_VALUE, "null"),
        (
            {"selector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}},
            Reason.INVALID_SELECTOR,
            "`spec.selector.matchExpressions[0].operator`",
        ),
        ({"selector": {"matchLabels": {"a": 5}}}, Reason.INVALID_SELECTOR, "`spec.selector"),
        ({"selector": {"matchLabels": {"a b": "c"}}}, Reason.INVALID_SELECTOR, "'a b'"),
        (
            {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
            Reason.INVALID_SELECTOR,
            "at least one value",
        ),
    ],
)
def test_what_cannot_be_understood_is_told(
    spec: dict[str, object] | None, reason: Reason, words: str
) -> None:
    """An invalid policy keeps its name, says what is wrong and where, and sets nothing."""
    body = policy_object()
    body["spec"] = spec
    read = parse_policy(json.dumps(body).encode())

    assert read is not None
    assert read.policy.problem is not None
    assert reason is read.policy.problem.reason
    assert words in read.policy.problem.message
    assert {} == read.policy.overrides


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"metadata":{}}', b'{"metadata":{"name":"a"}}']
)
def test_what_is_no_policy_is_none(body: bytes) -> None:
    """An object without name and namespace is ignored, since no status can be written for it."""
    assert parse_policy(body) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = [field.encode_name for field in msgspec.structs.fields(Spec)]


@pytest.mark.slow
@given(spec=ANYTHING | st.dictionaries(st.sampled_from(NAMES), ANYTHING), status=ANYTHING)
def test_no_spec_is_too_strange_to_be_read(spec: Any, status: Any) -> None:  # noqa: ANN401  # that is the point
    """Any spec and status can be parsed, and the resulting thresholds are in bounds."""
    body = policy_object()
    body["spec"], body["status"] = spec, status
    read = parse_policy(json.dumps(body).encode())

    assert read is not None
    judged = effective_policy(read.policy, Policy())
    assert 2 <= judged.loop_restarts <= 32
    assert 1 <= judged.history_limit <= 200


def test_a_long_mistake_is_cut() -> None:
    """A validation message fits into a condition and has no control characters."""
    read = read_policy(spec={"selector": {"matchLabels": {"\x1b[31m" + "x" * 5000: "y"}}})

    assert read.policy.problem is not None
    assert len(read.policy.problem.message.encode()) <= 512
    assert read.policy.problem.message.isprintable()


NOW = 1_800_000_000.4
PROBLEM = Problem(reason=Reason.INVALID_VALUE, message="no")


def test_an_accepted_policy_says_so() -> None:
    """The condition Accepted is True, with reason, generation and pod counts."""
    status = render_status(
        read_policy(generation=3), Reason.IN_EFFECT, Count(matched=4, applied=2), now=NOW
    )

    assert {
        "observedGeneration": 3,
        "matchedPods": 4,
        "appliedPods": 2,
        "conditions": [
            {
                "type": "Accepted",
                "status": "True",
                "lastTransitionTime": "2027-01-15T08:00:00Z",
                "reason": "InEffect",
                "message": "The policy applies to pods with probes.",
                "observedGeneration": 3,
            }
        ],
    } == json.loads(msgspec.json.encode(status))


def test_a_refused_policy_says_why() -> None:
    """The condition is False, and its message says what is wrong and what follows."""
    condition = render_status(read_policy(), PROBLEM, Count(), now=NOW).conditions[0]

    assert ("False", "InvalidValue") == (condition.status, condition.reason)
    assert "no. It selects nothing until that is fixed." == condition.message


def test_the_time_changes_with_the_status_alone() -> None:
    """The condition's lastTransitionTime changes only when its status changes."""
    read = read_policy()
    first = render_status(read, Reason.NO_PODS, Count(), now=NOW)
    read = replace(read, status=first)
    later = render_status(read, Reason.IN_EFFECT, Count(matched=1, applied=1), now=NOW + 60)
    wrong = render_status(read, PROBLEM, Count(), now=NOW + 60)

    assert first.conditions[0].last_transition_time == later.conditions[0].last_transition_time
    assert "2027-01-15T08:01:00Z" == wrong.conditions[0].last_transition_time
    assert first == render_status(read, Reason.NO_PODS, Count(), now=NOW + 60)


def test_numbers_are_told_from_news() -> None:
    """A change of pod counts alone is distinguished from a new reason or generation."""
    read = read_policy()
    one = render_status(read, Reason.IN_EFFECT, Count(matched=1, applied=1), now=NOW)
    more = render_status(read, Reason.IN_EFFECT, Count(matched=9, applied=1), now=NOW)
    none = render_status(read, Reason.NO_PODS, Count(), now=NOW)
    next_one = render_status(
        read_policy(generation=2), Reason.IN_EFFECT, Count(matched=1, applied=1), now=NOW
    )

    assert only_counts_differ(one, more)
    assert not only_counts_differ(one, none)
    assert not only_counts_differ(one, next_one)


def test_values_of_one_label_are_a_set() -> None:
    """The entries of matchLabels become In requirements."""
    requirement = read_policy(spec={"selector": {"matchLabels": {"a": "b"}}}).policy.selector[0]

    assert (Operator.IN, frozenset({"b"})) == (requirement.operator, requirement.values)
