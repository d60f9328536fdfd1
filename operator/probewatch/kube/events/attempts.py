"""How often an Event was tried, and how often it is tried at most."""

from dataclasses import dataclass

TRIES = 12
"""As in client-go; the pauses between them take one and a half to three minutes in all."""

LONE_TRIES = 60
"""The same while no Event at all can be written: then it is no fault of this one. About half an
hour, within which most outages of admission webhooks and of etcd end."""


@dataclass(slots=True, kw_only=True)
class Attempt:
    """An Event that is being written; it is rendered once, as `eventTime` says when it happened."""

    body: object
    begun: float
    """When it was first tried, by the monotonic clock."""
    tries: int = 0

    def is_over(self, written_at: float) -> bool:
        """Tell whether to give up after an error; *written_at* is when any Event was written."""
        return self.tries >= (TRIES if written_at >= self.begun else LONE_TRIES)
