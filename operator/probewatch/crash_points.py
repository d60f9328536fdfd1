"""Crash points: places where a crash would do most harm, so that tests can crash there.

There is one before and one after each write to the cluster. With `PROBEWATCH_CRASH_AT=NAME:N`
in its environment, which only tests set, the process sends itself SIGKILL when it reaches
that point for the N-th time. `PROBEWATCH_CRASH_LOG` names a file that gets a line for each
point passed, so that a test can check that all were.
"""

import os
import signal
from collections import Counter
from pathlib import Path

EFFECTS = (
    "lease.create",
    "lease.renew",
    "lease.release",
    "report.create",
    "report.status",
    "event.post",
    "policy.status",
)
"""All kinds of writes that this program makes to a cluster."""

POINTS = tuple(f"{effect}.{side}" for effect in EFFECTS for side in ("before", "after"))

AT = "PROBEWATCH_CRASH_AT"
LOG = "PROBEWATCH_CRASH_LOG"

_passed: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """Pass the point *name*; does nothing unless a test has set the variables."""
    at, log = os.environ.get(AT), os.environ.get(LOG)
    if at is None and log is None:
        return
    if name not in POINTS:
        raise ValueError(f"{name} is no crash point")
    _passed[name] += 1
    if log is not None:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
    if at == f"{name}:{_passed[name]}":
        os.kill(os.getpid(), signal.SIGKILL)
