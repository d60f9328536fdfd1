"""Aliases: static pods, which the kubelet calls by another uid than the API server.

A mirror pod says itself which one that is, and anybody may write the annotation that does. So
it only counts for what is said in the namespace of the pod.
"""

from probewatch.core.model import PodUid
from probewatch.kube.pods.snapshot import Header


class Aliases:
    """The pods that are called otherwise, by that uid and their namespace."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, PodUid]] = {}

    def __len__(self) -> int:
        """How many uids are aliases."""
        return len(self._pods)

    def join(self, header: Header) -> None:
        """One pod more that has an alias."""
        self._pods.setdefault(header.evidence_uid, {})[header.namespace] = header.uid

    def leave(self, header: Header) -> None:
        """One pod less."""
        claims = self._pods.get(header.evidence_uid, {})
        if claims.get(header.namespace) == header.uid:
            del claims[header.namespace]
        if not claims:
            self._pods.pop(header.evidence_uid, None)

    def find(self, uid: str, namespace: str) -> PodUid | None:
        """Return the pod of this namespace that is called so."""
        return self._pods.get(uid, {}).get(namespace)

    def find_only(self, uid: str) -> PodUid | None:
        """Return the pod that is called so, where only one says it is."""
        claims = self._pods.get(uid, {})
        return next(iter(claims.values())) if len(claims) == 1 else None
