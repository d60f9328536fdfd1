"""What can be wrong with a probe: a closed list, and what each name means."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class AdviceName(StrEnum):
    """What is wrong with a probe (field `finding` of an `Advice`)."""

    TIMEOUT_EXCEEDS_PERIOD = "TimeoutExceedsPeriod"
    LIVENESS_SINGLE_FAILURE = "LivenessSingleFailure"
    STARTUP_SINGLE_FAILURE = "StartupSingleFailure"
    LIVENESS_SAME_AS_READINESS = "LivenessSameAsReadiness"
    LIVENESS_BEFORE_READINESS = "LivenessBeforeReadiness"
    SHORT_START_BUDGET = "ShortStartBudget"
    LONG_INITIAL_DELAY = "LongInitialDelay"
    GRACE_EXCEEDS_DETECTION = "GraceExceedsDetection"
    KILL_WITHOUT_RESTART = "KillWithoutRestart"
    PROBE_NEVER_KILLS = "ProbeNeverKills"
    START_BUDGET_TOO_SMALL = "StartBudgetTooSmall"


MEANINGS: Mapping[AdviceName, str] = MappingProxyType(
    {
        AdviceName.TIMEOUT_EXCEEDS_PERIOD: (
            "One slow run swallows the ticks behind it, so failures are found later than period "
            "and threshold say."
        ),
        AdviceName.LIVENESS_SINGLE_FAILURE: (
            "A single slow or lost answer kills the container: there is no second try."
        ),
        AdviceName.STARTUP_SINGLE_FAILURE: (
            "The first failed run kills the container: nothing is left of what a startup probe "
            "is for."
        ),
        AdviceName.LIVENESS_SAME_AS_READINESS: (
            "The liveness probe asks the same as the readiness probe and gives up no later: "
            "the container is killed where taking it out of service would do."
        ),
        AdviceName.LIVENESS_BEFORE_READINESS: (
            "The liveness probe kills sooner than the readiness probe takes the pod out of "
            "service, so requests hit a container that is being killed."
        ),
        AdviceName.SHORT_START_BUDGET: (
            "Without a startup probe the liveness probe limits the start-up time, and leaves "
            "little."
        ),
        AdviceName.LONG_INITIAL_DELAY: (
            "A long initial delay stands in for a startup probe: it makes every restart wait, "
            "and a hang just after a quick start goes unseen for as long."
        ),
        AdviceName.GRACE_EXCEEDS_DETECTION: (
            "An application that hangs is given longer to stop than it took to find out: by the "
            "pod's grace period, which applies to probe kills too, or by one of the probe's own."
        ),
        AdviceName.KILL_WITHOUT_RESTART: (
            "With restart policy Never a failing probe ends the container for good; with exit "
            "code 0 the pod may even count as Succeeded."
        ),
        AdviceName.PROBE_NEVER_KILLS: (
            "Observed: one run of the probe after the other could not be carried out, which the "
            "kubelet counts for nothing."
        ),
        AdviceName.START_BUDGET_TOO_SMALL: (
            "Observed: one start after the other is killed before the container was ready."
        ),
    }
)
"""The meaning of each name, valid for every container; shown in the documentation."""
