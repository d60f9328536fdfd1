"""The policies of the cluster, and which of them each pod is under.

It is asked for every version of every pod, so an answer costs two look-ups: by namespace,
and by labels, which equal pods share. It learns of policies from a watch, which tells at once,
and from lists, which tell everything: a policy whose deletion no watch saw goes with the next
list. No input, no output, no clock.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from probewatch.core.model import PodUid
from probewatch.core.policies import ProbePolicy, effective_policy, find_governing, rank
from probewatch.core.policy import Policy
from probewatch.kube.policies.parsing import Read

LABELS_KEPT = 4096
"""Sets of labels of one namespace whose answer is kept."""

PODS_KEPT = 4096
"""Pods under a policy whose answer is kept beyond their end, for what is still told of them."""

DELETED_KEPT = 1024
"""Policies that are known to be gone, whatever an older list says."""


class Labelled(Protocol):
    """What is asked of a pod."""

    @property
    def uid(self) -> PodUid:
        """Its identity."""
        ...

    @property
    def namespace(self) -> str:
        """Its namespace."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels; pods with equal ones may share them, and nobody changes them."""
        ...


@dataclass(slots=True)
class _Namespace:
    """The policies of one namespace, the strongest first, and answers that were given."""

    ranked: tuple[ProbePolicy, ...]
    answers: dict[int, tuple[Mapping[str, str], Policy]] = field(default_factory=dict)
    """By the identity of the labels, which are kept so that it stays theirs."""


class PolicyIndex:
    """All ProbePolicies; *changed* is told of each namespace whose pods may be judged anew."""

    def __init__(self, default: Policy, changed: Callable[[str], None]) -> None:
        self.default = default
        self._changed = changed
        self._reads: dict[str, dict[str, Read]] = {}
        self._namespaces: dict[str, _Namespace] = {}
        self._pods: OrderedDict[PodUid, Policy] = OrderedDict()
        self._deleted: OrderedDict[str, None] = OrderedDict()
        self._listed: dict[str | None, int] = {}
        """The version of the last list, by the namespace that was listed."""

    def __len__(self) -> int:
        """How many policies there are, accepted or not."""
        return sum(map(len, self._reads.values()))

    # --- what is asked

    def policy_for(self, pod: Labelled) -> Policy:
        """Return what a pod is judged by."""
        here = self._namespaces.get(pod.namespace)
        if here is None:
            self._pods.pop(pod.uid, None)
            return self.default
        known = here.answers.get(id(pod.labels))
        policy = known[1] if known is not None else self._find(here, pod.labels)
        self._pods[pod.uid] = policy
        self._pods.move_to_end(pod.uid)
        if len(self._pods) > PODS_KEPT:
            self._pods.popitem(last=False)
        return policy

    def find_last(self, uid: PodUid, pod: Labelled | None) -> Policy | None:
        """Return what a *pod* is judged by; of one that is gone, what it was judged by last.

        None where that is not known any more, or was no policy's.
        """
        return self._pods.get(uid) if pod is None else self.policy_for(pod)

    def namespaces(self) -> Iterator[tuple[str, tuple[ProbePolicy, ...]]]:
        """Each namespace with accepted policies, and those, the strongest first."""
        return ((name, here.ranked) for name, here in self._namespaces.items())

    def reads(self) -> tuple[Read, ...]:
        """All policies, accepted or not, as they were read last."""
        return tuple(read for here in self._reads.values() for read in here.values())

    # --- what comes in

    def take(self, read: Read) -> None:
        """Take in a version of a policy; an older one than is known changes nothing."""
        if self._put(read):
            self._rank(read.policy.namespace)

    def gone(self, read: Read) -> None:
        """Take in that a policy was deleted."""
        self._deleted[read.policy.uid] = None
        if len(self._deleted) > DELETED_KEPT:
            self._deleted.popitem(last=False)
        known = self._reads.get(read.policy.namespace, {}).get(read.policy.name)
        if known is not None and known.policy.uid == read.policy.uid:
            self._drop(known)
            self._rank(read.policy.namespace)

    def load(self, reads: Iterable[Read], version: int = 0, namespace: str | None = None) -> None:
        """Take in a whole list, of this version: what it does not contain is gone.

        *namespace* is the one that was listed, None for all. What a watch told meanwhile is newer
        than the list. But versions never fall: where a list is older than one before it, the
        cluster was restored from a backup, and what is known by version is worth nothing.
        """
        is_restored = 0 < version < self._listed.get(namespace, 0)
        self._listed[namespace] = version or self._listed.get(namespace, 0)
        found = {(read.policy.namespace, read.policy.name): read for read in reads}
        if is_restored:
            self._forget_versions(namespace, found.values())
        touched = {read.policy.namespace for read in found.values() if self._put(read)}
        for known in self.reads():
            policy = known.policy
            is_newer = 0 < version < known.version
            is_listed = (policy.namespace, policy.name) in found
            if namespace in {None, policy.namespace} and not (is_listed or is_newer):
                self._drop(known)
                touched.add(policy.namespace)
        for each in touched:
            self._rank(each)

    # --- inside

    def _find(self, here: _Namespace, labels: Mapping[str, str]) -> Policy:
        policy = effective_policy(find_governing(here.ranked, labels), self.default)
        if len(here.answers) >= LABELS_KEPT:
            here.answers.clear()
        here.answers[id(labels)] = (labels, policy)
        return policy

    def _put(self, read: Read) -> bool:
        """Keep a version of a policy; return whether pods may be judged by it otherwise."""
        here = self._reads.setdefault(read.policy.namespace, {})
        known = here.get(read.policy.name)
        is_older = known is not None and 0 < read.version < known.version
        if is_older or read.policy.uid in self._deleted:
            return False
        here[read.policy.name] = read
        return known is None or known.policy != read.policy

    def _forget_versions(self, namespace: str | None, there: Iterable[Read]) -> None:
        """Let the next version of each policy be news, whatever is known of it."""
        for read in self.reads():
            if namespace in {None, read.policy.namespace}:
                here = self._reads[read.policy.namespace]
                here[read.policy.name] = replace(read, version=0)
        for read in there:
            self._deleted.pop(read.policy.uid, None)

    def _drop(self, read: Read) -> None:
        here = self._reads[read.policy.namespace]
        del here[read.policy.name]
        if not here:
            del self._reads[read.policy.namespace]

    def _rank(self, namespace: str) -> None:
        here = self._reads.get(namespace, {})
        ranked = rank((read.policy for read in here.values()), self.default)
        before = self._namespaces.pop(namespace, None)
        if ranked:
            self._namespaces[namespace] = _Namespace(ranked)
        if ranked != (before.ranked if before is not None else ()):
            self._changed(namespace)


def group_labels(
    pods: Iterable[Labelled], namespaces: Iterable[str]
) -> Mapping[str, list[tuple[Mapping[str, str], int]]]:
    """Return the sets of labels in some namespaces, and how many pods have each.

    Pods that share their labels are counted together; equal ones that are not shared stay apart.
    """
    found: dict[str, dict[int, tuple[Mapping[str, str], int]]] = {each: {} for each in namespaces}
    for pod in pods:
        here = found.get(pod.namespace)
        if here is not None:
            _, before = here.get(id(pod.labels), (pod.labels, 0))
            here[id(pod.labels)] = (pod.labels, before + 1)
    return {namespace: list(groups.values()) for namespace, groups in found.items()}
