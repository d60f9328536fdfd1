"""Free ports, for programs that need a port number."""

import socket


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
