"""Label texts: the part of a line between the braces, made once and kept.

A *subject* is the text of the labels that say what a series is about, a *tail* that of
the labels that tell the series of one subject apart:

    probewatch_container_restarts_total{namespace="shop",workload="web",…,cause="Error"} 2
                                        └──────────────subject────────┘└────tail────┘

Names come from whoever may create pods: whatever they contain, a line stays a line.
"""

import re
import sys
from functools import lru_cache

from probewatch.core.model import Workload
from probewatch.kube.sanitize import sanitize

LONGEST_VALUE = 253
"""Bytes: the longest name that Kubernetes allows."""

_PLAIN = re.compile(r"[A-Za-z0-9._:/-]*")
"""All that a name usually contains; nothing of it has to be escaped."""

OVERFLOW = "_overflow"
"""Stands for all workloads without series of their own; no name in Kubernetes looks like it."""


def escape(value: str) -> str:
    """Return a label's value as it stands between quotes: printable, bounded and escaped."""
    if len(value) <= LONGEST_VALUE and _PLAIN.fullmatch(value):
        return value
    clean = sanitize(value, limit=LONGEST_VALUE)
    return clean.replace("\\", "\\\\").replace('"', '\\"')


@lru_cache(maxsize=1024)  # those of which something is told again soon; an entry takes 300 bytes
def workload_subject(workload: Workload) -> str:
    """Return the subject of a workload's series."""
    return (
        f'namespace="{escape(workload.namespace)}",workload="{escape(workload.name)}"'
        f',workload_type="{escape(workload.workload_type)}"'
    )


@lru_cache(maxsize=8_192)  # more than the nodes of the largest cluster
def node_subject(node: str) -> str:
    """Return the subject of a node's series; equal ones are the same object."""
    return f'node="{escape(node)}"'


def container_subject(workload: str, container: str) -> str:
    """Return the subject of the series of a container of the workload with this subject."""
    return f'{workload},container="{escape(container)}"'


def tail(**labels: str) -> str:
    """Return the tail of these labels."""
    return sys.intern("".join(f',{name}="{escape(value)}"' for name, value in labels.items()))


OVERFLOW_WORKLOAD = f'namespace="",workload="{OVERFLOW}",workload_type=""'
OVERFLOW_CONTAINER = f'{OVERFLOW_WORKLOAD},container=""'
