"""Signals: their numbers on Linux, by the names that `lifecycle.stopSignal` may have (KEP-4960).

Source: api core/v1 types.go (Signal).
"""

from collections.abc import Mapping

_NAMES = (
    *("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2"),
    *("PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG"),
    *("XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"),
)
"""From 1 on."""

_ALIASES = {"SIGIOT": 6, "SIGCLD": 17, "SIGPOLL": 29}

_RTMIN, _RTMAX = 34, 64

SIGNALS: Mapping[str, int] = {
    **{f"SIG{name}": number for number, name in enumerate(_NAMES, start=1)},
    **_ALIASES,
    "SIGRTMIN": _RTMIN,
    **{f"SIGRTMIN+{offset}": _RTMIN + offset for offset in range(1, 16)},
    **{f"SIGRTMAX-{offset}": _RTMAX - offset for offset in range(1, 15)},
    "SIGRTMAX": _RTMAX,
}
