"""All that is known about one pod, and the part of it that is about one container."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from probewatch.commands.live_pod import LivePod
from probewatch.commands.probe_failures import FailureCount
from probewatch.core.advice import AdviceItem, lint
from probewatch.core.advice_names import AdviceName
from probewatch.core.findings import Advice, Restart
from probewatch.core.model import ContainerStatus
from probewatch.kube.reports.objects import Incident, Loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is known about one pod."""

    namespace: str
    name: str
    live: LivePod | None
    """None once the pod is gone."""
    workload: str
    statuses: Sequence[ContainerStatus]
    """The current statuses of containers."""
    failures: Sequence[FailureCount]
    """How probes failed lately, by kind."""
    incidents: Sequence[Incident]
    """From the records, newest first."""
    loops: Sequence[Loop]
    """Restart loops of its containers that go on, from the records."""
    judged: Sequence[Restart]
    """Last restarts that are not recorded, judged from what the pod still shows."""
    advice: Sequence[AdviceItem]
    notes: Sequence[str]
    """What could not be read, and why."""
    now: float

    def about(self, container: str) -> "Story":
        """Return the part that is about one container."""
        return replace(
            self,
            statuses=[each for each in self.statuses if each.name == container],
            failures=[each for each in self.failures if each.container == container],
            incidents=[each for each in self.incidents if each.container == container],
            loops=[each for each in self.loops if each.container == container],
            judged=[each for each in self.judged if each.container == container],
            advice=[each for each in self.advice if each.container == container],
        )


def find_advice(live: LivePod, observed: Iterable[Advice]) -> Sequence[AdviceItem]:
    """Return advice on probes: first from failures that were seen, then from their settings."""
    seen = [
        AdviceItem(
            container=each.container,
            probe_type=each.probe_type,
            finding=AdviceName(each.finding),
            message=each.message,
        )
        for each in observed
    ]
    return tuple(dict.fromkeys((*seen, *lint(live.pod.spec))))
