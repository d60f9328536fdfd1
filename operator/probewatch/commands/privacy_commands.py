"""Removes commands that are quoted in messages of the kubelet and of the container runtime.

Quoted are the command of a failed hook, that of an exec probe that timed out, and a program that
could not be started. Everything after a hook's command is removed with it, since the kubelet goes
on with the error, which repeats the command. The same applies to a program and why it failed.
"""

import re

_HOOK = re.compile(r"(Exec lifecycle hook \().*", re.DOTALL)
"""Up to Kubernetes 1.25 in Events; in `waiting.message` until today.

Source: pkg/kubelet/lifecycle/handlers.go, kuberuntime_container.go (startContainer).
"""

_TIMED_OUT = re.compile(r'(command timed out: )".*"( timed out)?', re.DOTALL)

_PROGRAM = re.compile(r'\b(exec: )\\*".*', re.DOTALL)
"""What runc says; CRI-O escapes the quotes."""

_PROGRAM_OF_CRUN = re.compile(r"((?:executable file|exec container process)[^`]{0,40}`)[^`]*`")

HOOK_FAILED = "PostStartHookError"


def leave_out_command(message: str) -> str:
    """Return a message without the commands that it quotes."""
    message = _HOOK.sub(r"\1)", message)
    message = _TIMED_OUT.sub(r'\1""\2', message)
    message = _PROGRAM.sub(r'\1""', message)
    return _PROGRAM_OF_CRUN.sub(r"\1`", message)


def shorten_reason(reason: str) -> str:
    """Return the reason of a waiting container, to which old kubelets add the error of a hook."""
    return HOOK_FAILED if reason.startswith(f"{HOOK_FAILED}: ") else reason
