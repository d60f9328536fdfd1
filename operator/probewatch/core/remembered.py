"""Remembered: what records say of a pod that this process sees for the first time.

Without it, counting begins where the pod happens to stand. With it, counting goes
on from the persisted watermark, and what happened since then is counted now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.core.state import LoopState


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedContainer:
    """The persisted watermark of one container, and its loop."""

    count: int
    epoch: int = 0
    resource_version: int = 0
    """Of the version of the pod that showed this count."""
    termination: str = ""
    """Identity of the last termination that a restart was counted for."""
    loop: LoopState = field(default_factory=LoopState)
    tells_latest: bool = True
    """Whether the loop has the latest restart in it: a record keeps only so many of a workload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What is remembered of one pod."""

    containers: Mapping[str, RememberedContainer] = field(default_factory=dict)
    from_zero: bool = False
    """Whether a container of which nothing is remembered had never restarted when records were
    last kept. Then all its restarts count; else counting begins at the count it shows."""

    @property
    def resource_version(self) -> int:
        """The newest version of the pod that is in the records; an older one is no news."""
        return max((each.resource_version for each in self.containers.values()), default=0)


NOTHING_REMEMBERED = Remembered()
