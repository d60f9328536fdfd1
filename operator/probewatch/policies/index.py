"""The index of all policies: which of them applies to a pod.

It is asked for every version of every pod, so an answer usually costs two look-ups: by namespace,
and by labels, whose mapping equal pods share. Labels that no policy asks about (a pod's index, its
template hash) are ignored. The index is updated from a watch, which reports changes at once, and
from lists, which are complete: a policy whose deletion the watch missed is removed by the next
list. No I/O, no clock.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from probewatch.core.bounded import Bounded
from probewatch.core.model import PodUid
from probewatch.core.policies import ProbePolicy, effective_policy, find_problem
from probewatch.core.policy import Policy
from probewatch.kube.policies.parsing import Read
from probewatch.policies.ranking import Labels, Ranking

LABELS_KEPT = 4096
"""Sets of labels of one namespace whose answer is cached."""

PODS_KEPT = 4096
"""Pods in namespaces with policies whose last answer is kept, for findings that are still
published after the pod was deleted."""

DELETED_KEPT = 1024
"""Deleted policies that are remembered, so that an older list does not bring them back."""


class Labelled(Protocol):
    """The part of a pod that decides which policy applies to it."""

    @property
    def uid(self) -> PodUid:
        """`metadata.uid`."""
        ...

    @property
    def namespace(self) -> str:
        """`metadata.namespace`."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels; pods with equal labels may share one mapping, which is never modified."""
        ...


@dataclass(slots=True)
class _Namespace:
    """The policies of one namespace, and cached answers."""

    ranking: Ranking = field(default_factory=Ranking)
    answers: dict[int, tuple[Mapping[str, str], Policy]] = field(default_factory=dict)
    """By the `id` of the labels; they are kept alive, so that their `id` is not reused."""
    by_labels: dict[Labels, Policy] = field(default_factory=dict)
    """By those of the labels that policies ask about."""

    def forget_answers(self) -> None:
        self.answers.clear()
        self.by_labels.clear()


