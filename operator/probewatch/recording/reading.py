"""Reads all reports, and decides how long to retry if that fails."""

import logging
from collections.abc import Callable, Mapping

from probewatch.errors import ApiError
from probewatch.kube.objects import BROKEN
from probewatch.kube.reports.api import ReportApi, loaded
from probewatch.kube.reports.objects import Status
from probewatch.records.entry import Key, Loaded

_log = logging.getLogger(__name__)

START_SECONDS = 60.0
"""How long to retry to read the Lease and the reports before the watch begins without them. An API
server that starts at the same time as this process may have trouble for this long."""

REFUSED_SECONDS = 10.0
"""The same for 403: an API server that has just started may not have loaded RBAC yet."""

NO_RIGHT, NO_DEFINITION = 403, 404

PATIENCE: Mapping[int, float] = {NO_RIGHT: REFUSED_SECONDS, NO_DEFINITION: 0.0}
"""Seconds to retry, by status; without the CRD, retrying is useless."""


class Reading:
    """Reads the reports through *api*; calls *remember* with the status of each."""

    def __init__(self, api: ReportApi, remember: Callable[[Key, Status | None], None]) -> None:
        self._api = api
        self._remember = remember
        self._failure = ApiError("no usable answer")
        self._told: frozenset[str] = frozenset()

    async def read(self) -> dict[Key, Loaded] | None:
        """Return all reports; None if they cannot be read now."""
        found: dict[Key, Loaded] = {}
        try:
            async for report in self._api.list():
                key = Key(report.metadata.namespace, report.metadata.name)
                self._remember(key, report.status)
                each = loaded(report)
                if each is not None:
                    found[key] = each
        except (ApiError, OSError, *BROKEN) as error:
            self._failure = ApiError(str(error), status=getattr(error, "status", 0))
            return None
        for namespace in self._api.refused - self._told:
            _log.warning("Records of a namespace cannot be read", extra={"namespace": namespace})
        self._told = self._api.refused
        if self._api.refused:
            self._failure = ApiError("the reports cannot be listed", status=NO_RIGHT)
        return found

    @property
    def patience(self) -> float:
        """For how many seconds to retry before the watch begins without records."""
        return PATIENCE.get(self._failure.status, START_SECONDS)

    @property
    def will_not_pass(self) -> bool:
        """Whether retrying soon is useless: the permission or the CRD is missing."""
        return self._failure.status in PATIENCE

    @property
    def words(self) -> str:
        """Why the reports could not be read."""
        return f"{self._failure.status or 'no answer'}: {self._failure}"
