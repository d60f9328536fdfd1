"""The logs of containers, for `kubectl logs`."""

from collections.abc import AsyncGenerator

from probewatch.playground.api.pods import LogRequest
from probewatch.playground.kubelet.containers import Process
from probewatch.playground.kubelet.node import Kubelet
from probewatch.playground.objects.status import StatusError, bad_request


class KubeletLogs:
    """Gives the API server the logs of a kubelet's containers."""

    def __init__(self, kubelet: Kubelet) -> None:
        self._kubelet = kubelet

    def read(self, request: LogRequest) -> AsyncGenerator[bytes]:
        """Return the log in pieces; if it is followed, until the container ends.

        Raises StatusError if the container has not run. It does so before the first piece:
        once the response has begun, its status is fixed.
        """
        return _stream(self._find(request), request)

    def _find(self, request: LogRequest) -> Process:
        name, pod = request.container, request.pod
        record = self._kubelet.find_record(request.uid, name)
        instance = None
        if record is not None:
            instance = record.previous if request.previous else record.current
        if instance is not None and instance.process is not None:
            return instance.process
        if request.previous:
            raise bad_request(f'previous terminated container "{name}" in pod "{pod}" not found')
        waiting = record.waiting.reason if record and record.waiting else "ContainerCreating"
        text = f'container "{name}" in pod "{pod}" is waiting to start: {waiting}'
        raise StatusError(400, "BadRequest", text)


async def _stream(process: Process, request: LogRequest) -> AsyncGenerator[bytes]:
    yield tail(process.log(), request.tail_lines)
    if request.follow:
        async for piece in process.follow():
            yield piece


def tail(log: bytes, lines: int | None) -> bytes:
    """Return the last *lines* of a log, all of it without a number."""
    if lines is None:
        return log
    return b"".join(log.splitlines(keepends=True)[-lines:]) if lines else b""
