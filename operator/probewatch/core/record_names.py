"""Names of reports: the same for the same workload, and valid whatever the workload is called."""

import hashlib
import re

from probewatch.core.model import Workload

LONGEST = 253
"""Characters of the name of an object."""

WELL_KNOWN = frozenset({"", "apps", "batch"})
"""Groups whose kinds need no group to be told apart."""

DIGEST = 10

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
"""What an object of ours may be called. What a pod calls its owner is free text."""

STRANGE = re.compile(r"[^a-z0-9]+")


def report_name(workload: Workload, part: int = 0) -> str:
    """Return the name of the report of a workload, or of a further part of it.

    `deployment-cart`, `rollout.argoproj.io-cart`, `daemonset-agent.2`. What would be too long is
    cut, what no object can be called is written with dashes, and both end with a digest of the
    whole.
    """
    group = workload.api_version.rpartition("/")[0]
    kind = workload.kind.lower()
    if group not in WELL_KNOWN:
        kind = f"{kind}.{group}"
    name = f"{kind}-{workload.name}" + (f".{part + 1}" if part else "")
    is_good = bool(SUBDOMAIN.fullmatch(name))
    if is_good and len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:DIGEST]
    plain = name if is_good else STRANGE.sub("-", name.lower())
    begin = plain[: LONGEST - DIGEST - 1].strip("-.")
    return f"{begin}-{digest}" if begin else digest
