"""The parts of an operator that makes no requests, for tests of how they work together."""

from probewatch.clock import Clock
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from probewatch.service.parts import Parts
from probewatch.settings import Settings
from tests.support.credentials import HeldCredentials

NOBODY = Access(where="test", server="http://127.0.0.1:1", authorization="")
"""A server to which no requests are made."""


async def make_parts(settings: Settings) -> Parts:
    """All parts; nothing runs and no requests are made."""
    login = Login(HeldCredentials(NOBODY), clock=Clock())
    await login.read()
    client = ApiClient(login, timeout_seconds=1, clock=Clock())
    return Parts(settings=settings, login=login, client=client, clock=Clock())
