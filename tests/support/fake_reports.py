"""A fake API server for ProbeReports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from probewatch.errors import ApiError
from tests.support.fake_time import FakeTime

Json = dict[str, Any]

PATH = "/apis/probewatch.dev/v1alpha1/namespaces/shop/probereports"


@dataclass
class FakeReports:
    """Reports with conditional writes; *answer* may replace any answer."""

    reports: dict[str, Json] = field(default_factory=dict)
    version: int = 100
    asked: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    answer: Callable[[str, str], tuple[int, Json] | None] = lambda _verb, _path: None
    time: FakeTime | None = None

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        params: Mapping[str, str] | None = None,  # noqa: ARG002  # as the client
        accept: str = "",  # noqa: ARG002  # likewise
    ) -> tuple[int, bytes]:
        self.asked.append(f"{verb} {path.removeprefix(PATH)}")
        self.at.append(self.time.seconds if self.time else 0.0)
        other = self.answer(verb, path)
        if other is not None:
            if other[0] == 0:
                raise ApiError("no answer")
            return other[0], msgspec.json.encode(other[1])
        sent: Json = msgspec.json.decode(msgspec.json.encode(body)) if body else {}
        status, found = self._do(verb, path, sent)
        return status, msgspec.json.encode(found)

    def _do(self, verb: str, path: str, sent: Json) -> tuple[int, Json]:
        name = sent["metadata"]["name"] if sent else path.rpartition("/")[2]
        if name == "probereports":
            # An empty list of metadata has null items on a real server.
            return 200, {"metadata": {}, "items": list(self.reports.values()) or None}
        known = self.reports.get(name)
        if verb == "POST":
            if known:
                return 409, {}
            return 201, self._keep(name, {**sent, "status": {}})
        if known is None:
            return 404, {"details": {"kind": "probereports"}}
        if verb == "PUT":
            if sent["metadata"]["resourceVersion"] != known["metadata"]["resourceVersion"]:
                return 409, {}
            return 200, self._keep(name, {**known, "status": sent["status"]})
        return 200, known

    def _keep(self, name: str, report: Json) -> Json:
        self.version += 1
        metadata = {**report["metadata"], "resourceVersion": str(self.version)}
        self.reports[name] = {**report, "metadata": metadata}
        return self.reports[name]

    def touch(self, name: str, **status: object) -> None:
        """Change a status, as somebody else would."""
        known = self.reports[name]
        self._keep(name, {**known, "status": {**known["status"], **status}})
