"""Workloads as people call them on a command line: `NAME` or `KIND/NAME`, as with kubectl."""

from collections.abc import Mapping

SHORT: Mapping[str, str] = {
    "cj": "cronjob",
    "deploy": "deployment",
    "ds": "daemonset",
    "po": "pod",
    "rs": "replicaset",
    "sts": "statefulset",
}
"""kubectl's short names of the kinds that pods belong to."""


def is_called(wanted: str, *, kind: str, name: str) -> bool:
    """Whether the workload is *wanted*: its kind in any case, in the plural or in short."""
    wanted_kind, slash, wanted_name = wanted.rpartition("/")
    if name != wanted_name:
        return False
    word, own = wanted_kind.lower(), kind.lower()
    return not slash or SHORT.get(word, word) in {own, f"{own}s"}
