"""Ends processes of the operator, and the API server, at random times."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.contract.servers import Program
from tests.soak.replicas import Replica

OUTAGE = "SIGKILL of the API server"
OUTAGE_PAUSE_SECONDS = (10.0, 30.0)
"""The pause between two outages; the server needs some seconds to start."""
LONGEST_OUTAGE_SECONDS = 10.0


class Fate:
    """Ends processes *kills* times; each is replaced by a new one.

    The API server, if given, is killed *outages* times, independently of the processes.
    """

    def __init__(
        self,
        replicas: Sequence[Replica],
        *,
        seed: int,
        kills: int,
        pause: float,
        server: Program | None = None,
        outages: int = 0,
    ) -> None:
        self.done: Counter[str] = Counter()
        self._server = server
        self._outages = outages
        self._replicas = tuple(replicas)
        self._random = random.Random(seed)  # not for cryptography
        self._kills = kills
        self._pause = pause

    async def run(self, tell: Callable[[str], None]) -> None:
        """End processes as often as planned; at the end every process runs."""
        begun = time.monotonic()
        server = asyncio.create_task(self._take_server_away())
        while not self._is_over() and not any(each.faults for each in self._replicas):
            await asyncio.sleep(self._random.random() * 2 * self._pause)
            await self._strike()
            done = ", ".join(f"{count} {name}" for name, count in sorted(self.done.items()))
            tell(f"{time.monotonic() - begun:4.0f} s: {done} of {self._kills}")
        await server
        for replica in self._replicas:
            replica.go_on()

    def _is_over(self) -> bool:
        return self.done["SIGKILL"] >= self._kills and self.done[OUTAGE] >= self._outages

    async def _take_server_away(self) -> None:
        if self._server is None:
            return
        for _ in range(self._outages):
            await asyncio.sleep(self._random.uniform(*OUTAGE_PAUSE_SECONDS))
            self._server.kill()
            await asyncio.sleep(self._random.random() * LONGEST_OUTAGE_SECONDS)
            self._server.start()
            self.done[OUTAGE] += 1

    async def _strike(self) -> None:
        replica = self._random.choice(self._replicas)
        dice = self._random.random()
        # With one replica, stopping it only delays it, and a kill covers that better.
        if replica.is_stopped and dice < 0.5:  # otherwise it is killed
            replica.go_on()
            self.done["SIGCONT"] += 1
        elif len(self._replicas) > 1 and dice < 0.25 and not replica.is_stopped:  # one in four
            replica.stop()
            self.done["SIGSTOP"] += 1
        elif dice > 0.9:  # one in ten
            await replica.leave()
            self.done["SIGTERM"] += 1
            await self._again(replica)
        else:
            await replica.kill()
            self.done["SIGKILL"] += 1
            await self._again(replica)

    async def _again(self, replica: Replica) -> None:
        """Start the process again, usually at once, sometimes after a while."""
        if self._random.random() < 0.2:  # one in five
            await asyncio.sleep(self._random.random() * 3 * self._pause)
        await replica.start()
