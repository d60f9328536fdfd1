"""Workloads: finds the controller by which people know a pod, such as its Deployment.

A pod names its nearest owner. A ReplicaSet or a Job is only a revision or a run, and the workload
is the owner's owner: the Deployment or the CronJob. Only the owner's metadata is requested: for
all owners by lists before a first sync, and for each new owner by itself after that. Names are
never guessed from other names. If the API server cannot tell, the nearest owner is used as the
workload, and requested again later.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from probewatch.clock import Clock
from probewatch.core.model import OwnerRef, PodRef, Workload, workload_owner
from probewatch.core.record_names import SUBDOMAIN
from probewatch.errors import ApiError
from probewatch.kube import objects
from probewatch.kube.api_paths import find_path
from probewatch.kube.owner_lists import KINDS, Kind, Requester, find_controller, list_owners
from probewatch.kube.owner_refusals import Refusals
from probewatch.kube.owner_silence import Silence
from probewatch.kube.sharing import Shared

ASKED: Mapping[tuple[str, str], Kind] = {(each.api_version, each.kind): each for each in KINDS}
"""Kinds of owners whose own controller is the workload, by the apiVersion and kind in the pod."""

METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
"""Requests metadata without spec and status; a server without support sends the complete object."""

PATIENCE_SECONDS = 5.0
"""Timeout for one owner, retries included, since a finding waits for it."""

PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0)
"""Pauses between retries."""

LAST_TRY_SECONDS = 4.0
"""No retry is sent later than this, since its answer would come too late."""

DOUBT_SECONDS = 60.0
"""Time after which an owner that could not be read is requested again."""

REMEMBERED = 25_000
"""How many recently used owners are cached, plus as many that were not used lately: more than the
workloads of the largest cluster."""

AT_ONCE = 8
"""Concurrent requests, since a first sync may need every owner."""


Key = tuple[str, str]
"""Namespace and uid of an owner: a pod may name one that is not in its own namespace."""


@dataclass(slots=True, kw_only=True)
class _Doubt:
    """A workload used in place of the real one until that is requested again."""

    workload: Workload
    again_at: float


class _Object(msgspec.Struct):
    metadata: objects.Metadata = msgspec.field(default_factory=objects.Metadata)


class _Answer(NamedTuple):
    status: int
    body: bytes = b""


@dataclass(slots=True, kw_only=True)
class Workloads:
    """Finds the workloads of pods, and caches those of owners."""

    requester: Requester
    clock: Clock
    _known: Shared[Key, Workload | _Doubt] = field(default_factory=lambda: Shared(REMEMBERED))
    _listed: Mapping[str, Workload] = field(default_factory=dict)
    """Workloads of the last list by the owner's uid, until they are used."""
    _asking: dict[Key, "asyncio.Task[Workload]"] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _silence: Silence = field(init=False)
    _refusals: Refusals = field(init=False)

    def __post_init__(self) -> None:
        self._silence = Silence(clock=self.clock)
        self._refusals = Refusals(clock=self.clock)

    async def learn(self, namespaces: Sequence[str] = ()) -> None:
        """List the owners in *namespaces* (none: in all), to prepare a first sync; never raises.

        Owners that are not used until `forget_lists` are dropped then.
        """
        self._listed = await list_owners(self.requester, namespaces)

    def forget_lists(self) -> None:
        """Drop listed owners that were not used, such as old revisions."""
        self._listed = {}

    def find(self, pod: PodRef) -> Workload | None:
        """Return the workload if it is known without a request, else None."""
        owner = pod.owner
        if owner is None or _kind_of(owner) is None:
            return nearest_workload(pod)
        key = (pod.namespace, owner.uid)
        known = self._known.find(key) or self._recall(key)
        if isinstance(known, _Doubt):
            return known.workload if self.clock.monotonic() < known.again_at else None
        return known

    async def resolve(self, pod: PodRef) -> Workload:
        """Return the workload, requested if need be, with a timeout; concurrent calls share it."""
        found, owner = self.find(pod), pod.owner
        if found is not None or owner is None:
            return found or nearest_workload(pod)
        key = (pod.namespace, owner.uid)
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(pod, owner), name=f"workload {owner.name}")
            self._asking[key] = task
            task.add_done_callback(lambda _done: self._asking.pop(key, None))
        # If one caller is cancelled, the request goes on for the others.
        return await asyncio.shield(task)

    async def _ask(self, pod: PodRef, owner: OwnerRef) -> Workload:
        answer = _Answer(0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await self._insist(pod.namespace, owner)
        found = self._read(pod, owner, answer)
        nearest = found or nearest_workload(pod)
        again_at = self.clock.monotonic() + DOUBT_SECONDS
        known = found or _Doubt(workload=nearest, again_at=again_at)
        self._known.keep((pod.namespace, owner.uid), known)
        return nearest

    async def _insist(self, namespace: str, owner: OwnerRef) -> _Answer:
        """Request the owner, with a few retries; others have their turn in the pauses."""
        end = self.clock.monotonic() + LAST_TRY_SECONDS
        answer = await self._request(namespace, owner)
        resource = ASKED[owner.api_version, owner.kind].resource
        for pause in PAUSES_SECONDS:
            is_refused = answer.status == HTTPStatus.FORBIDDEN
            is_doubted = is_refused and not self._refusals.covers(resource, namespace)
            is_late = self.clock.monotonic() + pause > end
            if is_late or not (is_doubted or _may_pass(answer.status)):
                break
            await self.clock.sleep(pause)
            answer = await self._request(namespace, owner)
        if answer.status == HTTPStatus.FORBIDDEN:
            self._refusals.believe(resource, namespace)
        elif answer.status in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            self._refusals.end(resource, namespace)
        return answer

    async def _request(self, namespace: str, owner: OwnerRef) -> _Answer:
        """Send one request, unless earlier ones had no answer."""
        kind = ASKED[owner.api_version, owner.kind]
        path = find_path(kind.api_version, kind.resource, namespace, owner.name)
        answer = _Answer(0)
        async with self._turns:
            if self._silence.covers(namespace):
                return answer
            try:
                answer = _Answer(*await self.requester.request("GET", path, accept=METADATA_ONLY))
            except ApiError:
                pass
            finally:  # also if there is no answer in time
                self._silence.note(namespace, answered=answer.status != 0)
        return answer

    def _read(self, pod: PodRef, owner: OwnerRef, answer: _Answer) -> Workload | None:
        """Return the workload in an answer; None if it is not about this very owner."""
        if answer.status != HTTPStatus.OK:
            return None
        try:
            metadata = msgspec.json.decode(answer.body, type=_Object).metadata
        except objects.BROKEN:
            return None
        if (metadata.namespace, metadata.uid) != (pod.namespace, owner.uid):
            return None  # Another object of that name: this one is gone.
        controller = find_controller(metadata.owner_references or (), pod.namespace)
        return controller or nearest_workload(pod)  # The owner may have no controller.

    def _recall(self, key: Key) -> Workload | None:
        """Return the workload of an owner in the last list, and cache it."""
        namespace, uid = key
        workload = self._listed.get(uid)
        if workload is None or workload.namespace != namespace:
            return None
        self._known.keep(key, workload)
        return workload


def nearest_workload(pod: PodRef) -> Workload:
    """Return the workload known without a request: the pod's owner, or the pod itself.

    A static pod is owned by its node, which is no workload, so it is its own workload.
    """
    owner = workload_owner(pod.owner)
    if owner is None:
        return Workload(namespace=pod.namespace, kind="Pod", name=pod.name, uid=pod.uid)
    return Workload(
        namespace=pod.namespace,
        kind=owner.kind,
        name=owner.name,
        api_version=owner.api_version,
        uid=owner.uid,
    )


def _kind_of(owner: OwnerRef) -> Kind | None:
    """Return the kind of an owner whose own controller is the workload; None for other owners.

    Owner references are free text, so an invalid name must not become part of a request's path.
    """
    return ASKED.get((owner.api_version, owner.kind)) if SUBDOMAIN.fullmatch(owner.name) else None


def _may_pass(status: int) -> bool:
    passing = {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return status in passing or status >= HTTPStatus.INTERNAL_SERVER_ERROR
