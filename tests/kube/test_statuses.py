"""Statuses: the API server's refusals, also in the forms that only others write."""

import pytest

from probewatch.kube.statuses import Details, read_status


@pytest.mark.parametrize(
    "details",
    ["null", "7", '{"causes":null}', '{"causes":[7]}', '{"retryAfterSeconds":"soon"}'],
)
def test_broken_details_do_not_hide_the_message(details: str) -> None:
    """A webhook may answer with details of any type; why it refused is still shown."""
    status = read_status(b'{"kind":"Status","message":"too large","details":%b}' % details.encode())

    assert status.message == "too large"
    assert status.details == Details()


LATIN = b'{"message":"\xe9chec"}'
DEEP = b'{"message":"no","more":%b' % (b"[" * 100_000)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"message":7}', b"\xff", LATIN, DEEP])
def test_what_is_no_status_is_an_empty_one(body: bytes) -> None:
    """Proxies answer with pages of their own; they say nothing that could be used."""
    assert not read_status(body).message
