"""The watches of the operator: which resources it lists and watches, and for which feed.

Pods and the kubelet's Events about them are watched for all namespaces at once, or
separately in each configured namespace, so that a Role in each is enough. Selectors
are applied by the API server. The kubelets' Events about nodes are optional.

The Events are listed after the pods. Those of unknown pods can only be buffered for
a limited number of pods, and an hour of Events in a large cluster exceeds that.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.feeds import EvidenceFeed, Observer, PodFeed
from probewatch.kube import event_objects
from probewatch.kube.api_paths import find_path
from probewatch.kube.client import ApiClient
from probewatch.kube.rights import wait_for_right
from probewatch.settings import Settings
from probewatch.watch.decoding import Decoder, Decodes, T
from probewatch.watch.dispatching import Handler
from probewatch.watch.loop import WatchLoop
from probewatch.watch.pod_decoding import PodDecoder
from probewatch.watch.transport import Surroundings, WatchOptions, WatchStats, WatchTarget

KUBELET_EVENTS = "involvedObject.kind=Pod,source=kubelet"
NODE_EVENTS = "involvedObject.kind=Node,source=kubelet"
NODE_NAMESPACE = "default"
"""Namespace of Events about nodes, which are not namespaced themselves."""

QUIET_SHARE = 0.7
"""Timeout of a watch of Events, as a share of the allowed silence; jitter adds up to a quarter."""

PATIENCE_SECONDS = 10.0
"""How long Events are waited for that cannot be listed. Less than the longest pauses between two
tries: a list that always breaks off, after a good beginning, must not be waited for without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One watch and how to run it."""

    name: str
    stats: WatchStats
    run: Callable[[], Awaitable[object]]
    is_essential: bool = False
    """Whether the operator is useless without it."""
    follows: WatchStats | None = None
    """For a watch of Events, the watch of their pods, which has to be listed first."""


def pod_target(settings: Settings, namespace: str | None) -> WatchTarget:
    """Return the target for the pods of a namespace, or of all (None)."""
    selector = {"labelSelector": settings.pod_selector} if settings.pod_selector else {}
    return _target("pods", namespace, selector)


def event_target(namespace: str | None) -> WatchTarget:
    """Return the target for the kubelet's Events on pods of a namespace, or of all (None)."""
    return _target("events", namespace, {"fieldSelector": KUBELET_EVENTS})


def node_target() -> WatchTarget:
    """Return the target for the kubelets' Events on nodes."""
    path = find_path("v1", "events", NODE_NAMESPACE)
    return WatchTarget(path=path, name="node-events", params={"fieldSelector": NODE_EVENTS})


def build_watches(
    *,
    settings: Settings,
    client: ApiClient,
    observer: Observer,
    boundary: Boundary,
) -> tuple[Watch, ...]:
    """Return all watches, those of pods first."""
    builder = _WatchBuilder(client=client, settings=settings, clock=boundary.clock)
    namespaces: tuple[str | None, ...] = settings.namespaces or (None,)
    pods, events = [], []
    for namespace in namespaces:
        feed = PodFeed(observer, boundary, namespace=namespace)
        pods.append(builder.build_pods(namespace, feed))
        evidence = EvidenceFeed(observer, boundary)
        events.append(
            builder.build_events(namespace, evidence, pods[-1].stats, after=feed.complete)
        )
    return (*pods, *events, builder.build_optional(EvidenceFeed(observer, boundary)))


