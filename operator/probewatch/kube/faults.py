"""Turns network errors of aiohttp into standard OSErrors with a clear message."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp


@contextmanager
def as_os_errors() -> Iterator[None]:
    """Raise aiohttp's errors as OSErrors, so that no other module depends on aiohttp's."""
    try:
        yield
    except TimeoutError as error:
        # Some of aiohttp's errors are TimeoutErrors too, with the whole URL in their message.
        is_connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
        words = "no connection in time" if is_connecting else "no answer in time"
        raise TimeoutError(words) from error
    except aiohttp.ClientError as error:
        raise translate(error) from error


def translate(error: aiohttp.ClientError) -> OSError:
    """Return the OSError for an error: its class says what happened, and its message explains.

    No message contains a URL: that of a proxy may have a password in it.
    """
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return ConnectionError(f"its certificate is not trusted: {_verification(error)}")
        case aiohttp.ClientSSLError():
            return ConnectionError(f"TLS failed: {_reason(error.os_error)}")
        case aiohttp.ClientConnectorDNSError():
            return socket.gaierror(f"the host {error.host} is not known")
        case aiohttp.ClientConnectorError():
            return _unconnected(error)
        case aiohttp.ClientHttpProxyError() | aiohttp.InvalidURL():
            return ConnectionError(_without_url(error))
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return ConnectionResetError("the connection ended too early")
        case OSError():
            return ConnectionResetError(_reason(error))
        case _:
            return ConnectionError(str(error) or type(error).__name__)


def _unconnected(error: aiohttp.ClientConnectorError) -> OSError:
    cause = error.os_error
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return ConnectionError(f"the proxy cannot be reached: {_reason(cause)}")
    if isinstance(cause, ConnectionRefusedError):
        return ConnectionRefusedError("connection refused")
    return ConnectionError(_reason(cause))


def _without_url(error: aiohttp.ClientHttpProxyError | aiohttp.InvalidURL) -> str:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answers {error.status}"
    return "the URL of the server, or of its proxy, is not valid"


def _reason(cause: BaseException) -> str:
    words = cause.strerror if isinstance(cause, OSError) else None
    return words or str(cause) or type(cause).__name__


def _verification(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    return str(cause)
