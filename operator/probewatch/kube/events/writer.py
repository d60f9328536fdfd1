"""Writes one Event: retries where that can help, and gives up where it cannot.

The answer tells which. AlreadyExists is success, since the name is derived from what happened.
A refusal (no right, a terminating namespace, an invalid object) is final; only a missing right is
doubted for a moment, see `doubt`. Anything else may be temporary, and is retried with exponential
back-off, or after the Retry-After of the server.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from probewatch.clock import Clock, Throttle
from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube.answers import NO_RIGHT
from probewatch.kube.events.doubt import Doubt
from probewatch.kube.events.draft import EventDraft, render_event
from probewatch.kube.rights import Requester
from probewatch.kube.sanitize import sanitize
from probewatch.kube.statuses import read_status
from probewatch.kube.waits import find_wait
from probewatch.pauses import Pauses

_log = logging.getLogger(__name__)

TRIES = 12
"""As in client-go; the pauses between them take one and a half to three minutes in all."""

PAUSES = Pauses(first=0.5, longest=30.0)

SILENCE_SECONDS = 60.0
"""Minimum time between two log lines about the same trouble."""

ANSWER_LIMIT = 256
"""Bytes of the API server's answer that are logged."""

NAMESPACE_TERMINATING = b"NamespaceTerminating"
"""The cause in the API server's answer to a write into a namespace that is being deleted."""

_REFUSALS: Mapping[int, str] = {
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "NamespaceGone",
}


@dataclass(slots=True, kw_only=True)
class EventStats:
    """What became of the Events; read by the metrics."""

    posted: Counter[str] = field(default_factory=Counter)
    """By the Event's reason, including Events that existed already."""
    existed: int = 0
    """How many of the posted Events existed already."""
    dropped: Counter[str] = field(default_factory=Counter)
    """By cause: QueueFull, PodBudget, Forbidden, Rejected, Unanswered, Shutdown, …

    An unanswered one may have been written all the same.
    """
    retries: int = 0


class EventWriter:
    """Writes Events through *requester*; *instance* names this process in them."""

    def __init__(
        self,
        *,
        requester: Requester,
        instance: str,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.stats = EventStats()
        self._requester = requester
        self._instance = instance
        self._clock = clock
        self._jitter = jitter
        self._warnings = Throttle(clock.monotonic, SILENCE_SECONDS)
        self._doubt = Doubt(clock)
        self.cut_off: set[tuple[str, str]] = set()
        """Namespace and name of Events whose request was cancelled: they may exist all the same."""

    async def write(self, draft: EventDraft) -> float:
        """Write one Event, and count the result; no error of the network is raised.

        If the right seems to be missing, return the seconds after which the Event is to be written
        again, and else 0. Only its namespace has to wait, so that is left to the caller.
        """
        body = render_event(draft, instance=self._instance, now=self._clock.now())
        status, answer = await self._post(draft, body)
        for tried in range(1, TRIES):
            if not _may_pass(status):
                break
            self._doubt.end(draft.pod.namespace)
            self.stats.retries += 1
            await self._clock.sleep(max(PAUSES.after(tried, self._jitter()), find_wait(answer)))
            status, answer = await self._post(draft, body)
        if pause := self._find_pause(draft.pod.namespace, status, answer):
            self.stats.retries += 1
            return pause
        self._settle(draft, status, answer)
        return 0.0

    def _find_pause(self, namespace: str, status: int, answer: bytes) -> float:
        """Return the pause after a refusal that may end in a moment; admission is final."""
        if status == HTTPStatus.FORBIDDEN and NO_RIGHT.search(read_status(answer).message):
            return self._doubt.find_pause(namespace)
        self._doubt.end(namespace)
        return 0.0

    async def _post(self, draft: EventDraft, body: object) -> tuple[int, bytes]:
        """Return status and body of the answer; without one, status 0 and the error's text."""
        path = f"/apis/events.k8s.io/v1/namespaces/{draft.pod.namespace}/events"
        try:
            crash_point("event.post.before")
            answer = await self._requester.request("POST", path, body=body)
            crash_point("event.post.after")
        except (ApiError, OSError) as error:
            return 0, str(error).encode(errors="replace")
        except asyncio.CancelledError:
            self.cut_off.add((draft.pod.namespace, draft.name))
            raise
        return answer

    def _settle(self, draft: EventDraft, status: int, answer: bytes) -> None:
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.CONFLICT:
            self.stats.posted[draft.kind.reason] += 1
            self.stats.existed += status == HTTPStatus.CONFLICT
        elif NAMESPACE_TERMINATING in answer:
            # Its pods are deleted as well: nobody will look, and nothing is wrong.
            self.stats.dropped["NamespaceTerminating"] += 1
        elif _may_pass(status):
            self._drop("Unanswered", status, answer)
        else:
            self._drop(_REFUSALS.get(status, "Rejected"), status, answer)

    def _drop(self, why: str, status: int, answer: bytes) -> None:
        self.stats.dropped[why] += 1
        if not self._warnings.allows(why):
            return
        words = read_status(answer).message or answer.decode(errors="replace")
        _log.warning(
            "Kubernetes Events cannot be written",
            extra={
                "why": why,
                "status": status,
                "answer": sanitize(words, limit=ANSWER_LIMIT),
                "dropped": self.stats.dropped[why],
            },
        )


def _may_pass(status: int) -> bool:
    """Tell whether a retry may help: after no answer, a 401, 408 or 429, or a server error."""
    passing = {0, HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return status in passing or status >= HTTPStatus.INTERNAL_SERVER_ERROR
