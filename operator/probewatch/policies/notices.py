"""Notices: log messages about policies, for an operator that writes no statuses.

In a dry run nothing is written, and an operator that watches only some pods leaves the statuses
to others. Users then see nothing on a policy, so at least the log says if it is not accepted.
"""

import logging
from collections.abc import Iterable

from probewatch.core.policies import ProbePolicy, Problem, find_problem
from probewatch.core.policy import Policy
from probewatch.kube.policies.parsing import Read

_log = logging.getLogger(__name__)


class Notices:
    """Logs once why there are no statuses, and once for each policy that is not accepted.

    *why* is the reason that no statuses are written, *default* the operator's own thresholds.
    """

    def __init__(self, why: str, default: Policy) -> None:
        self._why = why
        self._default = default
        self._refused: frozenset[tuple[str, int]] = frozenset()
        self._has_logged_why = False

    def tell(self, reads: Iterable[Read]) -> None:
        """Log what is new about the policies; *reads* are all that exist."""
        known = tuple(reads)
        if known and not self._has_logged_why:
            self._has_logged_why = True
            extra = {"why": self._why, "policies": len(known)}
            _log.info("ProbePolicies are applied, but their status is not written", extra=extra)
        refused = {
            (each.policy.uid, each.generation): (each.policy, problem)
            for each in known
            if (problem := find_problem(each.policy, self._default))
        }
        for key in refused.keys() - self._refused:
            _log_refused(*refused[key])
        self._refused = frozenset(refused)


def _log_refused(policy: ProbePolicy, problem: Problem) -> None:
    _log.warning(
        "A policy is not accepted; it selects nothing until that is fixed",
        extra={
            "namespace": policy.namespace,
            "policy": policy.name,
            "reason": problem.reason,
            "error": problem.message,
        },
    )
