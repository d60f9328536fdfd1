"""What the API server's answers about a ProbeReport mean for who asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus

import msgspec

from probewatch.kube.reports import objects
from probewatch.kube.waits import find_wait

NO_RIGHT = re.compile(r'User ".*" cannot \w+ ')
"""What an API server says where a right is missing, and never of one object."""

TOO_MANY_INCIDENTS = ("FieldValueTooMany", "status.incidents")
TOO_LARGE_FOR_ETCD = "etcdserver: request is too large"

LONGEST_WORDS = 1024
"""Bytes of an answer that is no object."""


class Outcome(Enum):
    """What an answer means."""

    DONE = auto()
    CHANGED = auto()
    """Someone else wrote it, or made it: read it, and try again."""
    MISSING = auto()
    """There is no such report."""
    REFUSED = auto()
    """No right, or no such resource: that will not pass soon."""
    GOING = auto()
    """Its namespace is being deleted, or was."""
    INVALID = auto()
    """The object is no good: too large, or not as the definition or someone else wants it."""
    LATER = auto()
    """Trouble that may pass."""


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
    """Whether fewer incidents may help. An object is refused for many reasons that pass."""

    @property
    def lacks_right(self) -> bool:
        """Whether it was refused for want of a right, or of the resource: not by admission.

        A quota, a policy or a webhook refuses one object. An API server says that a right is
        missing always in the same words.
        Source: apiserver/pkg/endpoints/handlers/responsewriters/errors.go (forbiddenMessage).
        """
        return self.status != HTTPStatus.FORBIDDEN or bool(NO_RIGHT.search(self.words))


class _Cause(msgspec.Struct):
    reason: str = ""
    field: str = ""


class _Details(msgspec.Struct, rename="camel"):
    kind: str = ""
    causes: list[_Cause] = []


class _Status(msgspec.Struct):
    message: str = ""
    details: _Details = msgspec.field(default_factory=_Details)


def sort_answer(status: int, body: bytes) -> Answer:
    """Return what the answer of an API server means."""
    said = _read(body)
    # A path that the server does not have is answered in plain text.
    words = said.message or body[:LONGEST_WORDS].decode(errors="replace").strip() or "no words"
    is_too_large = _is_too_large(status, said)
    outcome = Outcome.INVALID if is_too_large else _outcome(status, said)
    return Answer(
        outcome=outcome,
        # What was saved is the whole report: it asks for nothing, and is not to be read twice.
        wait=find_wait(body) if status >= HTTPStatus.BAD_REQUEST else 0.0,
        status=status,
        words=words,
        is_too_large=is_too_large,
    )


def _is_too_large(status: int, said: _Status) -> bool:
    """Whether it is the size: of the request, of what the storage takes, or of the list.

    What the storage says comes as an internal error; a list is bounded by the definition,
    which may be an older one.
    """
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return TOO_LARGE_FOR_ETCD in said.message
    return status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or any(
        (cause.reason, cause.field) == TOO_MANY_INCIDENTS for cause in said.details.causes
    )


def _outcome(status: int, said: _Status) -> Outcome:
    if any(cause.reason == "NamespaceTerminating" for cause in said.details.causes):
        return Outcome.GOING
    if status == HTTPStatus.NOT_FOUND:
        if said.details.kind == "namespaces":
            return Outcome.GOING
        # A resource that is not served is answered without saying what was not found.
        return Outcome.MISSING if said.details.kind == objects.PLURAL else Outcome.REFUSED
    return _OUTCOMES.get(status, Outcome.LATER)


_OUTCOMES: Mapping[int, Outcome] = {
    HTTPStatus.CONFLICT: Outcome.CHANGED,
    HTTPStatus.FORBIDDEN: Outcome.REFUSED,
    HTTPStatus.METHOD_NOT_ALLOWED: Outcome.REFUSED,
    HTTPStatus.BAD_REQUEST: Outcome.INVALID,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Outcome.INVALID,
    HTTPStatus.UNPROCESSABLE_ENTITY: Outcome.INVALID,
}


def _read(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except msgspec.DecodeError:
        return _Status()
