"""Parses the kubelet's counters of probe runs from its `/metrics/probes`. Pure; never raises.

`prober_probe_total` counts every completed run, no matter how many Events were dropped. Runs
that could not be carried out are not counted, and a pod that has ended has no series.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from probewatch.core.spec import ProbeType

PROCESS_START = b"process_start_time_seconds "
RUNS = b"prober_probe_total{"
LINE_CAP = 4096
"""Longer lines are skipped: names have at most 253 characters."""

_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')

Series = tuple[str, str, ProbeType]
"""Uid of the pod as the kubelet knows it, container name, probe type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCounters:
    """The counters of one kubelet since it started."""

    process: float
    """`process_start_time_seconds`."""
    failed: Mapping[Series, int] = field(default_factory=dict)
    """Failed runs; 0 for a probe that has only succeeded."""


def parse_counters(text: bytes) -> NodeCounters | None:
    """Return the counters; None if the text lacks the kubelet's start time."""
    process: float | None = None
    failed: dict[Series, int] = {}
    for line in text.splitlines():
        if line.startswith(PROCESS_START):
            process = _number(line.removeprefix(PROCESS_START).decode(errors="replace"))
        elif line.startswith(RUNS) and len(line) <= LINE_CAP:
            for series, count in _runs(line.decode(errors="replace")):
                failed[series] = failed.get(series, 0) + count
    return None if process is None else NodeCounters(process=process, failed=failed)


def _runs(line: str) -> Iterator[tuple[Series, int]]:
    labels, brace, rest = line.partition("{")[2].rpartition("}")
    values = dict(_LABEL.findall(labels))
    uid, container, kind = (values.get(name, "") for name in ("pod_uid", "container", "probe_type"))
    count = _number(rest.split()[0]) if brace and rest.split() else None
    if not (uid and container) or kind not in set(ProbeType) or count is None:
        return
    # Each outcome is a series of its own: one for successes still shows that the probe exists.
    yield (uid, container, ProbeType(kind)), int(count) if values.get("result") == "failed" else 0


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
