"""Names of reports: the same for the same workload, and valid whatever the workload is called."""

import hashlib

from probewatch.core.model import Workload

LONGEST = 253
"""Characters of the name of an object."""

WELL_KNOWN = frozenset({"", "apps", "batch"})
"""Groups whose kinds need no group to be told apart."""

DIGEST = 10


def report_name(workload: Workload, part: int = 0) -> str:
    """Return the name of the report of a workload, or of a further part of it.

    `deployment-cart`, `rollout.argoproj.io-cart`, `daemonset-agent.2`. What would be too long is
    cut, and ends with a digest of the whole.
    """
    group = workload.api_version.rpartition("/")[0]
    kind = workload.kind.lower()
    if group not in WELL_KNOWN:
        kind = f"{kind}.{group}"
    name = f"{kind}-{workload.name}" + (f".{part + 1}" if part else "")
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST]
    return f"{name[: LONGEST - DIGEST - 1].rstrip('-.')}-{digest}"
