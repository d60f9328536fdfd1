"""All that is known about one pod, and the part of it that is about one container."""

from collections.abc import Sequence
from dataclasses import dataclass

from probewatch.commands.live_pod import LivePod
from probewatch.commands.probe_failures import FailureCount, count_failures
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
    incidents: Sequence[Incident]
    """From the records, newest first."""
    loops: Sequence[Loop]
    """Restart loops of its containers that go on, from the records."""
    judged: Sequence[Restart]
    """Last restarts that are not recorded, judged from what the pod still shows."""
    observed: Sequence[Advice]
    """Advice from how its probes failed lately."""
    notes: Sequence[str]
    """What could not be read, and why."""
    now: float


def incidents_of(story: Story, container: str | None) -> Sequence[Incident]:
    """Return the restarts that are recorded (of one container, or of all), newest first."""
    return [each for each in story.incidents if container in {None, each.container}]


def judged_of(story: Story, container: str | None) -> Sequence[Restart]:
    """Return the restarts that were judged now."""
    return [each for each in story.judged if container in {None, each.container}]


def failures_of(story: Story, container: str | None) -> Sequence[FailureCount]:
    """Return how probes failed, by kind."""
    found = count_failures(story.live.evidence, story.live.pod.spec) if story.live else ()
    return [each for each in found if container in {None, each.container}]


def loops_of(story: Story, container: str | None) -> Sequence[Loop]:
    """Return the restart loops that go on."""
    return [each for each in story.loops if container in {None, each.container}]


def advice_of(story: Story, container: str | None) -> Sequence[AdviceItem]:
    """Return advice on probes: first from failures that were seen, then from their settings."""
    seen = [
        AdviceItem(
            container=each.container,
            probe_type=each.probe_type,
            finding=AdviceName(each.finding),
            message=each.message,
        )
        for each in story.observed
    ]
    items = (*seen, *(lint(story.live.pod.spec) if story.live else ()))
    return [each for each in dict.fromkeys(items) if container in {None, each.container}]


def statuses_of(story: Story, container: str | None) -> Sequence[ContainerStatus]:
    """Return the current statuses of containers."""
    found = story.live.pod.statuses if story.live else ()
    return [each for each in found if container in {None, each.name}]
