"""Policies: which `ProbePolicy` applies to a pod, and the thresholds that result.

At most one policy of its namespace applies to a pod, the strongest of those that select it: the
one with the highest priority, then the oldest, then the first by name. The fields that it sets
override the operator's settings. Two policies are never merged, so that one object explains why a
pod is judged as it is.

A policy that is not accepted selects nothing, as if it did not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from probewatch.core.policy import Policy
from probewatch.core.selectors import Selector
from probewatch.core.values import replace

WINDOWS: Mapping[str, str] = {
    "loop_window": "loop.windowSeconds",
    "slow_loop_window": "slowLoop.windowSeconds",
}
"""The fields whose values must fit together, with their paths in the API."""


class Reason(StrEnum):
    """Why a policy is accepted or not: the reason in its status conditions."""

    IN_EFFECT = "InEffect"
    NO_PODS = "NoPods"
    OVERRIDDEN = "Overridden"
    INVALID_SELECTOR = "InvalidSelector"
    INVALID_VALUE = "InvalidValue"
    INVALID_WINDOWS = "InvalidWindows"


REASONS: Mapping[Reason, str] = {
    Reason.IN_EFFECT: "The policy applies to pods with probes.",
    Reason.NO_PODS: "The policy is valid, but selects no pod with probes at present.",
    Reason.OVERRIDDEN: "The policy is valid, but stronger policies apply to all pods it selects.",
    Reason.INVALID_SELECTOR: "The selector is invalid. The policy selects nothing.",
    Reason.INVALID_VALUE: "A field has an invalid value. The policy selects nothing.",
    Reason.INVALID_WINDOWS: (
        "The slow loop's window is not longer than the loop's, with the operator's setting for a "
        "window that the policy does not set. The policy selects nothing."
    ),
}
"""The meaning of each reason; the documentation is generated from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a policy is not accepted."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePolicy:
    """A ProbePolicy object, reduced to the fields that decide about pods."""

    namespace: str
    name: str
    uid: str = ""
    created_at: float = 0.0
    priority: int = 0
    selector: Selector = ()
    overrides: Mapping[str, float] = field(default_factory=dict)
    """The fields of `Policy` that it sets, with their values."""
    problem: Problem | None = None


@dataclass(slots=True, kw_only=True)
class Count:
    """How many pods with probes a policy selects, and how many it applies to."""

    matched: int = 0
    applied: int = 0


def strength(policy: ProbePolicy) -> tuple[float, float, str]:
    """Return the sort key of policies, the strongest first."""
    return -policy.priority, policy.created_at, policy.name


def find_problem(policy: ProbePolicy, default: Policy) -> Problem | None:
    """Return why a policy is not accepted, or None if it is."""
    return policy.problem or _find_wrong_windows(policy, default)


def _find_wrong_windows(policy: ProbePolicy, default: Policy) -> Problem | None:
    """Check that the slow loop's window is the longer one, if the policy sets one of the two."""
    if not WINDOWS.keys() & policy.overrides.keys():
        return None
    fast, slow = (policy.overrides.get(name, getattr(default, name)) for name in WINDOWS)
    if fast < slow:
        return None
    words = (
        f"{path} is {window:.15g}"
        + ("" if name in policy.overrides else " by the operator's settings")
        for (name, path), window in zip(WINDOWS.items(), (fast, slow), strict=True)
    )
    message = f"{' and '.join(words)}; the second has to be longer"
    return Problem(reason=Reason.INVALID_WINDOWS, message=message)


def effective_policy(policy: ProbePolicy | None, default: Policy) -> Policy:
    """Return the thresholds for the pods to which a policy applies."""
    if policy is None or not policy.overrides:
        return default
    return replace(default, **policy.overrides)  # type: ignore[arg-type]  # by the type of each field


def judge(policy: ProbePolicy, count: Count, default: Policy) -> Problem | Reason:
    """Return why a policy is not accepted, or the reason for its status if it is."""
    problem = find_problem(policy, default)
    if problem is not None:
        return problem
    if count.applied:
        return Reason.IN_EFFECT
    return Reason.OVERRIDDEN if count.matched else Reason.NO_PODS