class PolicyIndex:
    """All ProbePolicies; *changed* is called with each namespace whose policies changed."""

    def __init__(self, default: Policy, changed: Callable[[str], None]) -> None:
        self.default = default
        self.edition = 0
        """Rises with every change of any policy, its status included."""
        self._changed = changed
        self._reads: dict[str, dict[str, Read]] = {}
        self._namespaces: dict[str, _Namespace] = {}
        self._pods: Bounded[PodUid, Policy] = Bounded(PODS_KEPT)
        self._deleted: Bounded[str, None] = Bounded(DELETED_KEPT)
        self._listed: dict[str | None, int] = {}
        """`resourceVersion` of the last list, by the listed namespace (None: all)."""

    def __len__(self) -> int:
        """How many policies there are, accepted or not."""
        return sum(map(len, self._reads.values()))

    # --- queries

    def policy_for(self, pod: Labelled) -> Policy:
        """Return the thresholds for a pod: those of its policy, or the default."""
        here = self._namespaces.get(pod.namespace)
        if here is None:
            self._pods.pop(pod.uid, None)
            return self.default
        known = here.answers.get(id(pod.labels))
        policy = known[1] if known is not None else self._find(here, pod.labels)
        self._pods[pod.uid] = policy
        return policy

    def find_last(self, uid: PodUid, pod: Labelled | None) -> Policy | None:
        """Return the thresholds for a *pod*; if it is None, as deleted, its last known ones.

        None if these are no longer kept, or its namespace had no policies.
        """
        return self._pods.get(uid) if pod is None else self.policy_for(pod)

    def namespaces(self) -> Iterator[tuple[str, Ranking]]:
        """Each namespace that has accepted policies, with these policies."""
        return ((name, here.ranking) for name, here in self._namespaces.items())

    def find(self, namespace: str, name: str) -> Read | None:
        """Return the last read version of a policy."""
        return self._reads.get(namespace, {}).get(name)

    def reads(self) -> tuple[Read, ...]:
        """The last read versions of all policies, accepted or not."""
        return tuple(read for here in self._reads.values() for read in here.values())

    # --- updates

    def take(self, read: Read) -> None:
        """Add or update a policy; a version older than the known one is ignored."""
        if self._put(read):
            self._changed(read.policy.namespace)

    def gone(self, read: Read) -> None:
        """Remove a policy that was deleted."""
        self._deleted[read.policy.uid] = None
        known = self.find(read.policy.namespace, read.policy.name)
        if known is not None and known.policy.uid == read.policy.uid and self._drop(known):
            self._changed(read.policy.namespace)

    def load(self, reads: Iterable[Read], version: int = 0, namespace: str | None = None) -> None:
        """Add a complete list of this `resourceVersion`: policies that it lacks are removed.

        *namespace* is the listed one, None for all. Policies that a watch reported at a newer
        version than the list's are kept. If a list is older than a previous one, the cluster was
        restored from a backup, and known versions are no longer compared.
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
            is_gone = namespace in {None, policy.namespace} and not (is_listed or is_newer)
            if is_gone and self._drop(known):
                touched.add(policy.namespace)
        for each in touched:
            self._changed(each)

    # --- internals

    def _find(self, here: _Namespace, labels: Mapping[str, str]) -> Policy:
        asked_about = here.ranking.project(labels)
        policy = here.by_labels.get(asked_about)
        if policy is None:
            policy = effective_policy(here.ranking.find(labels), self.default)
            if len(here.by_labels) >= LABELS_KEPT:
                here.by_labels.clear()
            here.by_labels[asked_about] = policy
        if len(here.answers) >= LABELS_KEPT:
            here.answers.clear()
        here.answers[id(labels)] = (labels, policy)
        return policy

    def _put(self, read: Read) -> bool:
        """Store a version of a policy; return whether other thresholds may apply to pods now."""
        here = self._reads.setdefault(read.policy.namespace, {})
        known = here.get(read.policy.name)
        is_older = known is not None and 0 < read.version < known.version
        if is_older or read.policy.uid in self._deleted:
            return False
        if known is not None and known.policy == read.policy:
            # Keep the known object, since a selector may be large and others refer to it.
            here[read.policy.name] = replace(read, policy=known.policy)
            self.edition += known != read
            return False
        here[read.policy.name] = read
        self.edition += 1
        before = None if known is None else known.policy
        return self._rank(read.policy.namespace, before, read.policy)

    def _forget_versions(self, namespace: str | None, there: Iterable[Read]) -> None:
        """Accept the next version of each policy, whatever its number."""
        for read in self.reads():
            if namespace in {None, read.policy.namespace}:
                here = self._reads[read.policy.namespace]
                here[read.policy.name] = replace(read, version=0)
        for read in there:
            self._deleted.pop(read.policy.uid, None)

    def _drop(self, read: Read) -> bool:
        """Remove a policy; return whether other thresholds may apply to pods now."""
        self.edition += 1
        here = self._reads[read.policy.namespace]
        del here[read.policy.name]
        if not here:
            del self._reads[read.policy.namespace]
        return self._rank(read.policy.namespace, read.policy, None)

    def _rank(self, namespace: str, old: ProbePolicy | None, new: ProbePolicy | None) -> bool:
        """Replace a policy's *old* version by the *new* one; return whether either is accepted."""
        old, new = self._if_accepted(old), self._if_accepted(new)
        if old is None and new is None:
            return False
        here = self._namespaces.setdefault(namespace, _Namespace())
        here.forget_answers()
        if old is not None:
            here.ranking.remove(old.name)
        if new is not None:
            here.ranking.put(new)
        if not len(here.ranking):
            del self._namespaces[namespace]
        return True

    def _if_accepted(self, policy: ProbePolicy | None) -> ProbePolicy | None:
        is_accepted = policy is not None and find_problem(policy, self.default) is None
        return policy if is_accepted else None
