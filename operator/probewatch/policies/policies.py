"""Puts the parts together: the index of policies, its upkeep, and the policies' statuses."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from probewatch.clock import Clock
from probewatch.kube.policies.api import PolicyApi, Requester
from probewatch.policies.index import Labelled, PolicyIndex
from probewatch.policies.notices import Notices
from probewatch.policies.statuses import PolicyStatuses
from probewatch.policies.upkeep import PolicyUpkeep
from probewatch.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySurroundings:
    """What the policies need from the rest of the operator, as functions to call at any time."""

    pods: Callable[[], Iterable[Labelled]]
    """Returns all tracked pods."""
    changed: Callable[[str], None]
    """Called with each namespace in which other policies may apply to pods now."""
    may_write: Callable[[], bool]
    """Returns whether this replica is the one that writes, and has seen all pods."""
    restart_kopf: Callable[[], Awaitable[None]]
    """Restarts kopf, so that it begins to watch policies, or stops watching them."""


class Policies:
    """All parts that handle policies; constructing them starts nothing."""

    def __init__(
        self,
        *,
        settings: Settings,
        requester: Requester,
        around: PolicySurroundings,
        clock: Clock,
    ) -> None:
        default = settings.policy()
        # Operators that each see only some pods would overwrite each other's counts for ever.
        why = "dry run" if settings.dry_run else "only some pods are watched"
        is_silent = settings.dry_run or bool(settings.pod_selector)
        self.index = PolicyIndex(default, around.changed)
        api = PolicyApi(requester, settings.namespaces, known=self.index.find)
        self.statuses = PolicyStatuses(
            index=self.index,
            api=api,
            default=default,
            pods=around.pods,
            may_write=around.may_write,
            clock=clock,
            instead=Notices(why, default) if is_silent else None,
        )
        self.upkeep = PolicyUpkeep(
            index=self.index,
            api=api,
            changed=self.statuses.touch,
            restart_kopf=around.restart_kopf,
            clock=clock,
        )
