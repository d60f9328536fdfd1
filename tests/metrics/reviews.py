"""A fake API server for TokenReviews and SubjectAccessReviews."""

import asyncio
import json
from dataclasses import dataclass, field

from probewatch.errors import ApiError
from probewatch.metrics.authorization import ACCESS_REVIEWS

USER = {
    "username": "system:serviceaccount:monitoring:prometheus",
    "uid": "1",
    "groups": ["g"],
    "extra": {"k": ["v"]},
}


@dataclass
class FakeReviews:
    """An API server that knows some tokens, and which of them may read the metrics."""

    known: frozenset[str] = frozenset({"good", "poor"})
    allowed: frozenset[str] = frozenset({"good"})
    down: bool = False
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    at_once: int = 0
    most: int = 0

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        assert verb == "POST"
        assert isinstance(body, dict)
        self.asked.append((path, body))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.down:
            raise ApiError("The API server cannot be reached")
        if self.answers:
            return self.answers.pop(0)
        return 201, json.dumps({"status": self.status(path, body["spec"])}).encode()

    def status(self, path: str, spec: dict[str, str]) -> dict[str, object]:
        if path == ACCESS_REVIEWS:
            return {"allowed": spec["uid"] in self.allowed}
        token = spec["token"]
        if token not in self.known:
            # `authenticated` has omitempty. Source: k8s.io/api/authentication/v1/types.go
            return {"user": {}, "error": "invalid bearer token"}
        return {"authenticated": True, "user": {**USER, "uid": token}}
