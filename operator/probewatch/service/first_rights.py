"""Asks for the rights to pods and Events right after the start, and logs which are missing.

Pods are listed only after the preparations, which wait up to ten seconds for rights of their own.
Whoever starts the operator at a terminal should not have to wait for the refusal of that list.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from probewatch.clock import Clock
from probewatch.kube.rights import Requester, may_i
from probewatch.missing_rights import CONSEQUENCES
from probewatch.settings import Settings

_log = logging.getLogger(__name__)

CONFIRM_SECONDS = 1.0
"""A denial is logged if it is repeated after this time: behind a load balancer, an API server that
has just started may deny everything before it has loaded its RBAC rules."""

RESOURCES: Mapping[str, int] = {"pods": logging.ERROR, "events": logging.WARNING}
"""What the operator watches, and how severe it is if it may not."""

VERBS = ("list", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A right to a resource in a namespace; an empty namespace stands for all."""

    verb: str
    resource: str
    namespace: str

    def __str__(self) -> str:
        """Return it as the arguments of `kubectl auth can-i`."""
        where = f"-n {self.namespace}" if self.namespace else "--all-namespaces"
        return f"{self.verb} {self.resource} {where}"

    async def is_denied(self, requester: Requester) -> bool:
        """Ask the API server; a right is not denied if it does not tell."""
        return await may_i(requester, self.verb, self.resource, self.namespace) is False


def find_needed(settings: Settings) -> Iterator[Right]:
    """Yield the rights without which pods or the Events about them cannot be watched."""
    for namespace in settings.namespaces or ("",):
        for resource in RESOURCES:
            for verb in VERBS:
                yield Right(verb=verb, resource=resource, namespace=namespace)


async def log_missing(requester: Requester, settings: Settings, clock: Clock) -> None:
    """Log each right that is missing; asked one by one, to spare the API server."""
    denied = [each for each in find_needed(settings) if await each.is_denied(requester)]
    if denied:
        await clock.sleep(CONFIRM_SECONDS)
    for right in denied:
        if await right.is_denied(requester):
            _log.log(
                RESOURCES[right.resource],
                "A right is missing",
                extra={"right": str(right), "consequence": CONSEQUENCES[right.resource]},
            )
