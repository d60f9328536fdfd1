"""Owners as objects name them: free text, which need not be the name of anything.

The API server only wants such fields not to be empty. Whoever may make a pod could write a
novel there, and no report of that workload would ever be accepted. So what no object can be
called is no owner, and the pod stands for itself. The bounds are those of `status.workload`
in crds/probereports.yaml; a test holds the two together.
Source: apimachinery/pkg/api/validation/objectmeta.go (validateOwnerReference).
"""

from collections.abc import Iterable, Mapping

from probewatch.kube.objects import OwnerReference

LONGEST: Mapping[str, int] = {"api_version": 317, "kind": 63, "name": 253, "uid": 128}
"""Characters of each field."""


def find_controlling(references: Iterable[OwnerReference]) -> OwnerReference | None:
    """Return the one owner that manages the object, if there is one that can be one."""
    for each in references:  # asked for every pod and owner of a first sync: no generator
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
