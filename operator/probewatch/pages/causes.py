"""Brings docs/causes.md up to date: `python -m probewatch.pages.causes docs/causes.md`."""

import sys
from collections.abc import Mapping

from probewatch.core.attribution import RULES
from probewatch.core.causes import Cause
from probewatch.pages.tables import write_page

CAUSES: Mapping[Cause, tuple[str, str]] = {
    Cause.LIVENESS_PROBE: (
        "The kubelet killed the container because its liveness probe failed.",
        "Why the probe failed: the application, what it depends on, or the node.",
    ),
    Cause.STARTUP_PROBE: (
        "The kubelet killed the container because it did not pass its startup probe in time.",
        "Whether it would have started with more time.",
    ),
    Cause.OOM_KILLED: (
        "The kernel killed its main process for memory.",
        "Runtimes can miss an OOM kill; it then looks like a SIGKILL from outside.",
    ),
    Cause.ERROR: (
        "It ended by itself with an exit code other than 0.",
        (
            "An application that ends with a code of its own on SIGTERM looks like this if the "
            "kubelet's word is lost and it was not seen how it was replaced."
        ),
    ),
    Cause.COMPLETED: (
        "It ended by itself with exit code 0.",
        "Whether that was meant.",
    ),
    Cause.SIGNAL: (
        "A signal that the kubelet did not send ended it.",
        "Who sent it: a person, an agent on the node, or the kernel without its being reported.",
    ),
    Cause.START_ERROR: (
        "The container runtime could not start its process.",
        "What exactly the runtime missed; its message may hold secrets and is not repeated.",
    ),
    Cause.POST_START_HOOK: (
        "Its postStart hook failed, for which the kubelet kills it.",
        "Why the hook failed.",
    ),
    Cause.SPEC_CHANGE: (
        "Its image was changed in the running pod, or its kubelet was upgraded to 1.31 in place.",
        "Who changed it.",
    ),
    Cause.RESIZE: (
        "Its resources were changed in place, with a policy that restarts it.",
        "Who changed them.",
    ),
    Cause.RESTART_RULE: (
        "One of the pod's container restart rules made the kubelet restart it.",
        "Why the container that set off the rule ended.",
    ),
    Cause.NODE_REBOOT: (
        "The node went down with it, or its container runtime lost track of it.",
        (
            "Without the node's Event, and alone, a restart of the runtime cannot be told from one "
            "of the node."
        ),
    ),
    Cause.SANDBOX_RECREATED: (
        "The kubelet gave the whole pod a new sandbox.",
        "What became of the old one.",
    ),
    Cause.UNOBSERVED: (
        (
            "The count rose by more than one between two looks: all but the last, and a last one "
            "whose end is not shown, nobody can know."
        ),
        "Everything but that it happened. A later count of kills can still tell.",
    ),
    Cause.UNKNOWN: (
        "It was seen how it ended, and nothing says who ended it.",
        "Whether a probe did: that would have needed the kubelet's word.",
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
