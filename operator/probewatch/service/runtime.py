"""The runtime environment: event loop, garbage collection, version, namespace of the Lease."""

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
"""File into which the kubelet writes the pod's namespace."""

DEFAULT_NAMESPACE = "default"

COLLECT_AFTER = (50_000, 20, 20)
"""Thresholds of the garbage collector. A first sync creates many objects that stay, which the
default of 700 would traverse again and again."""


def run_on_best_loop(work: Coroutine[object, object, Result]) -> Result:
    """Run *work* on uvloop if it is installed, else on asyncio's own loop."""
    with asyncio.Runner(loop_factory=find_loop_factory()) as runner:
        return runner.run(work)


def find_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory; None if it is not installed."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def find_lease_namespace(settings: Settings, of_context: str) -> str:
    """Return the namespace of the Lease: as set, else the pod's own, else the context's."""
    if settings.lease_namespace:
        return settings.lease_namespace
    try:
        return Path(POD_NAMESPACE).read_text(encoding="ascii").strip() or DEFAULT_NAMESPACE
    except OSError:
        return of_context or DEFAULT_NAMESPACE


def find_version() -> str:
    """Return the version of this program; `dev` if it is not installed as a package."""
    try:
        return metadata.version("probewatch")
    except metadata.PackageNotFoundError:
        return "dev"


def collect_rarely() -> None:
    """Collect garbage less often, and exclude all that was imported, which stays anyway."""
    gc.set_threshold(*COLLECT_AFTER)
    gc.freeze()


def freeze_what_stays() -> None:
    """Exclude all existing objects from garbage collection: the pods of a first sync stay.

    Also returns memory that only the first list needed, some five megabytes, to the system:
    glibc keeps freed memory otherwise.
    """
    gc.collect()
    gc.freeze()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
