"""The warden: ends what a playground has started when the playground is gone, however it ended.

A small program of its own, with the standard library only: it reads `+pid` and `-pid` from its
standard input. When that closes, because the playground has ended or was killed, it kills the
process groups that are left and removes the folders in its arguments.
"""

import os
import shutil
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Wait until the playground is gone, then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for folder in sys.argv[1:]:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
