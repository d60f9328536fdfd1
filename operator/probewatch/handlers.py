"""The kopf handlers: startup, login, health, and watch events of ProbePolicies.

Handlers are thin: they translate and delegate. Pods are not watched here
(`watch/` does that), and no handler may ever be registered for objects that
are not ours: kopf would write finalizers and annotations to them.

kopf runs in a thread of its own with its own event loop (see `supervisor`).
Changes of policies are passed to `memo.policies`, which applies them in the
operator's event loop.
"""

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, cast

import kopf

from probewatch.kube import custom_resources
from probewatch.kube.access import Access
from probewatch.kube.policies import objects as policy_objects
from probewatch.pauses import Pauses
from probewatch.settings import Settings

PREFIX = "probewatch.dev"
"""Prefix of the finalizer and annotations that kopf may store on objects of ours."""

LOGIN_SECONDS = 600.0
"""Interval at which kopf logs in again: the kubelet renews the token in its file."""

PAUSES = Pauses(first=1.0, longest=30.0)
"""Between kopf's tries of one request."""

KEPT = frozenset({"apiVersion", "kind", "metadata"})
KEPT_METADATA = (
    *("name", "namespace", "uid", "resourceVersion", "generation"),
    *("creationTimestamp", "deletionTimestamp", "finalizers"),
)
"""The parts of an object that kopf still reads after our handler has run."""


class Policies(Protocol):
    """Keeps track of ProbePolicies."""

    async def served(self) -> bool:
        """Tell whether the API server serves ProbePolicies; called in kopf's thread."""
        ...

    async def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        """Process a version of a policy; called in kopf's thread, applied in the operator's."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """What kopf passes to the handlers."""

    settings: Settings
    access: Callable[[], Access]
    """Returns the current credentials; called in kopf's thread. They are renewed in the operator's
    event loop. Waiting for that loop could block for ever once it has ended."""
    health: Callable[[], Mapping[str, object]]
    """Returns the values for kopf's health endpoint."""
    policies: Policies


def register(registry: kopf.OperatorRegistry, *, policies: bool) -> None:
    """Register all handlers; importing this module alone has no effect.

    *policies* says whether ProbePolicies are served: kopf ends if a resource it watches is missing.
    """
    kopf.on.startup(registry=registry)(configure)
    kopf.on.login(registry=registry, retries=1)(log_in)
    kopf.on.probe(registry=registry, id="probewatch")(report_health)
    if policies:
        kopf.on.event(
            custom_resources.GROUP,
            custom_resources.VERSION,
            policy_objects.PLURAL,
            registry=registry,
        )(observe_policy)


def configure(settings: kopf.OperatorSettings, **_: object) -> None:
    """Configure kopf; each comment says why the default does not fit."""
    # Our own recorder writes Events: rate-limited, counted and deduplicated.
    settings.posting.enabled = False
    # Peering pauses all operators of one priority when two of them meet.
    settings.peering.standalone = True
    # Watching namespaces and CRDs would need rights that nothing else here needs.
    settings.scanning.disabled = True
    # The default keys are in another project's domain.
    settings.persistence.finalizer = f"{PREFIX}/finalizer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=PREFIX)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=PREFIX)
    # By default kopf gives up after a minute of errors; an API server may be down for longer.
    settings.networking.error_backoffs = Backoffs()
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 10
    # Endless streams may be cut by a proxy without either side noticing.
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    # Tenants may create policies of up to 1.5 MB each, and kopf holds three copies of a page.
    settings.watching.chunk_size = 10
    # With a worker for each object, kopf's memory would grow with the cluster.
    settings.queueing.worker_limit = 50
    # By default an idle worker keeps its slot for five seconds, while other objects wait.
    settings.queueing.idle_timeout = 0.1
    # The default kills the process ten minutes after kopf stopped; the process outlives kopf.
    settings.process.ultimate_exiting_timeout = None


def log_in(memo: Memo, **_: object) -> kopf.ConnectionInfo:
    """Give kopf the operator's own credentials."""
    access = memo.access()
    scheme, _space, token = access.authorization.partition(" ")
    return kopf.ConnectionInfo(
        server=access.server,
        ca_path=access.ca_path or None,
        certificate_path=access.certificate_path or None,
        private_key_path=access.private_key_path or None,
        scheme=scheme or None,
        token=token or None,
        insecure=access.insecure,
        proxy_url=access.proxy or None,
        expiration=login_expiration(time.time()),
    )


def login_expiration(now: float) -> datetime:
    """Return when credentials read *now* expire for kopf, rounded to whole periods.

    kopf takes credentials that differ in any field for new ones, and tries them at
    once. If the expiration differed at each login, rejected credentials would be
    retried as fast as the API server can reject them.
    """
    periods = math.floor(now / LOGIN_SECONDS) + 2
    return datetime.fromtimestamp(periods * LOGIN_SECONDS, UTC)


def report_health(memo: Memo, **_: object) -> Mapping[str, object]:
    """Answer kopf's health endpoint."""
    return memo.health()


async def observe_policy(memo: Memo, event: kopf.RawEvent, **_: object) -> None:
    """Pass a version of a ProbePolicy on to `memo.policies`."""
    whole = take_over(cast("dict[str, object]", event["object"]))
    await memo.policies.take(event["type"], whole)


def take_over(body: dict[str, object]) -> Mapping[str, object]:
    """Return a copy of *body*, and strip *body* itself down to identity and deletion.

    kopf keeps the last body of each watched object in memory, for kinds of handlers that we do
    not use. A few hundred policies of the largest size would fill the memory.
    """
    whole = dict(body)
    meta = body.get("metadata")
    for key in body.keys() - KEPT:
        del body[key]
    if isinstance(meta, dict):
        body["metadata"] = {key: meta[key] for key in KEPT_METADATA if key in meta}
    return whole


class Backoffs:
    """Endless back-off between retries, as kopf takes it: the pauses after each fault in a row."""

    def __iter__(self) -> Iterator[float]:
        """Yield the pauses of one request."""
        for faults in itertools.count(1):
            yield PAUSES.after(faults, random.random())  # noqa: S311  # spreads load
