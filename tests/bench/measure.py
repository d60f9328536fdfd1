"""CPU and memory of a process, read from outside, so that it needs no preparation."""

import time
from dataclasses import dataclass
from pathlib import Path

MIB = 1024.0 * 1024.0
IDLE_SECONDS = 0.5
IDLE_SHARE = 0.03
"""Below this share of a core for so long, a process counts as idle."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in bytes."""

    resident: float
    peak: float


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, user and system, all threads, in seconds."""
    # The clock id of another process, as clock_getcpuclockid(3) computes it.
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid: int) -> Memory:
    """The resident memory now, and its peak."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    fields = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return Memory(resident=_kib(fields["VmRSS"]), peak=_kib(fields["VmHWM"]))


def _kib(text: str) -> float:
    return float(text.split(maxsplit=1)[0]) * 1024


def wait_until_idle(pid: int, limit: float = 900.0) -> float:
    """Wait until a process is idle; returns the CPU seconds used by then."""
    end = time.monotonic() + limit
    used = cpu_seconds(pid)
    while time.monotonic() < end:
        time.sleep(IDLE_SECONDS)  # noqa: TID251  # a measurement waits for another process
        before, used = used, cpu_seconds(pid)
        if used - before < IDLE_SHARE * IDLE_SECONDS:
            return used
    raise TimeoutError(f"process {pid} was still busy after {limit:g} s")
