"""Authentication: bearer tokens, and the users that they belong to."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from probewatch.playground.objects.status import StatusError

ADMIN = "playground-admin"
MASTERS, AUTHENTICATED, UNAUTHENTICATED = (
    "system:masters",
    "system:authenticated",
    "system:unauthenticated",
)
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An authenticated user, with its groups."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_admin(self) -> bool:
        """Whether the user may do everything, without RBAC."""
        return MASTERS in self.groups


ANONYMOUS = User(name="system:anonymous", groups=(UNAUTHENTICATED,))


def service_account(namespace: str, name: str, *, uid: str = "") -> User:
    """Return the user of a service account."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(name=f"system:serviceaccount:{namespace}:{name}", groups=groups, uid=uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The user of a token, and until when the token is valid."""

    user: User
    until: float = float("inf")
    """Epoch seconds."""
    audiences: tuple[str, ...] = ()


class Tokens:
    """Issues and authenticates tokens."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._grants: dict[str, Grant] = {}
        self.admin = self.issue(User(name=ADMIN, groups=(MASTERS, AUTHENTICATED)))

    def issue(
        self, user: User, *, seconds: float | None = None, audiences: tuple[str, ...] = ()
    ) -> str:
        """Return a new token for *user*, valid for *seconds*, by default without a limit."""
        token = secrets.token_urlsafe(32)
        until = float("inf") if seconds is None else self._now() + seconds
        self._grants[token] = Grant(user=user, until=until, audiences=audiences)
        return token

    def revoke(self, token: str) -> None:
        """Make a token invalid."""
        self._grants.pop(token, None)

    def find(self, token: str) -> Grant | None:
        """Return the grant of a token, None if it is not valid."""
        found = self._grants.get(token)
        return found if found and self._now() < found.until else None

    def authenticate(self, header: str) -> User:
        """Return the user of an Authorization header; an empty one is of the anonymous user.

        Raises StatusError 401 if the token is not valid.
        """
        if not header:
            return ANONYMOUS
        scheme, _, token = header.partition(" ")
        grant = self.find(token.strip()) if scheme.lower() == "bearer" else None
        if grant is None:
            raise StatusError(401, "Unauthorized", "Unauthorized")
        return grant.user
