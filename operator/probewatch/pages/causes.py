"""Updates docs/causes.md: `python -m probewatch.pages.causes docs/causes.md`."""

import sys
from collections.abc import Mapping

from probewatch.core.attribution import RULES
from probewatch.core.causes import Cause
from probewatch.pages.tables import write_page

CAUSES: Mapping[Cause, tuple[str, str]] = {
    Cause.LIVENESS_PROBE: (
        "The kubelet killed the container because its liveness probe failed.",
        "Why the probe failed: the application, a dependency, or the node.",
    ),
    Cause.STARTUP_PROBE: (
        "The kubelet killed the container because its startup probe did not succeed in time.",
        "Whether the container would have started with more time.",
    ),
    Cause.OOM_KILLED: (
        "The kernel killed the container's main process because of memory.",
        "Runtimes can miss an OOM kill; it then looks like a SIGKILL from outside.",
    ),
    Cause.ERROR: (
        "The container exited by itself with an exit code other than 0.",
        (
            "An application that exits with its own code on SIGTERM looks the same if the "
            "kubelet's Event is lost and the replacement was not observed."
        ),
    ),
    Cause.COMPLETED: (
        "The container exited by itself with exit code 0.",
        "Whether that was intended.",
    ),
    Cause.SIGNAL: (
        "A signal that the kubelet did not send ended the container.",
        "Who sent it: a person, an agent on the node, or the kernel without a report.",
    ),
    Cause.START_ERROR: (
        "The container runtime could not start the container's process.",
        "What the runtime missed; its message may contain secrets and is not repeated.",
    ),
    Cause.POST_START_HOOK: (
        "The postStart hook failed, and the kubelet kills the container for that.",
        "Why the hook failed.",
    ),
    Cause.SPEC_CHANGE: (
        "The image was changed in the running pod, or the kubelet was upgraded to 1.31 in place.",
        "Who changed it.",
    ),
    Cause.RESIZE: (
        "The resources were changed in place, with a resize policy that restarts the container.",
        "Who changed them.",
    ),
    Cause.RESTART_RULE: (
        "One of the pod's container restart rules made the kubelet restart the container.",
        "Why the container that triggered the rule ended.",
    ),
    Cause.NODE_REBOOT: (
        "The node went down, or the container runtime lost track of the container.",
        (
            "Without the node's Event, a restart of the runtime alone cannot be distinguished from "
            "a reboot."
        ),
    ),
    Cause.SANDBOX_RECREATED: (
        "The kubelet gave the whole pod a new sandbox.",
        "What happened to the old one.",
    ),
    Cause.UNOBSERVED: (
        (
            "The count rose by more than one between two observations. All these restarts except "
            "the last, and the last if its end is not shown, cannot be known."
        ),
        "Everything except that it happened. A later count of kills can still explain it.",
    ),
    Cause.UNKNOWN: (
        "The container's end was observed, but nothing shows what ended it.",
        "Whether a probe was the cause: that would have needed the kubelet's Event.",
    ),
}
"""What each cause means, and what it cannot know."""


def make_tables() -> Mapping[str, str]:
    """Return the tables of the page."""
    return {"causes": _causes(), "rules": _rules()}


def _causes() -> str:
    rows = "".join(f"| `{cause}` | {means} | {not_} |\n" for cause, (means, not_) in CAUSES.items())
    return "| cause | what it means | what it cannot tell |\n|---|---|---|\n" + rows


def _rules() -> str:
    rows = "".join(
        f"| {number} | `{rule.name}` | {rule.meaning} | {rule.gives} |\n"
        for number, rule in enumerate(RULES, start=1)
    )
    return "| | rule | when it answers | what it answers |\n|---|---|---|---|\n" + rows


if __name__ == "__main__":
    write_page(sys.argv[1], make_tables())
