"""The parts of an operator that asks nobody, for what is decided between them."""

from dataclasses import dataclass

from probewatch.clock import Clock
from probewatch.kube.client import ApiClient
from probewatch.kube.credentials import Access
from probewatch.kube.login import Login
from probewatch.service.parts import Parts
from probewatch.settings import Settings


@dataclass(frozen=True)
class NobodysCredentials:
    """For a server that nobody asks anything."""

    async def read(self, *, refused: bool) -> Access:
        assert not refused
        return Access(where="test", server="http://127.0.0.1:1", authorization="")


async def make_parts(settings: Settings) -> Parts:
    """All parts; nothing runs, and nothing is asked."""
    login = Login(NobodysCredentials(), clock=Clock())
    await login.read()
    client = ApiClient(login, timeout_seconds=1, clock=Clock())
    return Parts(settings=settings, login=login, client=client, clock=Clock())
