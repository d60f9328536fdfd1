"""Workloads as people call them on a command line: `NAME` or `KIND/NAME`, as with kubectl.

`kubectl -o name` prints `deployment.apps/cart`, with the API group after the kind.
"""

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


def find_pod_name(wanted: str) -> str | None:
    """Return the name in `NAME` or `pod/NAME`; None if it names another kind."""
    kind, _, name = wanted.rpartition("/")
    return name if not kind or is_called(wanted, kind="pod", name=name) else None


def is_called(wanted: str, *, kind: str, name: str) -> bool:
    """Whether the object is the *wanted* one.

    The kind may be in any case, singular or plural, short, or followed by its API group.
    """
    wanted_kind, slash, wanted_name = wanted.rpartition("/")
    if name != wanted_name:
        return False
    word, own = wanted_kind.lower().partition(".")[0], kind.lower()
    return not slash or SHORT.get(word, word) in {own, f"{own}s"}
