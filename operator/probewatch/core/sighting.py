"""Sighting: the version of the pod in which a restart was seen.

Two replicas may see the same restart in different versions, and after a crash one replica sees
it twice. The version tells which of two sightings is newer, and whether a record already
contains what a sighting shows.
"""

from dataclasses import dataclass

from probewatch.core.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the version of the pod that showed a restart said about the container."""

    resource_version: int = 0
    """`resourceVersion` of that version; 0 if unknown, then versions are not compared."""
    restart_count: int = 0
    """The count in that version: more than the restart's own if the count jumped."""
    counted_from: int = 0
    """The count at which this process began to count the container's restarts."""


UNKNOWN_SIGHTING = Sighting()
"""For restarts that were not read from a version of a pod."""
