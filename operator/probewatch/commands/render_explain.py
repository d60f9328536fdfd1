"""Renders all that is known about one pod as paragraphs of text."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from probewatch.commands.durations import render_duration
from probewatch.commands.endings import render_end
from probewatch.commands.lines import render_line, render_lines
from probewatch.commands.probe_failures import MEANINGS
from probewatch.commands.story import Story
from probewatch.commands.tables import render_causes
from probewatch.core.causes import Pattern
from probewatch.core.exits import render_exit
from probewatch.core.findings import Restart
from probewatch.core.model import ContainerStatus, Pod
from probewatch.kube.reports.objects import Incident
from probewatch.kube.times import parse_time

INCIDENTS_SHOWN = 10

PATTERNS: Mapping[str, str] = {
    Pattern.WORKLOAD_WIDE: "most pods of the workload were killed at the same time",
    Pattern.NODE_WIDE: "pods of several workloads restarted on its node at the same time",
}
"""What a restart had in common with others, in words."""


def render_text(story: Story) -> str:
    """Return the story in paragraphs."""
    parts = [
        render_lines(_head(story)),
        render_lines(_failures(story)),
        _recorded_causes(story),
        *_deaths(story),
        _hidden(story),
        render_lines(_advice(story)),
    ]
    parts.append(render_lines(f"Note: {note}." for note in story.notes))
    return "\n\n".join(part for part in parts if part)


def _recorded_causes(story: Story) -> str:
    """Return a line with the causes of the recorded restarts; nothing for fewer than two."""
    causes = Counter(each.cause for each in story.incidents)
    count = sum(causes.values())
    return render_line(f"{count} recorded restarts: {render_causes(causes)}") if count > 1 else ""


def _deaths(story: Story) -> Sequence[str]:
    """Return a paragraph for each restart, recorded or judged now, newest first."""
    told = [(each.finished_at or each.observed_at, _judged(story, each)) for each in story.judged]
    told += [
        (parse_time(each.finished_at) or parse_time(each.time) or 0.0, _incident(each, story.now))
        for each in story.incidents[:INCIDENTS_SHOWN]
    ]
    return [text for _, text in sorted(told, key=lambda each: -each[0])]


def _hidden(story: Story) -> str:
    hidden = len(story.incidents) - INCIDENTS_SHOWN
    return f"… and {hidden} older ones" if hidden > 0 else ""


def _head(story: Story) -> Iterator[str]:
    is_own = story.workload in {"", f"Pod/{story.name}"}
    of = "" if is_own else f" of {story.workload}"
    if story.live is None:
        yield f"Pod {story.namespace}/{story.name}{of} is gone; this is what is recorded about it."
        return
    pod = story.live.pod
    on = f" on {pod.node}" if pod.node else ""
    yield f"Pod {story.namespace}/{story.name}{of}{on}: {_phase(pod)}, {_readiness(story)}"
    for status in story.statuses:
        words = (_state(status, story.now), _restarts(status), *_loops(story, status.name))
        yield f"  {status.name}: {', '.join(words)}"


def _phase(pod: Pod) -> str:
    return f"{pod.phase} ({pod.reason})" if pod.reason else pod.phase


def _readiness(story: Story) -> str:
    ready = story.live.pod.conditions.get("Ready") if story.live else None
    if ready is None or ready.status is None:
        return "readiness unknown"
    since = ready.last_transition
    age = f" for {render_duration(max(0.0, story.now - since))}" if since else ""
    return f"ready{age}" if ready.status else f"not ready{age}{_gates(story)}"


def _gates(story: Story) -> str:
    """Return the readiness gates that a pod waits for once all its containers are ready."""
    pod = story.live.pod if story.live else None
    ready = pod.conditions.get("ContainersReady") if pod else None
    if pod is None or ready is None or not ready.status or not pod.spec.readiness_gates:
        return ""
    return f", waits for its readiness gates: {', '.join(pod.spec.readiness_gates)}"


def _state(status: ContainerStatus, now: float) -> str:
    if status.running_since is not None:
        return f"running for {render_duration(max(0.0, now - status.running_since))}"
    if status.waiting_reason:
        return f"waiting ({status.waiting_reason})"
    if status.terminated is not None:
        return f"ended with {render_exit(status.terminated.exit_code)}"
    return "state unknown"


def _restarts(status: ContainerStatus) -> str:
    count = status.restart_count
    return "no restarts" if count == 0 else f"{count} restart{'' if count == 1 else 's'}"


def _loops(story: Story, container: str) -> Iterator[str]:
    for each in (loop for loop in story.loops if loop.container == container):
        since = parse_time(each.since)
        age = f" for {render_duration(max(0.0, story.now - since))}" if since is not None else ""
        yield f"in a restart loop{age} ({each.cause})"


def _failures(story: Story) -> Iterator[str]:
    if story.failures:
        yield "How its probes failed lately, according to the kubelet's Events:"
    for each in story.failures:
        age = render_duration(max(0.0, story.now - each.last))
        times = f"{each.count} × {each.reason}, last {age} ago"
        yield f"  {each.container} {each.probe_type}: {times} ({MEANINGS[each.reason]})"


def _incident(incident: Incident, now: float) -> str:
    seen = parse_time(incident.time)
    age = f", {render_duration(max(0.0, now - seen))} ago" if seen is not None else ""
    first = f", first published as {incident.first_cause}" if incident.first_cause else ""
    verdict = f"{incident.cause} ({incident.confidence}{first})"
    lines = [
        f"{incident.container}, restart {incident.restart_count}{age}: {verdict}",
        *render_end(
            parse_time(incident.started_at), parse_time(incident.finished_at), incident.exit_code
        ),
        *(f"  - {fact}" for fact in incident.evidence),
    ]
    if incident.pattern:
        lines.append(f"  - {PATTERNS.get(incident.pattern, 'one of many')} ({incident.pattern})")
    return render_lines([*lines, f"  - rule: {incident.rule}"])


def _judged(story: Story, restart: Restart) -> str:
    verdict = f"{restart.cause} ({restart.confidence})"
    counts = (
        {each.name: each.restart_count for each in story.live.pod.statuses} if story.live else {}
    )
    due = " (due)" if restart.restart_count > counts.get(restart.container, 0) else ""
    lines = [
        f"{restart.container}, restart {restart.restart_count}{due}, judged now: {verdict}",
        *render_end(restart.started_at, restart.finished_at, restart.exit_code),
        *(f"  - {fact}" for fact in restart.evidence),
        f"  - rule: {restart.rule}",
    ]
    return render_lines(lines)


def _advice(story: Story) -> Iterator[str]:
    if story.advice:
        yield "Advice on its probes:"
    for each in story.advice:
        yield f"  {each.container} {each.probe_type}: {each.finding}"
        yield f"    {each.message}"
