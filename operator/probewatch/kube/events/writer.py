"""Writes one Event: retries where that can help, and gives up where it cannot.

The answer tells which. AlreadyExists is success, since the name is derived from what happened.
A refusal (no right, a terminating namespace, an invalid object) is final; only a missing right is
doubted for a moment, see `doubt`. Anything else may be temporary, and is retried with exponential
back-off, or after the Retry-After of the server. An error of the server may concern one namespace
only, such as an admission webhook that fails: then the other namespaces need not wait.
"""

import asyncio
import logging
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from probewatch.clock import Clock, Throttle
from probewatch.crash_points import crash_point
from probewatch.errors import ApiError
from probewatch.kube.answers import NO_RIGHT
from probewatch.kube.api_paths import find_path
from probewatch.kube.events.attempts import TRIES, Attempt
from probewatch.kube.events.doubt import Doubt
from probewatch.kube.events.draft import EventDraft, render_event
from probewatch.kube.events.refusals import Refusals
from probewatch.kube.rights import Requester
from probewatch.kube.sanitize import sanitize
from probewatch.kube.statuses import read_status
from probewatch.kube.waits import find_wait
from probewatch.pauses import Pauses

_log = logging.getLogger(__name__)

PAUSES = Pauses(first=0.5, longest=30.0)

ANSWER_LIMIT = 256
"""Bytes of the API server's answer that are logged."""

NAMESPACE_TERMINATING = b"NamespaceTerminating"
"""The cause in the API server's answer to a write into a namespace that is being deleted."""

_NOTHING_SAID = frozenset(
    {0, HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
)
"""Status codes of answers that every Event would get; 0 stands for no answer."""

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
        self._warnings = Throttle(clock.monotonic)
        self._doubt, self._refusals = Doubt(clock), Refusals(clock)
        self._attempts: dict[tuple[str, str], Attempt] = {}
        """By namespace and name, the Events that are to be written again."""
        self._written_at = -math.inf
        """When an Event was last written, by the monotonic clock."""
        self.cut_off: set[tuple[str, str]] = set()
        """Namespace and name of Events whose request was cancelled: they may exist all the same."""

    def drops_unsent(self, draft: EventDraft) -> bool:
        """Drop and count an Event whose namespace has just refused others; tell whether it did."""
        why = self._refusals.find(draft.pod.namespace)
        if why:
            self.stats.dropped[why] += 1
            self.forget(draft)
        return bool(why)

    def forget(self, draft: EventDraft) -> None:
        """Forget how often an Event was tried that will not be written again."""
        self._attempts.pop((draft.pod.namespace, draft.name), None)

    async def write(self, draft: EventDraft) -> float:
        """Write one Event, and count the result; no error of the network is raised.

        If the right seems to be missing, or the server fails, return the seconds after which the
        Event is to be written again, and else 0. Only its namespace has to wait, so that is left
        to the caller.
        """
        place = (draft.pod.namespace, draft.name)
        attempt = self._attempts.pop(place, None) or Attempt(
            body=render_event(draft, instance=self._instance, now=self._clock.now()),
            begun=self._clock.monotonic(),
        )
        status, answer = await self._post_until_answered(draft, attempt)
        pause = self._find_pause(draft.pod.namespace, attempt, status, answer)
        if pause:
            self.stats.retries += 1
            self._attempts[place] = attempt
        else:
            self._settle(draft, status, answer)
        return pause

    async def _post_until_answered(self, draft: EventDraft, attempt: Attempt) -> tuple[int, bytes]:
        """Post, and retry while the server says nothing about this Event, nor would of others.

        Answers that said something before, such as errors, do not count: they were no outage.
        """
        silent = 0
        while True:
            attempt.tries += 1
            status, answer = await self._post(draft, attempt.body)
            silent += 1
            if status not in _NOTHING_SAID or silent >= TRIES:
                return status, answer
            self._doubt.end(draft.pod.namespace)
            self.stats.retries += 1
            await self._clock.sleep(self._back_off(attempt, answer))

    def _back_off(self, attempt: Attempt, answer: bytes) -> float:
        return max(PAUSES.after(attempt.tries, self._jitter()), find_wait(answer))

    def _find_pause(self, namespace: str, attempt: Attempt, status: int, answer: bytes) -> float:
        """Return the pause after an answer that may change in a moment; 0 if it is final."""
        if _is_missing_right(status, answer):
            return self._doubt.find_pause(namespace)
        self._doubt.end(namespace)
        is_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if not is_error or attempt.is_over(self._written_at):
            return 0.0
        return self._back_off(attempt, answer)

    async def _post(self, draft: EventDraft, body: object) -> tuple[int, bytes]:
        """Return status and body of the answer; without one, status 0 and the error's text."""
        path = find_path("events.k8s.io/v1", "events", draft.pod.namespace)
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
        namespace = draft.pod.namespace
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.CONFLICT:
            self.stats.posted[draft.kind.reason] += 1
            self.stats.existed += status == HTTPStatus.CONFLICT
            self._written_at = self._clock.monotonic()
            self._refusals.end(namespace)
        elif NAMESPACE_TERMINATING in answer:
            # Its pods are deleted as well: nobody will look, and nothing is wrong.
            self.stats.dropped["NamespaceTerminating"] += 1
            self._refusals.note(namespace, "NamespaceTerminating", is_general=True)
        elif _may_pass(status):
            self._drop("Unanswered", status, answer)
        else:
            why = _REFUSALS.get(status, "Rejected")
            is_general = status == HTTPStatus.NOT_FOUND or _is_missing_right(status, answer)
            self._refusals.note(namespace, why, is_general=is_general)
            self._drop(why, status, answer)

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


def _is_missing_right(status: int, answer: bytes) -> bool:
    """Tell whether RBAC refused an Event; admission answers 403 as well."""
    if status != HTTPStatus.FORBIDDEN:
        return False
    return NO_RIGHT.search(read_status(answer).message) is not None


def _may_pass(status: int) -> bool:
    """Tell whether a retry may help."""
    return status in _NOTHING_SAID or status >= HTTPStatus.INTERNAL_SERVER_ERROR
