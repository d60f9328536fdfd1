"""The conditions of a ProbeReport; a transition time changes only when its status does."""

from collections.abc import Sequence

from probewatch.core.records import Record
from probewatch.kube.custom_resources import Condition

READY = "Ready"
LOOP = "RestartLoop"

NAMED = 3
"""How many loops the message names; their number is in `status.looping`."""


def conditions_of(
    record: Record, before: Sequence[Condition], *, now: str, dropped: int, kept: int
) -> list[Condition]:
    """Return both conditions, given how many incidents were *dropped* and how many loops *kept*."""
    return [
        _settle(_ready(dropped, len(record.loops()) - kept), before, now),
        _settle(_loop(record), before, now),
    ]


def _ready(dropped: int, loops: int) -> Condition:
    if dropped or loops:
        return _condition(
            READY,
            holds=True,
            reason="Shortened",
            message=f"All restarts are counted; {dropped} incidents and {loops} loops did not fit.",
        )
    return _condition(
        READY, holds=True, reason="Recorded", message="All restarts are counted and recorded."
    )


def _loop(record: Record) -> Condition:
    loops = record.loops()
    if not loops:
        return _condition(
            LOOP, holds=False, reason="NoLoop", message="No container restarts again and again."
        )
    named = ", ".join(f"{name} in {loop.pod} ({loop.cause})" for _, name, loop in loops[:NAMED])
    more = f", and {len(loops) - NAMED} more" if len(loops) > NAMED else ""
    return _condition(
        LOOP, holds=True, reason=loops[0][2].cause, message=f"Restarting: {named}{more}."
    )


def _condition(kind: str, *, holds: bool, reason: str, message: str) -> Condition:
    return Condition(
        type=kind,
        status=str(holds),
        last_transition_time="",
        reason=reason,
        message=message,
        observed_generation=1,
    )


def _settle(condition: Condition, before: Sequence[Condition], now: str) -> Condition:
    old = next((each for each in before if each.type == condition.type), None)
    same = old is not None and old.status == condition.status
    condition.last_transition_time = old.last_transition_time if old and same else now
    return condition