class EventLists:
    """Tells whether the kubelet's Events on pods are listed, or have failed to be for a while.

    A single error ends no wait: most pass, and the list that succeeds takes its time.
    """

    def __init__(self, watches: Callable[[], Iterable[Watch]], *, clock: Clock) -> None:
        self._watches = watches
        self._clock = clock
        self._failing: dict[str, tuple[float | None, float]] = {}
        """When a resource that fails was last heard of, and from when on it failed."""

    def are_complete(self) -> bool:
        """Tell whether nothing is to be waited for; has to be asked regularly."""
        followed = [(each.stats, each.follows) for each in self._watches() if each.follows]
        failed = {each.resource for pair in followed for each in pair if self._has_failed(each)}
        return all(
            events.synced or failed & {events.resource, pods.resource} for events, pods in followed
        )

    def _has_failed(self, stats: WatchStats) -> bool:
        """Tell whether a list has failed for a while, without a sign of life since."""
        if stats.synced or not stats.trouble:
            self._failing.pop(stats.resource, None)
            return False
        now, heard = self._clock.monotonic(), stats.last_activity
        before, since = self._failing.get(stats.resource, (heard, now))
        if before != heard:
            since = now
        self._failing[stats.resource] = (heard, since)
        return now - since >= PATIENCE_SECONDS


def is_watching(watches: Iterable[Watch]) -> bool:
    """Tell whether the watches of pods are up to date."""
    essential = (each.stats for each in watches if each.is_essential)
    return all(stats.synced and not stats.trouble for stats in essential)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WatchBuilder:
    """Builds watches with shared dependencies."""

    client: ApiClient
    settings: Settings
    clock: Clock

    def build_pods(self, namespace: str | None, feed: PodFeed) -> Watch:
        loop = self._loop(pod_target(self.settings, namespace), PodDecoder(), feed)
        return Watch(name=loop.stats.resource, stats=loop.stats, run=loop.run, is_essential=True)

    def build_events(
        self,
        namespace: str | None,
        evidence: EvidenceFeed,
        pods: WatchStats,
        *,
        after: asyncio.Event,
    ) -> Watch:
        loop = self._loop(event_target(namespace), Decoder(event_objects.Event), evidence)

        async def run() -> None:
            await after.wait()
            await loop.run()

        return Watch(name=loop.stats.resource, stats=loop.stats, run=run, follows=pods)

    def build_optional(self, evidence: EvidenceFeed) -> Watch:
        """Build the watch of Events on nodes, which starts once its permission is granted."""
        target = node_target()
        loop = self._loop(target, Decoder(event_objects.Event), evidence)

        async def run() -> None:
            await wait_for_right(self.client, "watch", "events", NODE_NAMESPACE, clock=self.clock)
            await loop.run()

        return Watch(name=target.name, stats=loop.stats, run=run)

    def _loop(self, target: WatchTarget, decoder: Decodes[T], handler: Handler[T]) -> WatchLoop[T]:
        return WatchLoop(
            transport=self.client,
            target=target,
            decoder=decoder,
            handler=handler,
            around=surroundings(self.clock),
            options=watch_options(self.settings, target),
        )


def surroundings(clock: Clock) -> Surroundings:
    """Return the dependencies of a watch: clock and random numbers."""
    return Surroundings(
        monotonic=clock.monotonic, now=clock.now, sleep=clock.sleep, chance=random.random
    )


def watch_options(settings: Settings, target: WatchTarget) -> WatchOptions:
    """Return the options for the watch of a target."""
    options = WatchOptions(
        page_size=settings.page_limit,
        request_timeout=settings.request_timeout_seconds,
        inactivity=settings.inactivity_seconds,
    )
    if not target.path.endswith("/events"):
        return replace(options, checks_history=True)
    # An API server has no watch cache for Events and sends no bookmarks for them, so silence is
    # normal. It is asked to end the watch before silence would be taken for a fault.
    # Updates may be batched: verdicts wait for Events much longer than a batch does.
    return replace(
        options, is_urgent=False, server_timeout=settings.inactivity_seconds * QUIET_SHARE
    )


def _target(resource: str, namespace: str | None, params: dict[str, str]) -> WatchTarget:
    name = resource if namespace is None else f"{resource}/{namespace}"
    return WatchTarget(path=find_path("v1", resource, namespace), name=name, params=params)
