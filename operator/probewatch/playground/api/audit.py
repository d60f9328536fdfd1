"""The audit log: who requested what, and whether that was allowed."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from probewatch.playground.api.rights import Action, Permission
from probewatch.playground.api.users import User

KEPT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One request, and the decision on it."""

    user: str
    action: Action
    permission: Permission | None
    """What allowed the request; None if it was denied."""

    @property
    def is_allowed(self) -> bool:
        """Whether the request was allowed."""
        return self.permission is not None


class Audit:
    """Keeps the latest records."""

    def __init__(self) -> None:
        self._records: deque[AuditRecord] = deque(maxlen=KEPT)

    def note(self, user: User, action: Action, permission: Permission | None) -> None:
        """Add a record."""
        record = AuditRecord(user=user.name, action=action, permission=permission)
        self._records.append(record)

    def clear(self) -> None:
        """Remove all records."""
        self._records.clear()

    def __iter__(self) -> Iterator[AuditRecord]:
        """Iterate over all records, the oldest first."""
        return iter(tuple(self._records))

    def of(self, user: str) -> tuple[AuditRecord, ...]:
        """Return the records of a user."""
        return tuple(record for record in self if record.user == user)

    def denials(self, user: str) -> tuple[Action, ...]:
        """Return the actions that a user was denied."""
        return tuple(record.action for record in self.of(user) if not record.is_allowed)

    def unused(self, user: str, granted: Iterable[Action]) -> tuple[Action, ...]:
        """Return which of the *granted* actions a user has never performed.

        Verb, group, resource and subresource are compared.
        """
        used = {_right(record.action) for record in self.of(user) if record.is_allowed}
        return tuple(action for action in granted if _right(action) not in used)


def _right(action: Action) -> tuple[str, str, str]:
    return action.verb, action.group, action.full_resource
