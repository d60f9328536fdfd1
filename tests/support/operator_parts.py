"""The parts of an operator that makes no requests, for tests of how they work together."""

import asyncio

from probewatch.clock import Clock
from probewatch.core.model import Condition
from probewatch.core.observe import PodObserved
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from probewatch.service.parts import Parts
from probewatch.settings import Settings
from tests.support.controller_scene import pod
from tests.support.credentials import HeldCredentials

NOBODY = Access(where="test", server="http://127.0.0.1:1", authorization="")
"""A server to which no requests are made."""


async def make_parts(settings: Settings) -> Parts:
    """All parts; nothing runs and no requests are made."""
    login = Login(HeldCredentials(NOBODY), clock=Clock())
    await login.read()
    client = ApiClient(login, timeout_seconds=1, clock=Clock())
    return Parts(settings=settings, login=login, client=client, clock=Clock())


def let_lists_be_complete(parts: Parts) -> None:
    """Mark all watches as listed."""
    for watch in parts.watches:
        watch.stats.synced = True


async def lose_readiness(parts: Parts) -> None:
    """Let a pod lose its readiness, and publish that."""
    for version, is_ready in ((1, True), (2, False)):
        ready = Condition(status=is_ready, reason="", last_transition=1000.0 + version)
        seen = pod(version=version, phase="Running", conditions={"Ready": ready})
        parts.controller.observe(PodObserved(pod=seen))
    await publish(parts)


async def publish(parts: Parts) -> None:
    """Publish what was found."""
    publishing = asyncio.create_task(parts.controller.publish())
    await parts.controller.drain(5)
    publishing.cancel()
