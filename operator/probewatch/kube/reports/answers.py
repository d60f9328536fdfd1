"""Classifies the API server's answers about a ProbeReport by what the caller has to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus

from probewatch.kube.answers import NO_RIGHT
from probewatch.kube.reports import objects
from probewatch.kube.statuses import Status, read_status
from probewatch.kube.waits import find_wait

TOO_MANY_INCIDENTS = ("FieldValueTooMany", "status.incidents")
TOO_LARGE_FOR_ETCD = "etcdserver: request is too large"

LONGEST_WORDS = 1024
"""Bytes kept of an answer that is plain text."""


class Outcome(Enum):
    """What an answer means."""

    DONE = auto()
    CHANGED = auto()
    """Conflict: someone else wrote or created the report, so read it and try again."""
    MISSING = auto()
    """The report does not exist."""
    REFUSED = auto()
    """Forbidden, or the resource is not served: that will last for a while."""
    GOING = auto()
    """The namespace is terminating, or gone."""
    INVALID = auto()
    """The object is too large, or was rejected by the CRD's validation or by admission."""
    LATER = auto()
    """A failure that may be temporary, or no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An outcome with what came with it."""

    outcome: Outcome
    report: objects.Report | None = None
    wait: float = 0.0
    """Seconds that the server asked to wait."""
    status: int = 0
    words: str = ""
    is_too_large: bool = False
    """Whether the report was refused for its size, so that fewer incidents may help."""

    @property
    def lacks_right(self) -> bool:
        """Whether a refusal is due to a missing right or resource, and not to admission.

        Both answer 403, but a quota, a policy or a webhook refuses a single object.
        """
        return self.status != HTTPStatus.FORBIDDEN or bool(NO_RIGHT.search(self.words))


def sort_answer(status: int, body: bytes) -> Answer:
    """Return what an answer of the API server means."""
    said = read_status(body)
    # The answer for an unknown path is plain text.
    words = said.message or body[:LONGEST_WORDS].decode(errors="replace").strip() or "no words"
    is_too_large = _is_too_large(status, said)
    outcome = Outcome.INVALID if is_too_large else _outcome(status, said)
    return Answer(
        outcome=outcome,
        # A success holds the whole report, which is not worth decoding twice for a wait.
        wait=find_wait(body) if status >= HTTPStatus.BAD_REQUEST else 0.0,
        status=status,
        words=words,
        is_too_large=is_too_large,
    )


def _is_too_large(status: int, said: Status) -> bool:
    """Whether the request, the object in etcd, or the list of incidents is too large.

    etcd's refusal arrives as an internal error (500). The list of incidents is limited by the
    CRD, and an older CRD may have a lower limit.
    """
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return TOO_LARGE_FOR_ETCD in said.message
    return status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or any(
        (cause.reason, cause.field) == TOO_MANY_INCIDENTS for cause in said.details.causes
    )


def _outcome(status: int, said: Status) -> Outcome:
    if any(cause.reason == "NamespaceTerminating" for cause in said.details.causes):
        return Outcome.GOING
    if status == HTTPStatus.NOT_FOUND:
        if said.details.kind == "namespaces":
            return Outcome.GOING
        # If the resource itself is not served, the answer names no kind.
        return Outcome.MISSING if said.details.kind == objects.PLURAL else Outcome.REFUSED
    return _OUTCOMES.get(status, Outcome.LATER)


_OUTCOMES: Mapping[int, Outcome] = {
    HTTPStatus.CONFLICT: Outcome.CHANGED,
    HTTPStatus.FORBIDDEN: Outcome.REFUSED,
    HTTPStatus.METHOD_NOT_ALLOWED: Outcome.REFUSED,
    HTTPStatus.BAD_REQUEST: Outcome.INVALID,
    HTTPStatus.UNPROCESSABLE_ENTITY: Outcome.INVALID,
}
