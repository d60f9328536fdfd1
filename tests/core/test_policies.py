"""Which policy applies to a pod, and which thresholds result."""

import itertools
from dataclasses import replace

import pytest

from probewatch.core.policies import (
    REASONS,
    Count,
    ProbePolicy,
    Problem,
    Reason,
    effective_policy,
    find_problem,
    judge,
    strength,
)
from probewatch.core.policy import Policy

DEFAULT = Policy()
BROKEN = Problem(reason=Reason.INVALID_SELECTOR, message="no")


def policy(name: str = "one", **fields: object) -> ProbePolicy:
    plain = ProbePolicy(namespace="shop", name=name, created_at=100.0)
    return replace(plain, **fields)  # type: ignore[arg-type]  # names are checked by replace


def test_the_strongest_comes_first_whatever_the_order() -> None:
    """Policies are ranked by priority, then age, then name, in any order of arrival."""
    expected = [
        policy("d", priority=10, created_at=300.0),
        policy("c", priority=10, created_at=400.0),
        policy("b", created_at=50.0),
        policy("a"),
        policy("z"),
    ]

    for order in itertools.permutations(expected):
        assert expected == sorted(order, key=strength)


def test_what_a_policy_does_not_set_comes_from_the_settings() -> None:
    """A policy overrides single thresholds; all others come from the settings."""
    strict = policy(overrides={"loop_restarts": 5})

    assert replace(DEFAULT, loop_restarts=5) == effective_policy(strict, DEFAULT)
    assert effective_policy(policy(), DEFAULT) is DEFAULT
    assert effective_policy(None, DEFAULT) is DEFAULT


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({}, None),
        ({"loop_window": 60, "slow_loop_window": 61}, None),
        ({"slow_loop_window": 901}, None),
        ({"loop_restarts": 5}, None),
        (
            {"loop_window": 60, "slow_loop_window": 60},
            (
                "loop.windowSeconds is 60 and slowLoop.windowSeconds is 60; "
                "the second has to be longer"
            ),
        ),
        (
            {"loop_window": 2592000},
            (
                "loop.windowSeconds is 2592000 and slowLoop.windowSeconds is 21600 by the "
                "operator's settings; the second has to be longer"
            ),
        ),
        (
            {"slow_loop_window": 60},
            (
                "loop.windowSeconds is 900 by the operator's settings and slowLoop.windowSeconds "
                "is 60; the second has to be longer"
            ),
        ),
    ],
)
def test_windows_have_to_fit_together(overrides: dict[str, float], message: str | None) -> None:
    """A slow loop's window that is not the longer one is refused; the message has both values."""
    problem = find_problem(policy(overrides=overrides), DEFAULT)

    assert message == (problem and problem.message)
    assert problem is None or problem.reason is Reason.INVALID_WINDOWS


def test_settings_that_do_not_fit_are_not_the_fault_of_a_policy() -> None:
    """A policy that sets no window is accepted, whatever the operator's windows are."""
    wrong = replace(DEFAULT, slow_loop_window=1.0)

    assert find_problem(policy(overrides={"events": False}), wrong) is None


@pytest.mark.parametrize(
    ("subject", "count", "verdict"),
    [
        (policy(), Count(matched=2, applied=1), Reason.IN_EFFECT),
        (policy(), Count(matched=2), Reason.OVERRIDDEN),
        (policy(), Count(), Reason.NO_PODS),
        (policy(problem=BROKEN), Count(), BROKEN),
    ],
    ids=["in effect", "overridden", "no pods", "broken"],
)
def test_what_became_of_a_policy(
    subject: ProbePolicy, count: Count, verdict: Problem | Reason
) -> None:
    """A policy is in effect, overridden, without pods, or invalid."""
    assert verdict == judge(subject, count, DEFAULT)


def test_every_reason_is_explained() -> None:
    """Each reason of the closed list has a meaning, in the list's order."""
    assert list(Reason) == list(REASONS)
