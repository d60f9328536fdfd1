"""The policies of the cluster, and which of them each pod is under.

It is asked for every version of every pod, so an answer costs two look-ups: by namespace,
and by labels, which equal pods share. Labels that no policy asks about (a pod's number, the
hash of its template) make no pod another one. It learns of policies from a watch, which tells
at once, and from lists, which tell everything: a policy whose deletion no watch saw goes with
the next list. No input, no output, no clock.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from probewatch.core.model import PodUid
from probewatch.core.policies import ProbePolicy, effective_policy, find_problem
from probewatch.core.policy import Policy
from probewatch.kube.policies.parsing import Read
from probewatch.policies.ranking import Labels, Ranking

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
    """The policies of one namespace, and answers that were given."""

    ranking: Ranking = field(default_factory=Ranking)
    answers: dict[int, tuple[Mapping[str, str], Policy]] = field(default_factory=dict)
    """By the identity of the labels, which are kept so that it stays theirs."""
    by_labels: dict[Labels, Policy] = field(default_factory=dict)
    """By those of the labels that policies ask about."""

    def forget_answers(self) -> None:
        self.answers.clear()
        self.by_labels.clear()


class PolicyIndex:
    """All ProbePolicies; *changed* is told of each namespace whose pods may be judged anew."""

    def __init__(self, default: Policy, changed: Callable[[str], None]) -> None:
        self.default = default
        self.edition = 0
        """How often any policy was read that is not as it was before."""
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

    def namespaces(self) -> Iterator[tuple[str, Ranking]]:
        """Each namespace with accepted policies, and those."""
        return ((name, here.ranking) for name, here in self._namespaces.items())

    def find(self, namespace: str, name: str) -> Read | None:
        """Return a policy as it was read last."""
        return self._reads.get(namespace, {}).get(name)

    def reads(self) -> tuple[Read, ...]:
        """All policies, accepted or not, as they were read last."""
        return tuple(read for here in self._reads.values() for read in here.values())

    # --- what comes in

    def take(self, read: Read) -> None:
        """Take in a version of a policy; an older one than is known changes nothing."""
        if self._put(read):
            self._changed(read.policy.namespace)

    def gone(self, read: Read) -> None:
        """Take in that a policy was deleted."""
        self._deleted[read.policy.uid] = None
        if len(self._deleted) > DELETED_KEPT:
            self._deleted.popitem(last=False)
        known = self.find(read.policy.namespace, read.policy.name)
        if known is not None and known.policy.uid == read.policy.uid and self._drop(known):
            self._changed(read.policy.namespace)

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
            is_gone = namespace in {None, policy.namespace} and not (is_listed or is_newer)
            if is_gone and self._drop(known):
                touched.add(policy.namespace)
        for each in touched:
            self._changed(each)

    # --- inside

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
        """Keep a version of a policy; return whether pods may be judged by it otherwise."""
        here = self._reads.setdefault(read.policy.namespace, {})
        known = here.get(read.policy.name)
        is_older = known is not None and 0 < read.version < known.version
        if is_older or read.policy.uid in self._deleted:
            return False
        if known is not None and known.policy == read.policy:
            # A selector may be large: it is held once, however it was written.
            here[read.policy.name] = replace(read, policy=known.policy)
            self.edition += known != read
            return False
        here[read.policy.name] = read
        self.edition += 1
        before = None if known is None else known.policy
        return self._rank(read.policy.namespace, before, read.policy)

    def _forget_versions(self, namespace: str | None, there: Iterable[Read]) -> None:
        """Let the next version of each policy be news, whatever is known of it."""
        for read in self.reads():
            if namespace in {None, read.policy.namespace}:
                here = self._reads[read.policy.namespace]
                here[read.policy.name] = replace(read, version=0)
        for read in there:
            self._deleted.pop(read.policy.uid, None)

    def _drop(self, read: Read) -> bool:
        """Let go of a policy; return whether pods may be judged otherwise."""
        self.edition += 1
        here = self._reads[read.policy.namespace]
        del here[read.policy.name]
        if not here:
            del self._reads[read.policy.namespace]
        return self._rank(read.policy.namespace, read.policy, None)

    def _rank(self, namespace: str, old: ProbePolicy | None, new: ProbePolicy | None) -> bool:
        """Put one policy in the place of another; return whether any of them is accepted."""
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
