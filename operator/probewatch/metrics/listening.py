"""Opens the sockets that the metrics server listens on, from `host:port`.

An empty host means all addresses of the machine, IPv6 and IPv4, since a cluster may
use either. With port 0 the kernel chooses a port, for tests.
"""

import contextlib
import errno
import socket
from dataclasses import dataclass

from probewatch.errors import SettingsError

BACKLOG = 128
HIGHEST_PORT = 65535

_REASONS = {
    errno.EADDRINUSE: "that port is in use already: stop the other process, or set another port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "this process may not use that port: set one above 1023",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host, empty for all addresses, and a port."""

    host: str
    port: int


def parse_address(text: str, *, source: str) -> Address:
    """Parse `host:port`; an IPv6 address has to be in brackets.

    Raises SettingsError, which names the *source*.
    """
    host, separator, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    right = separator and port.isascii() and port.isdigit() and int(port) <= HIGHEST_PORT
    if not right or (bare == host and ":" in host):
        raise SettingsError(
            f"{source} is {text!r}; it has to be host:port, such as :8080 or [::1]:8080"
        )
    return Address(host=bare, port=int(port))


def listen(address: Address, *, source: str) -> tuple[socket.socket, ...]:
    """Return non-blocking listening sockets; raises SettingsError with the reason."""
    try:
        return _listen_on_all(address.port) if not address.host else _listen_on_host(address)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        shown = f"{address.host}:{address.port}"
        raise SettingsError(f"{source}: cannot listen on {shown}: {reason}") from error


def _listen_on_all(port: int) -> tuple[socket.socket, ...]:
    if socket.has_dualstack_ipv6():
        # A kernel without IPv6 rejects the address family; then listen on IPv4.
        with contextlib.suppress(OSError):
            return (_open(("", port), socket.AF_INET6),)
    return (_open(("", port), socket.AF_INET),)


def _listen_on_host(address: Address) -> tuple[socket.socket, ...]:
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    places = {(each[4][0], each[0]): each for each in found}
    if address.port == 0:  # each socket would get another port
        places = dict(list(places.items())[:1])
    opened: list[socket.socket] = []
    try:
        opened.extend(_open((str(host), address.port), family) for host, family in places)
    except OSError:
        for each in opened:
            each.close()
        raise
    return tuple(opened)


def _open(place: tuple[str, int], family: int) -> socket.socket:
    every = family == socket.AF_INET6 and not place[0]
    made = socket.create_server(place, family=family, backlog=BACKLOG, dualstack_ipv6=every)
    made.settimeout(0)
    return made
