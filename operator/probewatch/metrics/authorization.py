"""Authorization of /metrics: RBAC has to allow `get` on that non-resource URL.

The API server reviews the bearer token (TokenReview) and the permission of its user
(SubjectAccessReview), as with controller-runtime and kube-rbac-proxy. Verdicts are
cached for a short time, so that a scrape every few seconds costs next to nothing. A
positive one is used for longer while the API server is unavailable, since that is when
the metrics are needed. Only hashes of tokens are kept.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from probewatch.clock import Clock
from probewatch.core.bounded import Bounded
from probewatch.errors import ApiError
from probewatch.kube.rights import Requester

ALLOWED_SECONDS = 60.0
"""How long a positive verdict is cached, and a revoked permission still works."""

REFUSED_SECONDS = 10.0
"""How long a negative verdict is cached, and a new permission may take to work."""

STALE_SECONDS = 600.0
"""How long a positive verdict is used while the API server does not give a new one."""

PATIENCE_SECONDS = 3.0
"""How long to wait for both reviews: a scraper gives up after ten seconds by default, and the
metrics have to be rendered within the rest."""

ANSWERS_KEPT = 256
ASKED_AT_ONCE = 4
"""Concurrent reviews: requests with made-up tokens must not become a load on the API server."""

LONGEST_TOKEN = 64 * 1024

TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105  # a path
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


class Verdict(Enum):
    """The verdict on a request, with the HTTP status to answer."""

    ALLOWED = HTTPStatus.OK
    UNKNOWN = HTTPStatus.UNAUTHORIZED
    FORBIDDEN = HTTPStatus.FORBIDDEN
    UNCHECKED = HTTPStatus.SERVICE_UNAVAILABLE
    """The API server could not review the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    verdict: Verdict
    at: float


class Authorizer:
    """Judges the `Authorization` header of a request."""

    def __init__(self, requester: Requester, *, clock: Clock) -> None:
        self._requester = requester
        self._clock = clock
        self._answers: Bounded[bytes, _Answer] = Bounded(ANSWERS_KEPT)
        self._turns = asyncio.Semaphore(ASKED_AT_ONCE)

    async def judge(self, header: str) -> Verdict:
        """Return the verdict on the value of an `Authorization` header."""
        scheme, _, token = header.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            return Verdict.UNKNOWN
        key = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        if (known := self._fresh(key)) is not None:
            return known
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._turns:
                # Another request with the same token may have been judged meanwhile.
                return self._fresh(key) or self._keep(key, await self._ask(token))
        except TimeoutError:
            return self._keep(key, Verdict.UNCHECKED)

    def _fresh(self, key: bytes) -> Verdict | None:
        kept = self._answers.get(key)
        if kept is None:
            return None
        limit = ALLOWED_SECONDS if kept.verdict is Verdict.ALLOWED else REFUSED_SECONDS
        return kept.verdict if self._clock.monotonic() - kept.at < limit else None

    def _keep(self, key: bytes, verdict: Verdict) -> Verdict:
        now = self._clock.monotonic()
        if verdict is Verdict.UNCHECKED:
            kept = self._answers.get(key)
            if kept is None or kept.verdict is not Verdict.ALLOWED:
                return verdict
            return kept.verdict if now - kept.at < STALE_SECONDS else verdict
        self._answers[key] = _Answer(verdict=verdict, at=now)
        return verdict

    async def _ask(self, token: str) -> Verdict:
        try:
            user = await self._find_user(token)
            if user is None:
                return Verdict.UNKNOWN
            return Verdict.ALLOWED if await self._may_read(user) else Verdict.FORBIDDEN
        except (ApiError, OSError, ValueError, LookupError):
            return Verdict.UNCHECKED

    async def _find_user(self, token: str) -> Mapping[str, object] | None:
        status = await self._review(
            TOKEN_REVIEWS, "authentication.k8s.io/v1", "TokenReview", {"token": token}
        )
        user = status.get("user")
        return user if status.get("authenticated") is True and isinstance(user, dict) else None

    async def _may_read(self, user: Mapping[str, object]) -> bool:
        who = {name: user[key] for key, name in _USER_FIELDS.items() if user.get(key)}
        spec = {**who, "nonResourceAttributes": {"path": "/metrics", "verb": "get"}}
        status = await self._review(
            ACCESS_REVIEWS, "authorization.k8s.io/v1", "SubjectAccessReview", spec
        )
        return status.get("allowed") is True

    async def _review(
        self, path: str, api_version: str, kind: str, spec: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Post a review and return its status; raises ApiError, ValueError or LookupError."""
        body = {"apiVersion": api_version, "kind": kind, "spec": spec}
        code, answer = await self._requester.request("POST", path, body=body)
        if code not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise ApiError(f"{kind} was answered with {code}", status=code)
        status = json.loads(answer)["status"]
        if not isinstance(status, dict):
            raise ValueError(f"{kind} has no status")  # noqa: TRY004  # bad data, not a bad call
        return status


_USER_FIELDS = {"username": "user", "uid": "uid", "groups": "groups", "extra": "extra"}
"""Fields of the user in a TokenReview, and their names in a SubjectAccessReview."""
