"""Policies: which `ProbePolicy` a pod is under, and what it is judged by then.

A pod is under one policy of its namespace at most, the strongest of those that select it:
the one with the highest priority, of equals the oldest, and then the first by name. Only
what that one sets is different from the operator's own settings; two policies are never
mixed, so that whoever asks why a pod is judged so finds the answer in one object.

A policy that is not accepted selects nothing, as if it were not there.
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
"""The fields of a policy whose values have to fit together, as the API calls them."""


class Reason(StrEnum):
    """Why a policy is accepted, or is not."""

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
        "The slow loop's window would not be longer than the loop's, where needed with the "
        "operator's setting for one of them. The policy selects nothing."
    ),
}
"""What each means, for people; the documentation is made from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a policy is not accepted."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePolicy:
    """A ProbePolicy, as far as it matters for what pods are judged by."""

    namespace: str
    name: str
    uid: str = ""
    created_at: float = 0.0
    priority: int = 0
    selector: Selector = ()
    overrides: Mapping[str, float] = field(default_factory=dict)
    """Fields of `Policy` with the values that it sets."""
    problem: Problem | None = None


@dataclass(slots=True, kw_only=True)
class Count:
    """How many pods with probes a policy selects, and how many it applies to."""

    matched: int = 0
    applied: int = 0


def strength(policy: ProbePolicy) -> tuple[float, float, str]:
    """Return what policies are sorted by, the strongest first."""
    return -policy.priority, policy.created_at, policy.name


def find_problem(policy: ProbePolicy, default: Policy) -> Problem | None:
    """Return why a policy is not accepted, where it is not."""
    return policy.problem or _find_wrong_windows(policy, default)


def _find_wrong_windows(policy: ProbePolicy, default: Policy) -> Problem | None:
    """Compare the windows; those that the operator set alone are not the policy's fault."""
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
    """Return what the pods under a policy are judged by."""
    if policy is None or not policy.overrides:
        return default
    return replace(default, **policy.overrides)  # type: ignore[arg-type]  # by the type of each field


def judge(policy: ProbePolicy, count: Count, default: Policy) -> Problem | Reason:
    """Return why a policy is not accepted, or what it does if it is."""
    problem = find_problem(policy, default)
    if problem is not None:
        return problem
    if count.applied:
        return Reason.IN_EFFECT
    return Reason.OVERRIDDEN if count.matched else Reason.NO_PODS
