"""What the loop needs of the network, and what went wrong with it."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from probewatch.watch.lines import LINE_CAP


class Response(Protocol):
    """An answer whose body is still to be read."""

    status: int
    headers: Mapping[str, str]

    def chunks(self, is_urgent: Callable[[], bool]) -> AsyncIterator[bytes]:
        """The body, as it comes; what is not urgent may wait a little for more of it."""
        ...


class Transport(Protocol):
    """Sends GET requests; raises OSError or TimeoutError where there is no answer."""

    def stream(
        self, path: str, params: Mapping[str, str], *, timeout_seconds: float
    ) -> AbstractAsyncContextManager[Response]:
        """Ask; the answer must begin within *timeout_seconds*."""
        ...

    async def refresh(self) -> None:
        """Log in again: the server answered 401."""
        ...


class StreamFaultError(Exception):
    """The stream cannot go on; `relist` says that its place in history is lost."""

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
        """Of the answer, where it never came to a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTarget:
    """What to watch: the list's path, its selectors, and its name in metrics and logs."""

    path: str
    name: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """Times in seconds, sizes in bytes."""

    page_size: int = 500
    page_cap: int = 32 * 1024 * 1024
    """A larger page is asked for in smaller ones: 500 pods have 5 MB."""
    line_cap: int = LINE_CAP
    """Bytes of the longest line that is read."""
    streams: bool = True
    """Whether lists are asked for as streams, where the server has them: no pages to hold."""
    is_urgent: bool = True
    """Whether each update is handed on at once, and not with others that come soon after."""
    checks_history: bool = False
    """Whether a server that was away is asked first whether its history is still the same."""
    request_timeout: float = 60.0
    inactivity: float = 75.0
    """A watch that says nothing for so long is taken for dead: bookmarks come each minute."""
    list_silence: float = 10.0
    """A streaming list that pauses for so long is none: the server does not know the wish."""
    server_timeout: float = 240.0
    """The server ends a watch after this and up to a quarter more, so that not all end at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Watches that say nothing although they should."""

    since: float | None
    """When they were heard of last, by the clock."""
    updates: int
    """How much they had said until then: more is the end of it."""


@dataclass(slots=True, kw_only=True)
class WatchStats:
    """For metrics and health to read."""

    resource: str
    clock: Callable[[], float] = time.monotonic
    last_activity: float | None = None
    """When the server was last heard of, by the clock."""
    synced: bool = False
    relists: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    trouble: str = ""
    """The last of these, until the server is heard of again."""
    updates: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    """Updates in which nothing changed that anybody is interested in."""
    decode_errors: int = 0
    """Objects that could not be read, or were too large to be."""
    field_errors: int = 0
    """Fields that could not, of objects that could."""
    bytes_read: int = 0
    has_bookmarks: bool = False
    """Whether the server is known to send them otherwise than by having sent some."""
    silent: Silent | None = None
    went_back: bool = False
    """Whether a list was older than what had been told before it."""

    @property
    def last_sign(self) -> float | None:
        """When there was the last sign of life, by the clock.

        None is a list, nor an answer that begins, while watches are silent that should not be.
        """
        if self.silent is not None and self.silent.updates == self.updates.total():
            return self.silent.since
        return self.last_activity

    @property
    def knows_bookmarks(self) -> bool:
        """Whether bookmarks come, or came."""
        return self.has_bookmarks or self.updates["BOOKMARK"] > 0

    def fall_silent(self) -> None:
        """A watch said nothing for too long; where bookmarks come, that is no quiet cluster."""
        if self.knows_bookmarks:
            self.silent = Silent(since=self.last_sign, updates=self.updates.total())

    def heard(self) -> None:
        """The server was heard of: whatever went wrong before is over."""
        self.last_activity = self.clock()
        self.trouble = ""

    def failed(self, why: str) -> None:
        """Something went wrong that keeps it from being heard of."""
        self.errors[why] += 1
        self.trouble = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Clock and chance, injected so that tests need neither."""

    monotonic: Callable[[], float]
    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
