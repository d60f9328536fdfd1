"""The Status objects in which the API server says why it refuses a request."""

import msgspec


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


class Status(msgspec.Struct):
    """The fields that are used."""

    message: str = ""
    details: Details = msgspec.field(default_factory=Details)


def read_status(body: bytes) -> Status:
    """Return the Status in an answer's body; an empty one if there is none."""
    try:
        return msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        return Status()
