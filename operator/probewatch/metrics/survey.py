"""The survey: what can be counted of all pods at once, away from the event loop.

With 150,000 pods it takes a tenth of a second, so it belongs into the thread that renders.
What it looks at is never changed, only replaced.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from probewatch.core.model import PodUid


class PodHeader(Protocol):
    """What is asked of each pod."""

    @property
    def uid(self) -> PodUid:
        """Its identity."""
        ...

    @property
    def namespace(self) -> str:
        """Where it is."""
        ...

    @property
    def name(self) -> str:
        """What it is called there."""
        ...

    @property
    def group(self) -> str:
        """`Ready`, `NotReady`, `Terminating` or `Completed`."""
        ...

    @property
    def not_ready_since(self) -> float | None:
        """Since when it is not ready, where it should be."""
        ...


@dataclass(slots=True)
class Survey:
    """What was found."""

    groups: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many pods of each namespace are in which group."""
    not_ready: list[tuple[PodUid, str, float]] = field(default_factory=list)
    """Pods that are not ready, by uid and name, and since when."""


def survey(pods: Iterable[PodHeader]) -> Survey:
    """Look at each pod once."""
    found = Survey()
    for pod in pods:
        found.groups[pod.namespace, pod.group] += 1
        since = pod.not_ready_since
        if since is not None:
            found.not_ready.append((pod.uid, pod.name, since))
    return found
