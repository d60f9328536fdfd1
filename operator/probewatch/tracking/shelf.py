"""The shelf: what is remembered of each pod, in the least space that holds it.

Three forms. A pod to which nothing happened yet is kept as the *snapshot* that was taken of
it: its state follows from that. The pods that something happened to lately are *open*: states
of the core. All others are *packed*: the same states as bytes.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
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

OPEN = 1024
"""Pods of a failing roll-out restart and speak in turns; to pack them each time costs more."""

_PACKER = Packer(PodState)
_NO_SPEC, _NO_UID = PodSpec(), PodUid("")
_NO_LABELS: Mapping[str, str] = {}

LEVEL = 1
"""Of compression: the names of instances are in a state several times."""


class Packed(Header, gc=False):
    """A pod that something happened to; `body` is empty until it is closed."""

    not_ready_since: float | None
    pending: int
    """Restarts whose verdict waits for late evidence."""
    body: bytes = b""


class Shelf:
    """States by pod uid, at most *open_limit* of them open."""

    def __init__(self, open_limit: int = OPEN) -> None:
        self._limit = open_limit
        self._kept: dict[PodUid, Snapshot | Packed] = {}
        self._open: OrderedDict[PodUid, PodState] = OrderedDict()

    def __len__(self) -> int:
        """How many pods there are."""
        return len(self._kept)

    def __contains__(self, uid: PodUid) -> bool:
        """Whether the pod is known."""
        return uid in self._kept

    def headers(self) -> Iterable[Snapshot | Packed]:
        """What can be said of all pods without opening them."""
        return self._kept.values()

    def header(self, uid: PodUid) -> Snapshot | Packed | None:
        """What can be said of one pod without opening it."""
        return self._kept.get(uid)

    def lay(self, snapshot: Snapshot) -> None:
        """Keep a pod that nothing happened to."""
        snapshot.pack()
        self._kept[snapshot.uid] = snapshot

    def get(self, uid: PodUid) -> PodState | None:
        """The state of a pod, of which there is news."""
        state = self.look(uid)
        if state is not None and uid not in self._open:
            self._leave_open(uid, state)
        return state

    def look(self, uid: PodUid) -> PodState | None:
        """The state of a pod, for those who only look: it is left as it is."""
        state, kept = self._open.get(uid), self._kept.get(uid)
        return self._unpack(kept) if state is None and kept is not None else state

    def put(self, state: PodState, *, version: int, mark: int) -> None:
        """Keep the state of a pod, which is now among those that something happened to."""
        pod = state.pod
        self._kept[pod.uid] = _describe(state, max(version, pod.resource_version), mark)
        self._leave_open(pod.uid, state)

    def _leave_open(self, uid: PodUid, state: PodState) -> None:
        """It will be asked for again soon; the one that was not for the longest time is closed."""
        self._open[uid] = state
        self._open.move_to_end(uid)
        if len(self._open) > self._limit:
            other, rest = self._open.popitem(last=False)
            kept = self._kept[other]
            if isinstance(kept, Packed) and not kept.body:
                kept.body = _pack(rest)

    def pop(self, uid: PodUid) -> Snapshot | Packed | None:
        """Let go of a pod."""
        self._open.pop(uid, None)
        return self._kept.pop(uid, None)

    def _unpack(self, kept: Snapshot | Packed) -> PodState | None:
        if isinstance(kept, Snapshot):
            return _begin(kept)
        state = _PACKER.unpack(decompress(kept.body))
        pod = replace(  # what _pack left out
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
    """The state of a pod that was seen once, without restarts: no policy matters, nor the time."""
    remembered = Remembered(from_zero=snapshot.from_zero)
    return first_state(snapshot.open(), remembered, now=0.0)[0]


def _pack(state: PodState) -> bytes:
    """What the header has stays outside."""
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
