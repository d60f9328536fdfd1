"""Sighting: by which version of a pod something became known.

Two operators see the same restart in different versions, and a crash makes one
operator see it twice. The version says which of two sightings is newer, and
whether a record already holds what a sighting tells.
"""

from dataclasses import dataclass

from probewatch.core.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the version of the pod that showed a restart said of its container."""

    resource_version: int = 0
    """Of that version; 0 where it is not known, and then nothing is told by it."""
    restart_count: int = 0
    """The count in that version: more than the restart's own where the count jumped."""
    counted_from: int = 0
    """The count at which this process began to count the container's restarts."""


UNKNOWN_SIGHTING = Sighting()
"""Of what was not read from a version of a pod."""
