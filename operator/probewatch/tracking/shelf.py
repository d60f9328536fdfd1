"""The shelf: stores the state of each pod with as little memory as possible.

A pod is kept in one of three forms. One without any restart is a *snapshot*, from which its
state can be derived. Those with recent activity are *open*: states of the core, in an LRU
cache. All others are *packed*: the same states, serialized and compressed.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from zlib import compress, decompress

from probewatch.core.first_sight import first_state
from probewatch.core.losses import has_done_its_part
from probewatch.core.model import PodUid
from probewatch.core.remembered import Remembered
from probewatch.core.spec import PodSpec
from probewatch.core.state import PodState
from probewatch.core.values import replace
from probewatch.kube.pods.snapshot import NOT_READY, Header, Snapshot, find_group
from probewatch.packing import Packer

OPEN = 4096
"""Size of the cache. The pods of a failing rollout, or of lost nodes, get Events and updates in
turns, and should all fit: packing one and unpacking it again costs more than judging it. An open
pod takes 3 KiB more than a packed one."""

_PACKER = Packer(PodState)
_NO_SPEC, _NO_UID = PodSpec(), PodUid("")
_NO_LABELS: Mapping[str, str] = {}

LEVEL = 1
"""Compression level; even a low one helps, since a state repeats the ids of containers."""


class Packed(Header, gc=False):
    """A pod with a state; `body` holds it once it leaves the cache, and is empty before."""

    not_ready_since: float | None
    pending: int
    """Number of restarts whose verdict waits for late evidence."""
    body: bytes = b""


class Shelf:
    """States by pod uid; at most *open_limit* are kept unpacked."""

    def __init__(self, open_limit: int = OPEN) -> None:
        self._limit = open_limit
        self._kept: dict[PodUid, Snapshot | Packed] = {}
        self.header: Callable[[PodUid], Snapshot | Packed | None] = self._kept.get
        """Returns the header of a pod, which needs no unpacking; looked up several times a pod."""
        self._open: OrderedDict[PodUid, PodState] = OrderedDict()

    def __len__(self) -> int:
        """Count the pods."""
        return len(self._kept)

    def __contains__(self, uid: PodUid) -> bool:
        """Tell whether the pod is known."""
        return uid in self._kept

    def headers(self) -> Iterable[Snapshot | Packed]:
        """Return the headers of all pods, which need no unpacking."""
        return self._kept.values()

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a pod as a snapshot, without a state."""
        snapshot.pack()
        self._kept[snapshot.uid] = snapshot

    def get(self, uid: PodUid) -> PodState | None:
        """Return the state of a pod and keep it in the cache, since it is about to change."""
        state = self.peek(uid)
        if state is not None and uid not in self._open:
            self._leave_open(uid, state)
        return state

    def peek(self, uid: PodUid) -> PodState | None:
        """Return the state of a pod without a change of the cache."""
        state = self._open.get(uid)
        if state is None and (kept := self._kept.get(uid)) is not None:
            return self._unpack(kept)
        return state

    def put(self, state: PodState, *, version: int, mark: int) -> None:
        """Store the state of a pod, replacing its snapshot if it had one."""
        pod = state.pod
        self._kept[pod.uid] = _describe(state, max(version, pod.resource_version), mark)
        self._leave_open(pod.uid, state)

    def _leave_open(self, uid: PodUid, state: PodState) -> None:
        """Put a state into the cache; pack the least recently used one if that is full."""
        self._open[uid] = state
        self._open.move_to_end(uid)
        if len(self._open) > self._limit:
            other, rest = self._open.popitem(last=False)
            kept = self._kept[other]
            if isinstance(kept, Packed) and not kept.body:
                kept.body = _pack(rest)

    def pop(self, uid: PodUid) -> Snapshot | Packed | None:
        """Remove a pod and return its header."""
        self._open.pop(uid, None)
        return self._kept.pop(uid, None)

    def _unpack(self, kept: Snapshot | Packed) -> PodState | None:
        if isinstance(kept, Snapshot):
            return _begin(kept)
        state = _PACKER.unpack(decompress(kept.body))
        pod = replace(  # the fields that _pack leaves out
            state.pod,
            uid=kept.uid,
            evidence_uid=kept.evidence_uid,
            namespace=kept.namespace,
            name=kept.name,
            node=kept.node,
            owner=kept.owner,
            labels=kept.labels,
            spec=kept.spec,
        )
        return replace(state, pod=pod)


def _begin(snapshot: Snapshot) -> PodState:
    """Derive the state of a pod without restarts, for which neither policy nor time matters."""
    remembered = Remembered(from_zero=snapshot.from_zero)
    return first_state(snapshot.open(), remembered, now=0.0)[0]


def _pack(state: PodState) -> bytes:
    """Serialize a state without the fields that its header holds."""
    pod = replace(
        state.pod,
        uid=_NO_UID,
        evidence_uid="",
        namespace="",
        name="",
        node="",
        owner=None,
        labels=_NO_LABELS,
        spec=_NO_SPEC,
    )
    return compress(_PACKER.pack(replace(state, pod=pod)), LEVEL)


def _describe(state: PodState, version: int, mark: int) -> Packed:
    pod, readiness = state.pod, state.readiness
    group = find_group(
        pod.phase, is_terminating=pod.deletion_at is not None, is_ready=readiness.ready
    )
    is_missed = group == NOT_READY and not has_done_its_part(pod)
    return Packed(
        pod.uid,
        pod.namespace,
        pod.name,
        pod.node,
        pod.owner,
        pod.labels,
        pod.spec,
        pod.evidence_uid,
        version,
        mark,
        group,
        (readiness.unready_since or pod.created_at) if is_missed else None,
        sum(len(memory.pending) for _, memory in state.memories),
    )
