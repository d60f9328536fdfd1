"""ProbePolicies at work: the index of them, what keeps it true, and what is told on each."""

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
    """What policies are tied to; the functions are asked again and again."""

    pods: Callable[[], Iterable[Labelled]]
    """All pods that are followed."""
    changed: Callable[[str], None]
    """Is told of each namespace whose pods may be under other policies now."""
    may_write: Callable[[], bool]
    """Whether this replica writes, and knows all pods."""
    serve_anew: Callable[[], Awaitable[None]]
    """Starts kopf again, to serve policies from now on, or not to any more."""


class Policies:
    """All that is needed to follow policies; nothing runs yet."""

    def __init__(
        self,
        *,
        settings: Settings,
        requester: Requester,
        around: PolicySurroundings,
        clock: Clock,
    ) -> None:
        default = settings.policy()
        # Who sees some of a policy's pods would contradict who sees the others, for ever.
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
            serve_anew=around.serve_anew,
            clock=clock,
        )
