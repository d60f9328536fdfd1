"""Exits: what the exit code, the runtime's reason and the times tell about how a process ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

SIGNAL_BASE = 128
MAX_SIGNAL = 64
SIGKILL = 9
SIGTERM = 15

_FIRST_SIGNALS = (
    "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 "
    "SIGPIPE SIGALRM SIGTERM"
)
SIGNAL_NAMES: Mapping[int, str] = {**dict(enumerate(_FIRST_SIGNALS.split(), 1)), 31: "SIGSYS"}
"""The signals by which containers end, with their numbers on Linux, wherever this runs."""

OOM_KILLED = "OOMKilled"
"""The runtimes' reason for a container in which the OOM killer ended a process."""

OUTSIDE_SIGNALS = frozenset({1, 2, 3, 9, 10, 12, 15})
"""HUP, INT, QUIT, KILL, USR1, USR2, TERM are sent by others; SEGV or ABRT by the process itself."""

FAULTS = frozenset({4, 5, 6, 7, 8, 11, 31})
"""ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS: a fault of the process, even if a pod declares one of them
as its stop signal."""

GO_STOPPED = 2
"""What SIGTERM leaves of a program in Go that is process 1 and does not handle it: the kernel does
not deliver the signal with which it would end itself. A panic leaves the same.
Source: go runtime/signal_unix.go (dieFromSignal).
"""

NOT_KNOWN = -1
"""CRI-O reports this if no exit code was written down, for example because conmon was gone.

On Windows an application may exit with it, and hcsshim reports it if it knows no exit code.
Source: cri-o server/container_status.go; hcsshim internal/hcs/process.go (waitBackground).
"""

MOST_ON_LINUX = 255

LOST_EXIT = 255
"""What most runtimes report for an exit that they did not see."""

NO_EXIT = frozenset({LOST_EXIT, 128, None})
"""Exit codes of a container whose exit nobody saw; an application may exit with one too.

CRI-O, Kata Containers and hcsshim report 255, gVisor reports 128.
Source: cri-o internal/oci/runtime_oci.go (UpdateContainerStatus), kata-containers
src/runtime/pkg/containerd-shim-v2/wait.go, hcsshim cmd/containerd-shim-runhcs-v1/delete.go,
gvisor pkg/shim/v1/proc/utils.go (internalErrorCode).
"""

WINDOWS_STOPS = frozenset({-1073741510, -1073741205, 0x40010004, 1067})
"""The exit codes of a process on Windows that does not handle its end, or is ended by force.

A stop is a control event there, and leaves 0xC000013A (STATUS_CONTROL_C_EXIT), or 0xC000026B in a
process that was just starting. A system that shuts down ends others with 0x40010004
(DBG_TERMINATE_PROCESS). By force a process ends with 1067 (ERROR_PROCESS_ABORTED), a HostProcess
container with 1. Source: hcsshim internal/signals/signal.go (ValidateSigstrWCOW) and
test/functional/container_test.go, microsoft/dotnet-framework-docker issue 431.
"""

WINDOWS_FAILURE = -(2**28)
"""Exit codes below this, 0x80000000 to 0xEFFFFFFF, come from Windows or a language runtime and
mean a crash: 0xC0000005 is an access violation, 0xE0434352 an unhandled exception of .NET. Those
from here to -1 are chosen by applications."""


def is_of_windows(exit_code: int | None) -> bool:
    """Whether the exit code is one that only Windows has: it has 32 bits there, 8 on Linux."""
    return exit_code is not None and not NOT_KNOWN <= exit_code <= MOST_ON_LINUX


@dataclass(frozen=True)
class Exit:
    """How a process ended, and what that means on the operating system that it ran on."""

    said: int | None
    """The exit code as the runtime reports it."""
    reason: str = ""
    on_windows: bool = False
    """Windows has no signals, and an application may exit with any code if it is told to stop."""
    stop_signal: int = 0
    """The signal that the pod declares for stopping the container, if any."""

    @cached_property
    def code(self) -> int | None:
        """The exit code; None if it is not known."""
        return None if self.said == NOT_KNOWN and not self.on_windows else self.said

    @cached_property
    def signal(self) -> int:
        """The signal that an exit code above 128 stands for, else 0."""
        signal = 0 if self.said is None or self.on_windows else self.said - SIGNAL_BASE
        return signal if 0 < signal <= MAX_SIGNAL else 0

    @cached_property
    def by_outside_signal(self) -> bool:
        """Whether it was ended by a signal that others send, or by a stop on Windows."""
        stopped = self.on_windows and self.said in WINDOWS_STOPS
        return stopped or self.signal in OUTSIDE_SIGNALS

    @cached_property
    def crashed(self) -> bool:
        """Whether a signal ended it that nobody sends, such as SEGV, or Windows reports a crash."""
        if self.on_windows:
            failed = self.said is not None and self.said < WINDOWS_FAILURE
            return failed and self.said not in WINDOWS_STOPS
        told = self.signal == self.stop_signal and self.signal not in FAULTS
        return self.signal not in {0, *OUTSIDE_SIGNALS} and not told

    @cached_property
    def looks_killed(self) -> bool:
        """Whether a kubelet kill can leave this: 0, 2, SIGTERM, SIGKILL, a stop signal, no word."""
        if self.is_mute:
            return not self.crashed
        declared = self.signal == self.stop_signal != 0
        return self.said in {0, GO_STOPPED} or declared or self.signal in OUTSIDE_SIGNALS

    @cached_property
    def is_mute(self) -> bool:
        """Whether the exit code cannot tell a kill from an end by itself."""
        return self.on_windows or self.code is None

    @cached_property
    def is_unseen(self) -> bool:
        """Whether the exit code stands for an exit that the runtime did not see."""
        return self.code == LOST_EXIT or (self.code in NO_EXIT and not self.on_windows)

    @cached_property
    def says_oom_killed(self) -> bool:
        """Whether the runtime reports that the kernel killed one of its processes for memory."""
        return self.reason == OOM_KILLED

    @cached_property
    def out_of_memory(self) -> bool:
        """Whether the runtime reports OOMKilled, and the exit code does not contradict it."""
        return self.says_oom_killed and (self.signal == SIGKILL or self.code is None)

    @cached_property
    def out_of_memory_in_child(self) -> bool:
        """Whether the OOMKilled that the runtime reports must have hit a child process."""
        return self.says_oom_killed and not self.out_of_memory


exit_of = lru_cache(maxsize=256)(Exit)
"""Return an `Exit`; one that was asked for lately is not worked out again."""

NOT_SEEN = Exit(None)
"""The end of an instance whose termination was not observed."""


def render_exit(exit_code: int | None, reason: str = "") -> str:
    """Return an exit code and its reason as text, also as Microsoft writes those of Windows.

    The name of the signal that it stands for says more than the reason `Error`.
    """
    if exit_code is None:
        return f"unknown exit code ({reason})" if reason else "unknown exit code"
    code = f"0x{exit_code % 2**32:08X}" if exit_code < NOT_KNOWN else ""
    if reason in {"", "Error"}:
        reason = SIGNAL_NAMES.get(exit_code - SIGNAL_BASE, reason)
    more = ", ".join(filter(None, (code, reason)))
    return f"exit code {exit_code} ({more})" if more else f"exit code {exit_code}"


def lifetime_of(started: float | None, finished: float | None) -> float | None:
    """Return the seconds from start to end, if both are known.

    None if the end is before the start: the node's clock was set back in between.
    """
    if started is None or finished is None or finished < started:
        return None
    return finished - started
