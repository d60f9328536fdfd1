"""The interface of the watch loop to the network, its options, and its statistics."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from probewatch.watch.lines import LINE_CAP


class Response(Protocol):
    """An HTTP response whose body has not been read yet."""

    status: int
    headers: Mapping[str, str]

    def chunks(self, is_urgent: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; what is not urgent may be held for a larger chunk."""
        ...


class Transport(Protocol):
    """Sends GET requests; raises OSError or TimeoutError if there is no response."""

    def stream(
        self, path: str, params: Mapping[str, str], *, timeout_seconds: float
    ) -> AbstractAsyncContextManager[Response]:
        """Send a GET; the response must begin within *timeout_seconds*.

        After a 401 the next request has new credentials, if there are any.
        """
        ...


class StreamFaultError(Exception):
    """A list or watch failed; `relist` says that it can only go on with a new list."""

    def __init__(
        self,
        why: str,
        *,
        relist: bool = False,
        retry_after: float | None = None,
        status: int = 200,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.relist = relist
        self.retry_after = retry_after
        self.status = status
        """The HTTP status of a response that did not become a stream; 200 of one that did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTarget:
    """What to watch: the path of the list, its selectors, and its name in metrics and logs."""

    path: str
    name: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """Times in seconds, sizes in bytes."""

    page_size: int = 500
    page_cap: int = 32 * 1024 * 1024
    """A larger page is requested again with fewer objects; 500 pods take about 5 MB."""
    line_cap: int = LINE_CAP
    """The longest line that is read; longer ones are skipped."""
    streams: bool = True
    """Whether to use streaming lists if the server has them: then no pages are held in memory."""
    is_urgent: bool = True
    """Whether each update is passed on at once, instead of with others that arrive soon after."""
    checks_history: bool = False
    """Whether to check, after a server was unreachable, that its etcd was not restored."""
    request_timeout: float = 60.0
    inactivity: float = 75.0
    """A watch without a line for so long is taken for dead, since bookmarks come each minute."""
    list_silence: float = 10.0
    """After so long a pause in a streaming list, lists are read in pages for a while: a server that
    does not support streaming lists opens the stream, but does not say where the list ends."""
    server_timeout: float = 240.0
    """The server ends a watch after this, or up to a quarter later, so that not all end at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """The state of a resource whose watches deliver nothing although bookmarks are due."""

    since: float | None
    """When there was last a sign of life, by the clock."""
    updates: int
    """How many updates there had been by then; one more ends this state."""


@dataclass(slots=True, kw_only=True)
class WatchStats:
    """The statistics of one resource's watch, read by metrics and health checks."""

    resource: str
    clock: Callable[[], float] = time.monotonic
    last_activity: float | None = None
    """When the server last sent something useful, by the clock."""
    synced: bool = False
    relists: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    trouble: str = ""
    """The last error, until the server is heard from again."""
    updates: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    """Updates in which nothing of interest changed."""
    decode_errors: int = 0
    """Objects that could not be decoded, or were too large."""
    field_errors: int = 0
    """Fields that could not be decoded, of objects that could."""
    bytes_read: int = 0
    has_bookmarks: bool = False
    """Whether a streaming list, which ends with a bookmark, proved that the server sends them."""
    silent: Silent | None = None
    went_back: bool = False
    """Whether a list proved that etcd was restored from a backup."""

    @property
    def last_sign(self) -> float | None:
        """When there was the last sign of life, by the clock.

        While watches are silent that should not be, neither a list nor the beginning of a
        response counts as one.
        """
        if self.silent is not None and self.silent.updates == self.updates.total():
            return self.silent.since
        return self.last_activity

    @property
    def knows_bookmarks(self) -> bool:
        """Whether the server is known to send bookmarks."""
        return self.has_bookmarks or self.updates["BOOKMARK"] > 0

    def fall_silent(self) -> None:
        """Note that a watch timed out; where bookmarks come, that is not just a quiet cluster."""
        if self.knows_bookmarks:
            self.silent = Silent(since=self.last_sign, updates=self.updates.total())

    def heard(self) -> None:
        """Note a sign of life of the server, which ends the last trouble."""
        self.last_activity = self.clock()
        self.trouble = ""

    def failed(self, why: str) -> None:
        """Count an error, which is the current trouble until the next sign of life."""
        self.errors[why] += 1
        self.trouble = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Clocks, sleep and random numbers, injected so that tests are deterministic."""

    monotonic: Callable[[], float]
    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
