"""Aliases: the uids that the kubelet's Events use for static pods.

A static pod has one uid in the kubelet and another one for its mirror pod in the API. The mirror
pod names the former in an annotation, which anybody may write. So an alias is only used for
Events in the namespace of the pod.
"""

from probewatch.core.model import PodUid
from probewatch.kube.pods.snapshot import Header


class Aliases:
    """Pods that have an alias, by alias and namespace."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, PodUid]] = {}

    def __len__(self) -> int:
        """How many uids are aliases."""
        return len(self._pods)

    def join(self, header: Header) -> None:
        """Add a pod that has an alias."""
        self._pods.setdefault(header.evidence_uid, {})[header.namespace] = header.uid

    def leave(self, header: Header) -> None:
        """Remove a pod."""
        claims = self._pods.get(header.evidence_uid, {})
        if claims.get(header.namespace) == header.uid:
            del claims[header.namespace]
        if not claims:
            self._pods.pop(header.evidence_uid, None)

    def find(self, uid: str, namespace: str) -> PodUid | None:
        """Return the pod of this namespace that has the alias *uid*."""
        return self._pods.get(uid, {}).get(namespace)

    def find_only(self, uid: str) -> PodUid | None:
        """Return the pod with the alias *uid*; None if several pods claim it."""
        claims = self._pods.get(uid, {})
        return next(iter(claims.values())) if len(claims) == 1 else None
