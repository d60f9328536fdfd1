"""What kopf calls: start-up, login, health and clean-up of the operator.

Thin on purpose: a handler translates and hands on. Pods are not watched here
(`watch/` does that), and no handler may ever be registered for objects that
are not ours: kopf would write finalizers and annotations to them. Handlers of
our own resources are registered here too.

kopf runs in a thread of its own with its own event loop (see `supervisor`).
What a handler wants to change it hands over to `memo.policies`, which runs it in
the operator's loop.
"""

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, cast

import kopf

from probewatch.kube.policies import objects as policy_objects
from probewatch.settings import Settings

PREFIX = "probewatch.dev"
"""Of everything kopf stores on objects of ours."""

LOGIN_SECONDS = 600.0
"""Credentials are asked for again after about so long: the kubelet renews tokens in their file."""

KEPT = frozenset({"apiVersion", "kind", "metadata"})
KEPT_METADATA = (
    *("name", "namespace", "uid", "resourceVersion", "generation"),
    *("creationTimestamp", "deletionTimestamp", "finalizers"),
)
"""Of an object, what kopf asks of it once our handler has seen it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach the API server, as far as kopf can be told; paths of files."""

    server: str
    ca_path: str | None = None
    certificate_path: str | None = None
    private_key_path: str | None = None
    authorization: str = field(default="", repr=False)
    """The header's value, scheme included; empty without one."""
    insecure: bool = False
    proxy: str | None = field(default=None, repr=False)


class Policies(Protocol):
    """Who follows ProbePolicies."""

    async def served(self) -> bool:
        """Whether there are any to be watched; asked in kopf's thread."""
        ...

    async def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        """Take in a version of one; called in kopf's thread, for which it waits its turn."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """What handlers are given to work with."""

    settings: Settings
    connection: Callable[[], Connection]
    """Reads credentials anew; raises KubeconfigError."""
    health: Callable[[], Mapping[str, object]]
    """Facts for kopf's health endpoint."""
    policies: Policies | None = None
    """None where nobody follows them."""


def register(registry: kopf.OperatorRegistry, *, policies: bool = False) -> None:
    """Put all handlers into *registry*; importing this module alone does nothing.

    *policies* says whether there are ProbePolicies: kopf ends when what it watches is not there.
    """
    kopf.on.startup(registry=registry)(configure)
    kopf.on.login(registry=registry, retries=1)(log_in)
    kopf.on.probe(registry=registry, id="probewatch")(report_health)
    if policies:
        kopf.on.event(
            policy_objects.GROUP,
            policy_objects.VERSION,
            policy_objects.PLURAL,
            registry=registry,
        )(observe_policy)


def configure(settings: kopf.OperatorSettings, **_: object) -> None:
    """Set kopf up; each line says why its default does not do."""
    # Our recorder writes Events: bounded, counted, and never twice.
    settings.posting.enabled = False
    # Peering pauses all operators of one priority when two of them meet.
    settings.peering.standalone = True
    # Watching namespaces and CRDs would need rights that nothing else here needs.
    settings.scanning.disabled = True
    # The default keys are another project's.
    settings.persistence.finalizer = f"{PREFIX}/finalizer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=PREFIX)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=PREFIX)
    # By default kopf gives up after a minute of errors; an API server may be away for longer.
    settings.networking.error_backoffs = Backoffs()
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 10
    # Streams without an end are cut by proxies that nobody tells us about.
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    # Tenants may make policies, of a megabyte and a half each; of a page there are three copies.
    settings.watching.chunk_size = 10
    # A worker for each object at once is what makes kopf's memory grow with the cluster.
    settings.queueing.worker_limit = 50
    # By default each holds its object for five seconds more, and the others wait with theirs.
    settings.queueing.idle_timeout = 0.1
    # It would kill the process ten minutes after kopf stopped; kopf's end is not the process's.
    settings.process.ultimate_exiting_timeout = None


def log_in(memo: Memo, **_: object) -> kopf.ConnectionInfo:
    """Hand the operator's own credentials to kopf."""
    connection = memo.connection()
    scheme, _space, token = connection.authorization.partition(" ")
    return kopf.ConnectionInfo(
        server=connection.server,
        ca_path=connection.ca_path,
        certificate_path=connection.certificate_path,
        private_key_path=connection.private_key_path,
        scheme=scheme or None,
        token=token or None,
        insecure=connection.insecure,
        proxy_url=connection.proxy,
        expiration=login_expiration(time.time()),
    )


def login_expiration(now: float) -> datetime:
    """Return when credentials read *now* are to be read again: the same time for a while.

    kopf takes credentials that differ in anything for new ones, and tries them at
    once. With another expiration at each login, credentials that are refused
    would be tried as fast as the API server can refuse them.
    """
    periods = math.floor(now / LOGIN_SECONDS) + 2
    return datetime.fromtimestamp(periods * LOGIN_SECONDS, UTC)


def report_health(memo: Memo, **_: object) -> Mapping[str, object]:
    """Answer kopf's health endpoint."""
    return memo.health()


async def observe_policy(memo: Memo, event: kopf.RawEvent, **_: object) -> None:
    """Hand a version of a ProbePolicy to those who follow them."""
    whole = take_over(cast("dict[str, object]", event["object"]))
    if memo.policies is not None:
        await memo.policies.take(event["type"], whole)


def take_over(body: dict[str, object]) -> Mapping[str, object]:
    """Return what *body* holds, and leave in it no more than which object it is, and whether gone.

    kopf keeps the last body of each object that it watches, for handlers that we do not have: with
    policies as large as they may be, a few hundred would fill the memory.
    """
    whole = dict(body)
    meta = body.get("metadata")
    for key in body.keys() - KEPT:
        del body[key]
    if isinstance(meta, dict):
        body["metadata"] = {key: meta[key] for key in KEPT_METADATA if key in meta}
    return whole


class Backoffs:
    """Pauses between retries without an end: 1, 2, 4, … 30 s, each between half and all of it."""

    def __iter__(self) -> Iterator[float]:
        """Begin anew for each request."""
        pause = 1.0
        while True:
            yield pause * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load; hides nothing
            pause = min(pause * 2, 30.0)
