"""The Status objects in which the API server says why it refuses a request."""

import msgspec

from probewatch.kube.objects import BROKEN


class Cause(msgspec.Struct):
    """One entry of `details.causes`."""

    reason: str = ""
    field: str = ""


class Details(msgspec.Struct, rename="camel"):
    """`details`."""

    kind: str = ""
    """The resource that the request was about, in lower case and plural."""
    causes: list[Cause] = []
    retry_after_seconds: float = 0.0


class Words(msgspec.Struct):
    """What can still be read of a Status with broken details."""

    message: str = ""


class Status(Words):
    """The fields that are used."""

    details: Details = msgspec.field(default_factory=Details)


def read_status(body: bytes) -> Status:
    """Return the Status in an answer's body, without broken parts; an empty one if there is none.

    Webhooks and proxies write such answers too, so that details may be of any type, and the text
    in any encoding.
    """
    try:
        return msgspec.json.decode(body, type=Status)
    except BROKEN:
        return Status(message=_read_message(body))


def _read_message(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Words).message
    except BROKEN:
        return ""
