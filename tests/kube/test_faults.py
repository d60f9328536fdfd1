"""Network faults in short words, without the requested URL."""

import aiohttp
import pytest

from probewatch.kube.faults import as_os_errors

URL = "https://10.0.0.1:443/api/v1/pods?watch=true"

TIMEOUTS = {
    "no connection": (aiohttp.ConnectionTimeoutError(f"Connection timeout to host {URL}"), 0),
    "no bytes": (aiohttp.SocketTimeoutError(f"Timeout on reading data from {URL}"), 1),
    "no answer": (TimeoutError(), 1),
}
WORDS = ("no connection in time", "no answer in time")


@pytest.mark.parametrize("error", [aiohttp.ClientError(), aiohttp.ClientOSError()])
def test_error_without_words_is_told_by_its_name(error: aiohttp.ClientError) -> None:
    """No error is told by an empty text."""
    with pytest.raises(ConnectionError, match=f"^{type(error).__name__}$"), as_os_errors():
        raise error


@pytest.mark.parametrize(("error", "words"), TIMEOUTS.values(), ids=TIMEOUTS.keys())
def test_what_did_not_come_in_time_is_told(error: TimeoutError, words: int) -> None:
    """A timeout says whether the connection or the answer was missing."""
    with pytest.raises(TimeoutError) as raised, as_os_errors():
        raise error

    assert WORDS[words] == str(raised.value)
