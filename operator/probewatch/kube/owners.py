"""Owner references: free text, which need not name an existing object.

The API server requires only that the fields are not empty. Anyone who may create a pod could write
a text there that is too long for a report, and no report of that workload would ever be accepted.
So a reference that cannot name an object is ignored, and the pod is its own workload. The limits
are those of `status.workload` in crds/probereports.yaml; a test keeps both in sync.
Source: apimachinery/pkg/api/validation/objectmeta.go (validateOwnerReference).
"""

from collections.abc import Iterable, Mapping

from probewatch.kube.objects import OwnerReference

LONGEST: Mapping[str, int] = {"api_version": 317, "kind": 63, "name": 253, "uid": 128}
"""Maximum length of each field in characters."""


def find_controlling(references: Iterable[OwnerReference]) -> OwnerReference | None:
    """Return the controlling owner of an object, if there is a plausible one."""
    for each in references:  # called for every pod and owner of a first sync: no generator
        if each.controller and _can_be(each):
            return each
    return None


def _can_be(ref: OwnerReference) -> bool:
    return (
        0 < len(ref.kind or "") <= LONGEST["kind"]
        and 0 < len(ref.name or "") <= LONGEST["name"]
        and len(ref.api_version or "") <= LONGEST["api_version"]
        and len(ref.uid or "") <= LONGEST["uid"]
    )
