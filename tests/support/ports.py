"""Ports of this machine, for programs that have to be told one."""

import socket


def free_port() -> int:
    """Return a port of loopback that nobody listens at now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
