"""What becomes of the processes: one end after the other, at random times."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.contract.servers import Program
from tests.soak.replicas import Replica

OUTAGE = "SIGKILL of the API server"
OUTAGE_PAUSE_SECONDS = (10.0, 30.0)
"""Between two of them; it takes some seconds to start."""
LONGEST_OUTAGE_SECONDS = 10.0


class Fate:
    """Ends processes *kills* times; each is followed by a new one.

    The API server, if it is given, is taken away *outages* times, whatever the others are doing.
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
        self._random = random.Random(seed)  # a choice, not a secret
        self._kills = kills
        self._pause = pause

    async def run(self, tell: Callable[[str], None]) -> None:
        """Do it all; every process runs at the end."""
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
        # With one replica, to stop it is to let it be late, which killing it does better.
        if replica.is_stopped and dice < 0.5:  # the other half: killed while stopped
            replica.go_on()
            self.done["SIGCONT"] += 1
        elif len(self._replicas) > 1 and dice < 0.25 and not replica.is_stopped:  # one of four
            replica.stop()
            self.done["SIGSTOP"] += 1
        elif dice > 0.9:  # one of ten
            await replica.leave()
            self.done["SIGTERM"] += 1
            await self._again(replica)
        else:
            await replica.kill()
            self.done["SIGKILL"] += 1
            await self._again(replica)

    async def _again(self, replica: Replica) -> None:
        """Start it, usually at once, sometimes after the world went on for a while."""
        if self._random.random() < 0.2:  # one of five
            await asyncio.sleep(self._random.random() * 3 * self._pause)
        await replica.start()
