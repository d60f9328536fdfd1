"""The start of a measured process: it loads its code, then waits for the signal to start."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

try:
    import uvloop
except ImportError:  # pragma: no cover  # an optional dependency
    uvloop = None  # type: ignore[assignment]  # all subjects run on the same loop


def wait_for_start() -> str:
    """Report that all is imported, then return the server's address once it is given."""
    print("loaded", flush=True)
    return sys.stdin.readline().strip()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop if it is installed."""
    if uvloop is None:
        asyncio.run(main)
    else:
        uvloop.run(main)
