"""The audit record: who asked for what, and what was decided."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from probewatch.playground.api.rights import Action, Permission
from probewatch.playground.api.users import User

KEPT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One request and the decision on it."""

    user: str
    action: Action
    permission: Permission | None
    """What allowed it; None: it was refused."""

    @property
    def is_allowed(self) -> bool:
        """Whether it was allowed."""
        return self.permission is not None


class Audit:
    """Remembers the latest requests."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._records: deque[AuditRecord] = deque(maxlen=kept)

    def note(self, user: User, action: Action, permission: Permission | None) -> None:
        """Remember a request."""
        record = AuditRecord(user=user.name, action=action, permission=permission)
        self._records.append(record)

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()

    def __iter__(self) -> Iterator[AuditRecord]:
        """Go through all records, the oldest first."""
        return iter(tuple(self._records))

    def of(self, user: str) -> tuple[AuditRecord, ...]:
        """Return what that user asked for."""
        return tuple(record for record in self if record.user == user)

    def denials(self, user: str) -> tuple[Action, ...]:
        """Return what that user was refused."""
        return tuple(record.action for record in self.of(user) if not record.is_allowed)

    def unused(self, user: str, granted: Iterable[Action]) -> tuple[Action, ...]:
        """Return which of the *granted* actions that user has never performed.

        Compared are verb, group, resource and subresource.
        """
        used = {_right(record.action) for record in self.of(user) if record.is_allowed}
        return tuple(action for action in granted if _right(action) not in used)


def _right(action: Action) -> tuple[str, str, str]:
    return action.verb, action.group, action.full_resource
