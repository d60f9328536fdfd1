"""A fake API server for one Lease."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from probewatch.errors import ApiError
from tests.support.fake_time import FakeTime

Json = dict[str, Any]


@dataclass
class FakeLeases:
    """One Lease, with conditional writes."""

    lease: Json | None = None
    version: int = 0
    status: int = 0
    """If set, the status of every answer."""
    write_status: int = 0
    """If set, the status of every answer to a write, as of a webhook that fails for Leases."""
    lost: bool = False
    """Whether writes succeed but their answers are lost."""
    asked: list[str] = field(default_factory=list)
    takes: float = 0.0
    """Seconds that each answer takes, on *time*."""
    time: FakeTime | None = None

    async def delay(self) -> None:
        """What happens before each answer; for subclasses."""

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        await self.delay()
        self.asked.append(f"{verb} {path}")
        if self.time is not None:
            self.time.seconds += self.takes
        if self.status:
            return self.status, b"{}"
        if self.write_status and verb != "GET":
            return self.write_status, b"{}"
        if verb == "GET":
            return (200, msgspec.json.encode(self.lease)) if self.lease else (404, b"{}")
        sent: Json = msgspec.json.decode(msgspec.json.encode(body))
        known = sent["metadata"].get("resourceVersion")
        if verb == "PUT" and (self.lease is None or known != str(self.version)):
            return 409, b"{}"
        self.version += 1
        sent["metadata"]["resourceVersion"] = str(self.version)
        self.lease = sent
        if self.lost:
            raise ApiError("no answer")
        return (201 if verb == "POST" else 200), msgspec.json.encode(sent)
