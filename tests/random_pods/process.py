"""The process of a container, without a process: it does what its fate says, in virtual time."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable

from probewatch.clock import Clock
from probewatch.core.causes import Cause
from probewatch.playground.kubelet.containers import Exit
from probewatch.playground.kubelet.pod import RELIST_SECONDS
from probewatch.playground.kubelet.probes import (
    Exec,
    HttpGet,
    Outcome,
    ProbeSpec,
    Result,
    TcpSocket,
)
from tests.random_pods.fates import Causes, End, Fate, Illness

GET = 'Get "http://10.1.1.1:3000/healthz": '
REFUSED = "dial tcp 10.1.1.1:3000: connect: connection refused"
TIMED_OUT = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
TCP_TIMED_OUT = "dial tcp 10.1.1.1:3000: i/o timeout"
LOST_CODE = 255
"""What containerd reports for a container that it lost."""


def fail(output: str = "") -> Outcome:
    """The outcome of a probe that failed."""
    return Outcome(result=Result.FAILURE, output=output)


class FatedProcess:
    """One instance of a container, which knows why it ends.

    The kubelet sees an end at its next relist of the runtime, or when it stops the container.
    """

    def __init__(self, fate: Fate, clock: Clock, on_exit: Callable[[], None]) -> None:
        self.born = clock.now()
        self.ended: Exit | None = None
        """How it really ended."""
        self.killed_for: Cause | None = None
        """Why the kubelet decided to kill it while it was alive."""
        self.causes: Causes = frozenset()
        """The causes that are right for its end."""
        self._fate = fate
        self._clock = clock
        self._on_exit = on_exit
        self._is_seen = self._is_stopping = False
        self._over = asyncio.Event()
        if fate.ends_at < math.inf:
            self._later(fate.ends_at, self._end_by_itself)

    # --- its end ------------------------------------------------------------------

    @property
    def exit(self) -> Exit | None:
        """How it ended, as far as the kubelet knows."""
        return self.ended if self._is_seen else None

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, action)

    def _end_by_itself(self) -> None:
        self._die(self._fate.code, self._fate.causes, oom=self._fate.end is End.OOM)

    def _die(self, code: int, own: Causes = frozenset(), *, oom: bool = False) -> None:
        """End; *own* are the causes of an end that no kill of the kubelet has caused."""
        if self.ended is not None:
            return
        oom = oom or (code != 0 and self._age >= self._fate.child_oom_at)
        if self.killed_for is not None:
            own |= {self.killed_for}
        elif oom and code == 137:
            own |= {Cause.OOM_KILLED}
        self._settle(code, "OOMKilled" if oom else "Error" if code else "Completed", own)

    def _settle(self, code: int, reason: str, causes: Causes) -> None:
        self.causes = causes
        self.ended = Exit(code=code, reason=reason, finished=self._clock.now())
        self._over.set()
        since_relist = math.fmod(self._clock.monotonic(), RELIST_SECONDS)
        self._later(RELIST_SECONDS - since_relist, self._show)

    def _show(self) -> None:
        self._is_seen = True
        self._on_exit()

    async def _outlives(self, seconds: float) -> bool:
        """Let time pass, at most until the process ends; return whether it still runs."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return self.ended is None
        return False

    async def stop(self, grace: float) -> None:
        """Send SIGTERM, and SIGKILL after *grace* seconds; return when it is dead."""
        if not self._is_stopping and self._fate.term_code is not None:
            code = self._fate.term_code
            self._later(self._fate.term_takes, lambda: self._die(code))
        self._is_stopping = True
        if await self._outlives(grace):
            self._die(137)
        self._is_seen = True

    async def lose(self) -> None:
        """End as a node that goes down does."""
        if self.ended is None:
            self._settle(LOST_CODE, "Unknown", frozenset({Cause.NODE_REBOOT}))
        self._is_seen = True

    # --- its answers --------------------------------------------------------------

    @property
    def _age(self) -> float:
        return self._clock.now() - self.born

    async def probe(self, spec: ProbeSpec) -> Outcome:
        """Make one attempt of a probe."""
        match spec.action:
            case Exec(command=command):
                return await self.execute(command, spec.timeout)
            case HttpGet(path=path):
                return await self._answer(path, spec.timeout, GET)
            case TcpSocket():
                return await self._answer("/healthz", spec.timeout, "")
            case other:
                raise AssertionError(other)

    async def _answer(self, path: str, timeout_seconds: float, get: str) -> Outcome:
        """Answer an HTTP or a TCP probe; the latter has an empty *get*."""
        if self.ended is not None:
            return fail(f"{get}{REFUSED}")
        illness, latency = self._illness(path), self._fate.latency
        if illness in {Illness.HANG, Illness.STALL} or latency >= timeout_seconds:
            if not await self._outlives(timeout_seconds):
                return fail(f"{get}EOF")
            if illness is Illness.STALL:
                return Outcome(result=Result.ERROR, output="context deadline exceeded")
            return fail(f"{get}{TIMED_OUT if get else TCP_TIMED_OUT}")
        if not await self._outlives(latency):
            return fail(f"{get}EOF")
        if illness is None:
            return Outcome(result=Result.SUCCESS)
        if illness is Illness.REFUSE or not get:
            return fail(f"{get}{REFUSED}")
        return fail("HTTP probe failed with statuscode: 500")

    def _illness(self, path: str) -> Illness | None:
        """Return in what way it is ill now, None if it is not."""
        fate, age = self._fate, self._age
        if age < fate.slow or fate.ill.contains(age):
            return fate.illness
        in_cycle = age % fate.cycle if fate.cycle else age
        unready = path == "/ready" and fate.unready.contains(in_cycle)
        return Illness.STATUS if unready else None

    async def execute(self, command: tuple[str, ...], timeout_seconds: float) -> Outcome:
        """Run a probe or a hook in the container; it ends with the container."""
        if self.ended is not None:
            return Outcome(result=Result.ERROR, output="rpc error: container is not running")
        match command[0]:
            case "postStart":
                survived = await self._outlives(min(self._fate.hook_takes, timeout_seconds))
                failed = self._fate.hook_fails or not survived
                return fail("exited with 1") if failed else Outcome(result=Result.SUCCESS)
            case "preStop":
                return await self._pre_stop(timeout_seconds)
            case path:
                return await self._exec_probe(path, timeout_seconds)

    async def _pre_stop(self, timeout_seconds: float) -> Outcome:
        if self._fate.pre_stop_code is not None:
            self._die(self._fate.pre_stop_code)
            return Outcome(result=Result.ERROR)
        survived = await self._outlives(min(3 * self._fate.hook_takes, timeout_seconds))
        return Outcome(result=Result.SUCCESS) if survived else fail()

    async def _exec_probe(self, path: str, timeout_seconds: float) -> Outcome:
        illness, latency = self._illness(path), self._fate.latency
        hangs = illness in {Illness.HANG, Illness.STALL} or latency >= timeout_seconds
        if not await self._outlives(timeout_seconds if hangs else latency):
            return fail()
        if hangs:
            return fail(f'command timed out: "x" timed out after {timeout_seconds}s')
        return fail("not well\n") if illness else Outcome(result=Result.SUCCESS)

    # --- what nobody asks for here ------------------------------------------------

    def log(self) -> bytes:
        """Return its output: none."""
        return b""

    async def follow(self) -> AsyncIterator[bytes]:
        """Yield its output: none."""
        empty: tuple[bytes, ...] = ()
        for chunk in empty:
            yield chunk
