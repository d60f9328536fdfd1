"""Label texts: the text between the braces of a line, rendered once and kept.

A *subject* is the text of the labels that say what a series is about. A *tail* is the
text of the labels that distinguish the series of one subject:

    probewatch_container_restarts_total{namespace="shop",workload="web",…,cause="Error"} 2
                                        └──────────────subject────────┘└────tail────┘

Names come from anybody who may create pods, so they are escaped: a line stays one line.
"""

import re
import sys
from functools import lru_cache

from probewatch.core.model import Workload
from probewatch.kube.sanitize import sanitize

LONGEST_VALUE = 253
"""In bytes: the longest name that Kubernetes allows."""

_PLAIN = re.compile(r"[A-Za-z0-9._:/-]*")
"""Characters that most names consist of, and that need no escaping."""

OVERFLOW = "_overflow"
"""Stands for all workloads without series of their own; not a valid name in Kubernetes."""


def escape(value: str) -> str:
    """Return a label value to put between quotes: printable, bounded and escaped."""
    if len(value) <= LONGEST_VALUE and _PLAIN.fullmatch(value):
        return value
    clean = sanitize(value, limit=LONGEST_VALUE)
    return clean.replace("\\", "\\\\").replace('"', '\\"')


@lru_cache(maxsize=1024)  # for workloads with frequent findings; an entry takes 300 bytes
def workload_subject(workload: Workload) -> str:
    """Return the subject of a workload's series."""
    return (
        f'namespace="{escape(workload.namespace)}",workload="{escape(workload.name)}"'
        f',workload_type="{escape(workload.workload_type)}"'
    )


@lru_cache(maxsize=8_192)  # more than the nodes of the largest cluster
def node_subject(node: str) -> str:
    """Return the subject of a node's series, interned."""
    return f'node="{escape(node)}"'


def container_subject(workload: str, container: str) -> str:
    """Return the subject of a container's series; *workload* is the subject of its workload."""
    return f'{workload},container="{escape(container)}"'


def tail(**labels: str) -> str:
    """Return the tail of these labels, interned."""
    return sys.intern("".join(f',{name}="{escape(value)}"' for name, value in labels.items()))


OVERFLOW_WORKLOAD = f'namespace="",workload="{OVERFLOW}",workload_type=""'
OVERFLOW_CONTAINER = f'{OVERFLOW_WORKLOAD},container=""'
