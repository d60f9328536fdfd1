"""The interpreter under the operator: which event loop it runs on, and how it collects garbage."""

import asyncio
import contextlib
import ctypes
import gc
import importlib
from collections.abc import Callable, Coroutine
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from probewatch.settings import Settings

Result = TypeVar("Result")

POD_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
"""Where the kubelet writes the namespace of a pod."""

DEFAULT_NAMESPACE = "default"

COLLECT_AFTER = (50_000, 20, 20)
"""A first sync makes many objects that stay; the usual 700 would search them again and again."""


def run_on_best_loop(work: Coroutine[object, object, Result]) -> Result:
    """Run *work* to its end on uvloop where it is installed, else on asyncio's own loop."""
    with asyncio.Runner(loop_factory=find_loop_factory()) as runner:
        return runner.run(work)


def find_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory; None where it is not installed."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def find_lease_namespace(settings: Settings, of_context: str) -> str:
    """Return where the Lease is kept: as set, else in the pod's own namespace, or the context's."""
    if settings.lease_namespace:
        return settings.lease_namespace
    try:
        return Path(POD_NAMESPACE).read_text(encoding="ascii").strip() or DEFAULT_NAMESPACE
    except OSError:
        return of_context or DEFAULT_NAMESPACE


def find_version() -> str:
    """Return the version of this program; `dev` where it runs from its sources."""
    try:
        return metadata.version("probewatch")
    except metadata.PackageNotFoundError:
        return "dev"


def collect_rarely() -> None:
    """Let the collector run less often, and never look at what was imported: that stays."""
    gc.set_threshold(*COLLECT_AFTER)
    gc.freeze()


def freeze_what_stays() -> None:
    """Take what is there now out of all later collections: pods stay.

    And give back what a first sync needed for its lists only, some five megabytes: the C library
    keeps what is freed, where that is glibc.
    """
    gc.collect()
    gc.freeze()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
