"""What a process uses, read from outside it: so nothing in it has to be prepared."""

import time
from dataclasses import dataclass
from pathlib import Path

MIB = 1024.0 * 1024.0
IDLE_SECONDS = 0.5
IDLE_SHARE = 0.03
"""Less than this share of a core for so long, and a process has done its work."""


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes."""

    resident: float
    peak: float


def cpu_seconds(pid: int) -> float:
    """CPU that a process has used, user and system, all threads, to the nanosecond."""
    # The clock of another process by its id: what clock_getcpuclockid(3) makes.
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid: int) -> Memory:
    """What is resident now, and the most that ever was."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    fields = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return Memory(resident=_kib(fields["VmRSS"]), peak=_kib(fields["VmHWM"]))


def _kib(text: str) -> float:
    return float(text.split(maxsplit=1)[0]) * 1024


def wait_until_idle(pid: int, limit: float = 900.0) -> float:
    """Wait until a process has nothing left to do; returns the CPU it has used by then."""
    end = time.monotonic() + limit
    used = cpu_seconds(pid)
    while time.monotonic() < end:
        time.sleep(IDLE_SECONDS)  # noqa: TID251  # a measurement waits for another process
        before, used = used, cpu_seconds(pid)
        if used - before < IDLE_SHARE * IDLE_SECONDS:
            return used
    raise TimeoutError(f"process {pid} was still busy after {limit:g} s")
