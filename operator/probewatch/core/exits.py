"""Exits: what an exit code, times, or the runtime's word say of how a process ended."""

SIGNAL_BASE = 128
MAX_SIGNAL = 64
SIGKILL_EXIT = 137
SIGTERM_EXIT = 143

OOM_KILLED = "OOMKilled"
"""The runtimes' reason for what the kernel killed for memory."""

OUTSIDE_SIGNALS = frozenset({1, 2, 3, 9, 10, 12, 15})
"""HUP, INT, QUIT, KILL, USR1, USR2, TERM come from outside; SEGV or ABRT are the app's own."""


def signal_of(exit_code: int) -> int:
    """Return the signal that an exit code above 128 stands for, else 0."""
    signal = exit_code - SIGNAL_BASE
    return signal if 0 < signal <= MAX_SIGNAL else 0


def lifetime_of(started: float | None, finished: float | None) -> float | None:
    """Return the seconds from start to end, if both are known.

    None of one that ended before it began: the node's clock was set back in between.
    """
    if started is None or finished is None or finished < started:
        return None
    return finished - started
