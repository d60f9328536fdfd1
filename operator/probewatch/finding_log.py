"""Logs each finding as one line: a constant message, and the facts as separate values."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from probewatch.core.findings import (
    Advice,
    CountingBegan,
    Finding,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ProbeFailures,
    ProbeKillWithoutRestart,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import Workload
from probewatch.core.startups import StartupSucceeded
from probewatch.core.values import replace

_log = logging.getLogger("probewatch.findings")

WORDS: Mapping[type[Finding], tuple[int, str]] = {
    PodTracked: (logging.DEBUG, "Pod is followed"),
    PodForgotten: (logging.DEBUG, "Pod is gone"),
    CountingBegan: (logging.DEBUG, "Counting begins"),
    ProbeFailures: (logging.DEBUG, "Probe failed"),
    StartupSucceeded: (logging.DEBUG, "Startup probe succeeded"),
    Restart: (logging.INFO, "Container restarted"),
    RestartCorrected: (logging.INFO, "Verdict corrected"),
    ProbeKillWithoutRestart: (logging.INFO, "Container was killed by a probe and not restarted"),
    ReadinessChanged: (logging.INFO, "Readiness changed"),
    FlappingChanged: (logging.INFO, "Flapping changed"),
    LoopStarted: (logging.INFO, "Restart loop detected"),
    LoopEnded: (logging.INFO, "Restart loop ended"),
    Advice: (logging.INFO, "Probe should be changed"),
}
"""Log level and message for each kind of finding; kinds that come in thousands are debug."""

VALUES = (
    *("container", "restart_count", "cause", "confidence", "rule", "exit_code", "baseline"),
    *("to", "reason", "not_ready_seconds", "time_to_ready", "hidden"),
    *("probe_type", "count", "finding", "flapping", "transitions", "restarts", "gone", "resumed"),
    *("after", "narrow"),
)
"""The attributes of a finding that are logged: names, numbers and enumerations, no free text."""

_NAMES: Mapping[type[object], Sequence[str]] = {
    kind: tuple(name for name in VALUES if hasattr(kind, name)) for kind in WORDS
}


def log_finding(finding: Finding, workload: Workload) -> None:
    """Write the log line of a finding."""
    level, words = WORDS[type(finding)]
    if isinstance(finding, ReadinessChanged) and finding.hidden:
        level = logging.DEBUG  # not seen by anybody; what hid it has a line of its own
    if _log.isEnabledFor(level):
        for each in _one_by_one(finding):
            _log.log(level, words, extra=find_facts(each, workload))


def _one_by_one(finding: Finding) -> Iterable[Finding]:
    if isinstance(finding, PodTracked):
        pods = (finding.pod, *finding.siblings)
        return [replace(finding, pod=pod, siblings=()) for pod in pods]
    return (finding,)


def find_facts(finding: Finding, workload: Workload) -> dict[str, object]:
    """Return the logged values of a finding, by name."""
    told: object = finding.now if isinstance(finding, RestartCorrected) else finding
    pod = finding.pod
    facts: dict[str, object] = {
        "namespace": pod.namespace,
        "pod": pod.name,
        "workload": f"{workload.kind}/{workload.name}",
    }
    for name in _NAMES[type(told)]:
        value = getattr(told, name)
        if value is not None and value != "":
            facts[name] = value
    if isinstance(finding, RestartCorrected):
        facts["was"] = finding.was.cause
    return facts
