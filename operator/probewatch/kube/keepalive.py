"""Sockets whose connection is checked while nothing arrives on it.

An API server whose machine is gone, or a NAT that forgot a connection, closes nothing. Without
checks a quiet watch on it would wait until even bookmarks are overdue. The system sends the
checks, so they cost neither this process nor the API server anything.

client-go checks idle connections by HTTP/2 pings, and gives them up after 45 seconds.
Source: apimachinery/pkg/util/net/http.go (readIdleTimeoutSeconds, pingTimeoutSeconds).
"""

import socket
from collections.abc import Mapping

IDLE_SECONDS, INTERVAL_SECONDS, PROBES = 15, 5, 3
"""A connection is given up 30 seconds after something last arrived on it."""

_OPTIONS: Mapping[str, int] = {
    "TCP_KEEPIDLE": IDLE_SECONDS,
    "TCP_KEEPINTVL": INTERVAL_SECONDS,
    "TCP_KEEPCNT": PROBES,
}
"""By their names: not every system has all of them."""


def open_socket(info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """Return a socket for an address as `getaddrinfo` returns it."""
    family, kind, protocol, *_ = info
    opened = socket.socket(family=family, type=kind, proto=protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        if option := getattr(socket, name, None):
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
    return opened
