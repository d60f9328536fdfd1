"""Notices: what is said of policies in the log, where nothing may be written on them.

An operator that sees only some pods leaves statuses alone, for another one may see the others.
Whoever applies a policy then finds nothing on it: neither that it holds, nor that it is no good.
"""

import logging
from collections.abc import Iterable

from probewatch.core.policies import ProbePolicy, Problem, find_problem
from probewatch.core.policy import Policy
from probewatch.kube.policies.parsing import Read

_log = logging.getLogger(__name__)


class Notices:
    """Says once why there are no statuses, and of each policy that is not accepted that it is not.

    *why* is what keeps statuses from being written, *default* what the operator's settings say.
    """

    def __init__(self, why: str, default: Policy) -> None:
        self._why = why
        self._default = default
        self._refused: frozenset[tuple[str, int]] = frozenset()
        self._has_said_why = False

    def tell(self, reads: Iterable[Read]) -> None:
        """Say what was not said yet of these policies, which are all there are."""
        known = tuple(reads)
        if known and not self._has_said_why:
            self._has_said_why = True
            extra = {"why": self._why, "policies": len(known)}
            _log.info("ProbePolicies are applied, but their status is not written", extra=extra)
        refused = {
            (each.policy.uid, each.generation): (each.policy, problem)
            for each in known
            if (problem := find_problem(each.policy, self._default))
        }
        for key in refused.keys() - self._refused:
            _say_refused(*refused[key])
        self._refused = frozenset(refused)


def _say_refused(policy: ProbePolicy, problem: Problem) -> None:
    _log.warning(
        "A policy is not accepted; it selects nothing until that is fixed",
        extra={
            "namespace": policy.namespace,
            "policy": policy.name,
            "reason": problem.reason,
            "error": problem.message,
        },
    )
