"""Remembered: what the records hold of a pod that this process sees for the first time.

Without it, counting would begin at the count that the pod shows. With it, counting continues from
the persisted watermark, and the restarts since then are counted now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.core.past import Past
from probewatch.core.state import LoopState


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedContainer:
    """The persisted watermark of one container, and its loop."""

    count: int
    epoch: int = 0
    resource_version: int = 0
    """The version of the pod that showed this count."""
    termination: str = ""
    """Identity of the last termination that a restart was counted for."""
    loop: LoopState = field(default_factory=LoopState)
    past: tuple[Past, ...] = ()
    """The recorded restarts of the container, oldest first."""
    tells_latest: bool = True
    """Whether `loop` contains the latest restart; a record keeps a limited number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the records hold of one pod."""

    containers: Mapping[str, RememberedContainer] = field(default_factory=dict)
    from_zero: bool = False
    """Whether a container without a watermark here had never restarted while records were kept.
    Then all its restarts are counted; else counting begins at the count that it shows."""

    @property
    def resource_version(self) -> int:
        """The newest version of the pod that is in the records; older ones are counted already."""
        return max((each.resource_version for each in self.containers.values()), default=0)


NOTHING_REMEMBERED = Remembered()
