"""Who asks: bearer tokens, and the users that they stand for."""

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
    """Somebody, as rights know them."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_admin(self) -> bool:
        """Whether everything is allowed."""
        return MASTERS in self.groups


ANONYMOUS = User(name="system:anonymous", groups=(UNAUTHENTICATED,))


def service_account(namespace: str, name: str, *, uid: str = "") -> User:
    """Return the user that a service account is."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(name=f"system:serviceaccount:{namespace}:{name}", groups=groups, uid=uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token's user, and until when it is good."""

    user: User
    until: float = float("inf")
    """Epoch seconds."""
    audiences: tuple[str, ...] = ()


class Tokens:
    """The tokens that are good now."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._grants: dict[str, Grant] = {}
        self.admin = self.issue(User(name=ADMIN, groups=(MASTERS, AUTHENTICATED)))

    def issue(
        self, user: User, *, seconds: float | None = None, audiences: tuple[str, ...] = ()
    ) -> str:
        """Return a new token for *user*, good for *seconds*, or for ever."""
        token = secrets.token_urlsafe(32)
        until = float("inf") if seconds is None else self._now() + seconds
        self._grants[token] = Grant(user=user, until=until, audiences=audiences)
        return token

    def revoke(self, token: str) -> None:
        """Let a token be good no more."""
        self._grants.pop(token, None)

    def find(self, token: str) -> Grant | None:
        """Return what a token grants, if it is good."""
        found = self._grants.get(token)
        return found if found and self._now() < found.until else None

    def authenticate(self, header: str) -> User:
        """Return the user of an Authorization header; without one, it is nobody known.

        Raises: StatusError 401, if the token is not good.
        """
        if not header:
            return ANONYMOUS
        scheme, _, token = header.partition(" ")
        grant = self.find(token.strip()) if scheme.lower() == "bearer" else None
        if grant is None:
            raise StatusError(401, "Unauthorized", "Unauthorized")
        return grant.user
