"""Lets a signal have its default effect, also in process 1 of a container.

The kernel drops signals to process 1 of a PID namespace unless it handles them: the default effect
does not exist for it. The operator is process 1 in its image. A SIGTERM that arrived while it was
still being loaded was lost, and the pod stayed until the kubelet killed it after its grace period.
Source: pid_namespaces(7), "The namespace init process".
"""

import os
import signal
from types import FrameType
from typing import NoReturn

INIT = 1


def let_kill(number: signal.Signals) -> None:
    """Let this signal kill the process, whichever process it is."""
    signal.signal(number, _die if os.getpid() == INIT else signal.SIG_DFL)


def _die(number: int, _frame: FrameType | None) -> NoReturn:
    """End with the status that shells, and the kubelet, give a process that was killed."""
    os._exit(128 + number)
