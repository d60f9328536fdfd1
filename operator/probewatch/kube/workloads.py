"""Workloads: the controller that people know a pod by, asked from the API server.

A pod names its nearest owner. For a ReplicaSet or a Job that is a revision or
a run, and what people mean is the owner's owner: the Deployment, the CronJob.
Only its metadata is asked: of all owners by lists before a first sync, of each new one
by itself after that. A name is never guessed from another: where the API server cannot
say, the nearest owner stands for the workload, and it is asked again later.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from probewatch.clock import Clock
from probewatch.core.model import OwnerRef, PodRef, Workload
from probewatch.core.record_names import SUBDOMAIN
from probewatch.errors import ApiError
from probewatch.kube import objects
from probewatch.kube.owner_lists import KINDS, Kind, Requester, find_controller, list_owners
from probewatch.kube.owner_silence import Silence
from probewatch.kube.sharing import Shared

_log = logging.getLogger(__name__)

ASKED: Mapping[tuple[str, str], Kind] = {(each.api_version, each.kind): each for each in KINDS}
"""Owners that stand for someone else, by what a pod says of their version and kind."""

METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
"""Neither spec nor status; a server that does not know it sends everything."""

PATIENCE_SECONDS = 5.0
"""For one owner, tries included: a finding is not held up for longer."""

PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0)
"""Between tries where trying again may help."""

DOUBT_SECONDS = 60.0
"""An owner about which nothing was learnt is asked for again after this."""

REMEMBERED = 25_000
"""Owners kept in mind, and as many that were not asked for lately: more than the workloads of the
largest cluster."""

AT_ONCE = 8
"""Questions side by side: a first sync asks for every owner."""


Key = tuple[str, str]
"""Namespace and uid of an owner: a pod may name one that is not in its own namespace."""


@dataclass(slots=True, kw_only=True)
class _Doubt:
    """A workload that stands for the real one until that is asked for again."""

    workload: Workload
    again_at: float


class _Object(msgspec.Struct):
    metadata: objects.Metadata = msgspec.field(default_factory=objects.Metadata)


class _Answer(NamedTuple):
    status: int
    body: bytes = b""


@dataclass(slots=True, kw_only=True)
class Workloads:
    """Finds workloads; remembers what it learnt of owners."""

    requester: Requester
    clock: Clock
    _known: Shared[Key, Workload | _Doubt] = field(default_factory=lambda: Shared(REMEMBERED))
    _listed: Mapping[str, Workload] = field(default_factory=dict)
    """By the last list, of owners that nobody may ever ask for."""
    _asking: dict[Key, "asyncio.Task[Workload]"] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _silence: Silence = field(init=False)
    _refused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._silence = Silence(clock=self.clock)

    async def learn(self, namespaces: Sequence[str] = ()) -> None:
        """List owners, of *namespaces* or of all, so that a first sync asks for few; never fails.

        What is not asked for by `forget_lists` is let go then.
        """
        self._listed = await list_owners(self.requester, namespaces)

    def forget_lists(self) -> None:
        """Let go of owners that were listed and nobody asked for: old revisions."""
        self._listed = {}

    def find(self, pod: PodRef) -> Workload | None:
        """Return the workload where it is known without asking, else None."""
        owner = pod.owner
        if owner is None or _kind_of(owner) is None:
            return nearest_workload(pod)
        key = (pod.namespace, owner.uid)
        known = self._known.find(key) or self._recall(key)
        if isinstance(known, _Doubt):
            return known.workload if self.clock.monotonic() < known.again_at else None
        return known

    async def resolve(self, pod: PodRef) -> Workload:
        """Return the workload; asks in bounded time, once for all that ask at the same time."""
        found, owner = self.find(pod), pod.owner
        if found is not None or owner is None:
            return found or nearest_workload(pod)
        key = (pod.namespace, owner.uid)
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(pod, owner), name=f"workload {owner.name}")
            self._asking[key] = task
            task.add_done_callback(lambda _done: self._asking.pop(key, None))
        # The question goes on for others when one who asked is cancelled.
        return await asyncio.shield(task)

    async def _ask(self, pod: PodRef, owner: OwnerRef) -> Workload:
        answer, has_asked = _Answer(0), False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS), self._turns:
                if not self._silence.covers(pod.namespace):
                    has_asked = True
                    answer = await self._insist(pod.namespace, owner)
        if has_asked:
            self._silence.note(pod.namespace, answered=answer.status != 0)
        found = self._read(pod, owner, answer)
        nearest = found or nearest_workload(pod)
        again_at = self.clock.monotonic() + DOUBT_SECONDS
        known = found or _Doubt(workload=nearest, again_at=again_at)
        self._known.keep((pod.namespace, owner.uid), known)
        return nearest

    async def _insist(self, namespace: str, owner: OwnerRef) -> _Answer:
        """Ask again where that may help, a few times."""
        answer = await self._request(namespace, owner)
        for pause in PAUSES_SECONDS:
            if not _may_pass(answer.status):
                break
            await self.clock.sleep(pause)
            answer = await self._request(namespace, owner)
        return answer

    async def _request(self, namespace: str, owner: OwnerRef) -> _Answer:
        kind = ASKED[owner.api_version, owner.kind]
        path = f"/apis/{kind.api_version}/namespaces/{namespace}/{kind.resource}/{owner.name}"
        try:
            return _Answer(*await self.requester.request("GET", path, accept=METADATA_ONLY))
        except ApiError:
            return _Answer(0)

    def _read(self, pod: PodRef, owner: OwnerRef, answer: _Answer) -> Workload | None:
        """Return what an answer says; None where it says nothing about this very owner."""
        if answer.status == HTTPStatus.FORBIDDEN:
            self._say_refused(ASKED[owner.api_version, owner.kind].resource)
        if answer.status != HTTPStatus.OK:
            return None
        try:
            metadata = msgspec.json.decode(answer.body, type=_Object).metadata
        except msgspec.DecodeError:
            return None
        if (metadata.namespace, metadata.uid) != (pod.namespace, owner.uid):
            return None  # Another one of that name: this one is gone.
        controller = find_controller(metadata.owner_references or (), pod.namespace)
        return controller or nearest_workload(pod)  # It may belong to nobody but itself.

    def _say_refused(self, resource: str) -> None:
        if resource not in self._refused:
            self._refused.add(resource)
            _log.warning(
                "A right is missing: get; workloads are named by their nearest owner",
                extra={"resource": resource},
            )

    def _recall(self, key: Key) -> Workload | None:
        """What a list said of an owner."""
        namespace, uid = key
        workload = self._listed.get(uid)
        if workload is None or workload.namespace != namespace:
            return None
        self._known.keep(key, workload)
        return workload


def stands_for_itself(pod: PodRef) -> bool:
    """Whether a pod is a workload of its own: nobody made it, or its node did, from a file."""
    return pod.owner is None or pod.owner.kind == "Node"


def nearest_workload(pod: PodRef) -> Workload:
    """Return what is known without asking anyone: the pod's owner, or the pod itself.

    A static pod is owned by its node, which is no workload: it stands for itself.
    """
    owner = pod.owner
    if owner is None or stands_for_itself(pod):
        return Workload(namespace=pod.namespace, kind="Pod", name=pod.name, uid=pod.uid)
    return Workload(
        namespace=pod.namespace,
        kind=owner.kind,
        name=owner.name,
        api_version=owner.api_version,
        uid=owner.uid,
    )


def _kind_of(owner: OwnerRef) -> Kind | None:
    """Return the kind of an owner that there may be, and that may stand for someone else.

    What a pod says of its owner is free text, and must not lead to another path than that of
    an owner.
    """
    return ASKED.get((owner.api_version, owner.kind)) if SUBDOMAIN.fullmatch(owner.name) else None


def _may_pass(status: int) -> bool:
    passing = {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return status in passing or status >= HTTPStatus.INTERNAL_SERVER_ERROR
