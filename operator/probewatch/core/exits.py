"""Exits: what an exit code, or the runtime's word beside it, says of how a process ended."""

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
