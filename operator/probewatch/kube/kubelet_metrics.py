"""The kubelet's own counters of probe runs, read from its `/metrics/probes`. Pure and total.

`prober_probe_total` counts every completed run, however many Events were dropped.
Runs that could not be carried out are not counted, and a pod that ended has no series.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from probewatch.core.spec import ProbeType

PROCESS_START = b"process_start_time_seconds "
RUNS = b"prober_probe_total{"
LINE_CAP = 4096
"""Names have at most 253 characters; a longer line is none of ours."""

_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')

Series = tuple[str, str, ProbeType]
"""Uid of the pod as the kubelet knows it, container, type of the probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCounters:
    """What one kubelet counted since it started."""

    process: float
    """`process_start_time_seconds`."""
    failed: Mapping[Series, int] = field(default_factory=dict)
    """Failed runs; 0 where a probe has only succeeded."""


def parse_counters(text: bytes) -> NodeCounters | None:
    """Return the counters; None where the text does not say when the process began."""
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
    # Each outcome has a series of its own: one of successes tells that there were no failures yet.
    yield (uid, container, ProbeType(kind)), int(count) if values.get("result") == "failed" else 0


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
