"""Requests of a watch: which selectors they have, and how long a watch is asked for."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from probewatch.watch.asking import Asker
from probewatch.watch.transport import Surroundings, WatchOptions, WatchTarget
from tests.watch.answers import Answer


@dataclass
class Server:
    """A transport that answers everything, and keeps what it was asked for."""

    asked: list[Mapping[str, str]] = field(default_factory=list)

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], *, timeout_seconds: float
    ) -> AsyncIterator[Answer]:
        assert ("/things", 60.0) == (path, timeout_seconds)
        self.asked.append(params)
        yield Answer()


async def wait(_seconds: float) -> None:
    """Wait for nothing."""


def asker(server: Server, chance: float = 0.0) -> Asker:
    """Ask for things with a label, where the random number is always the same."""
    target = WatchTarget(path="/things", name="things", params={"labelSelector": "app"})
    around = Surroundings(monotonic=lambda: 0.0, now=lambda: 0.0, sleep=wait, chance=lambda: chance)
    return Asker(server, target, around, WatchOptions())


async def test_a_request_selects_unless_any_object_will_do() -> None:
    """A server that has to look for one selected object among many may take long."""
    server = Server()
    for selects in (True, False):
        async with asker(server).ask({"limit": "1"}, selects=selects):
            pass

    assert [{"labelSelector": "app", "limit": "1"}, {"limit": "1"}] == server.asked


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 240.0), (0.5, 270.0), (1.0, 300.0)])
def test_watches_that_began_together_do_not_end_together(chance: float, seconds: float) -> None:
    """Each is asked for up to a quarter longer, by chance."""
    assert seconds == asker(Server(), chance).watch_seconds()
