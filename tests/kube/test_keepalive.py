"""Connections that died unnoticed are noticed by the system."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from probewatch.kube.keepalive import IDLE_SECONDS, INTERVAL_SECONDS, PROBES
from tests.kube.clients import client_of
from tests.support.fake_cluster import FakeCluster, serving

OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
)


def sockets_to(port: int) -> Iterator[socket.socket]:
    """Yield copies of this process' sockets that are connected to a port."""
    for path in Path("/proc/self/fd").iterdir():
        if not (path.is_symlink() and str(path.readlink()).startswith("socket:")):
            continue
        with socket.socket(fileno=os.dup(int(path.name))) as copy, contextlib.suppress(OSError):
            if copy.getpeername()[1:2] == (port,):
                yield copy


async def test_connections_are_checked_while_they_are_quiet() -> None:
    """A connection on which nothing arrives is given up after half a minute."""
    async with serving(FakeCluster()) as server, client_of(server) as client:
        await client.request("GET", "/version")
        port = urlsplit(server).port
        assert port is not None
        (options,) = [[each.getsockopt(*one) for one in OPTIONS] for each in sockets_to(port)]

    assert [1, IDLE_SECONDS, INTERVAL_SECONDS, PROBES] == options
    assert 30 == IDLE_SECONDS + INTERVAL_SECONDS * PROBES
