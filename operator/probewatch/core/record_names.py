"""Names of ProbeReports: derived from the workload, and valid whatever its name is."""

import hashlib
import re

from probewatch.core.model import Workload

LONGEST = 253
"""Characters that the name of an object may have."""

WELL_KNOWN = frozenset({"", "apps", "batch"})
"""API groups that are left out of the name: their kinds are unique without it."""

DIGEST = 10

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
"""A valid name (DNS subdomain). The name in a pod's owner reference may be any text."""

STRANGE = re.compile(r"[^a-z0-9]+")


def report_name(workload: Workload, part: int = 0) -> str:
    """Return the name of a workload's report, or of a further *part* of it.

    Examples: `deployment-cart`, `rollout.argoproj.io-cart`, `daemonset-agent.2`. A name that is
    too long is cut, invalid characters are replaced by dashes, and in both cases a digest of the
    full name is appended.
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
