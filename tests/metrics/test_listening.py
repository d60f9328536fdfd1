"""The metrics address: parsed, or refused with a helpful message."""

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from probewatch.errors import SettingsError
from probewatch.metrics.listening import Address, listen, parse_address

SOURCE = "PROBEWATCH_METRICS_ADDRESS"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", Address(host="", port=8080)),
        ("127.0.0.1:0", Address(host="127.0.0.1", port=0)),
        ("[::1]:9090", Address(host="::1", port=9090)),
        ("[::]:9090", Address(host="::", port=9090)),
        ("localhost:65535", Address(host="localhost", port=65535)),
    ],
)
def test_address_is_host_and_port(text: str, address: Address) -> None:
    """An IPv6 address is in brackets; without a host all addresses are meant."""
    assert address == parse_address(text, source=SOURCE)


@pytest.mark.parametrize(
    "text", ["", "8080", "localhost", "::1:8080", ":http", ":65536", ":-1", "host:", ":8080 ", ":²"]
)
def test_anything_else_is_said_to_be_wrong(text: str) -> None:
    """The error names the setting, the value and the expected form."""
    with pytest.raises(SettingsError) as caught:
        parse_address(text, source=SOURCE)

    assert f"{SOURCE} is {text!r}; it has to be host:port, such as :8080 or [::1]:8080" == str(
        caught.value
    )


@contextlib.contextmanager
def listening(address: Address) -> Iterator[tuple[socket.socket, ...]]:
    sockets = listen(address, source=SOURCE)
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


def test_port_that_is_taken_is_named() -> None:
    """A port in use is one clear sentence."""
    with listening(Address(host="127.0.0.1", port=0)) as (first,):
        port = first.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            listen(Address(host="127.0.0.1", port=port), source=SOURCE)

    assert (
        f"{SOURCE}: cannot listen on 127.0.0.1:{port}: that port is in use already: "
        "stop the other process, or set another port" == str(caught.value)
    )


def test_unknown_host_is_said_to_be_so() -> None:
    """A name that does not resolve is an error."""
    with pytest.raises(SettingsError, match=r"cannot listen on name\.invalid:0"):
        listen(Address(host="name.invalid", port=0), source=SOURCE)


def test_address_of_another_machine_is_refused() -> None:
    """An address of another machine is an error."""
    with pytest.raises(SettingsError, match="this machine has no such address"):
        listen(Address(host="192.0.2.1", port=0), source=SOURCE)


def test_no_host_is_reached_by_ipv4() -> None:
    """Listening on all addresses includes IPv4."""
    with listening(Address(host="", port=0)) as sockets:
        port = sockets[0].getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def refuse_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a kernel without IPv6, although the standard library takes it for one with it."""
    create_server = socket.create_server

    def create(place: tuple[str, int], *, family: int, **options: Any) -> socket.socket:  # noqa: ANN401  # handed on
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return create_server(place, family=family, **options)

    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: True)
    monkeypatch.setattr(socket, "create_server", create)


def lack_both_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a system on which a socket is for one kind of addresses only."""
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)


@pytest.mark.parametrize("prepare", [refuse_ipv6, lack_both_at_once])
def test_without_ipv6_it_listens_on_ipv4(
    prepare: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where IPv6 is not available, all addresses are those of IPv4."""
    prepare(monkeypatch)
    with listening(Address(host="", port=0)) as (only,):
        assert socket.AF_INET == only.family
        with socket.create_connection(("127.0.0.1", only.getsockname()[1]), timeout=5):
            pass


def test_with_ipv6_one_socket_is_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where IPv6 is available, it is used, for the addresses of IPv4 as well."""
    made: list[tuple[object, ...]] = []

    def create(place: tuple[str, int], **options: int) -> socket.socket:
        made.append((place, options["family"], options["dualstack_ipv6"]))
        return socket.socket()

    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: True)
    monkeypatch.setattr(socket, "create_server", create)
    with listening(Address(host="", port=8080)):
        assert [(("", 8080), socket.AF_INET6, True)] == made


def test_sockets_do_not_block() -> None:
    """The sockets are non-blocking, for the event loop."""
    with listening(Address(host="127.0.0.1", port=0)) as (only,):
        assert only.gettimeout() == 0
