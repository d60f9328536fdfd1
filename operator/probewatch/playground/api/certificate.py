"""The certificate of the playground's API server, generated anew in each process.

kubectl sends tokens over TLS only. The standard library has TLS, but cannot make a
certificate, so one is made here: self-signed, ECDSA on the curve P-256, for loopback. Do not
use this for anything else: the arithmetic does not run in constant time, so that others on the
same processor may find out the key.
"""

import base64
import functools
import hashlib
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

Point = tuple[int, int] | None
"""None is the point at infinity."""

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = P - 3
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

OID_EC_KEY, OID_P256 = "1.2.840.10045.2.1", "1.2.840.10045.3.1.7"
OID_ECDSA_SHA256, OID_COMMON_NAME = "1.2.840.10045.4.3.2", "2.5.4.3"
OID_KEY_ID, OID_USAGE, OID_NAMES, OID_CONSTRAINTS, OID_ISSUER_ID = (
    "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.35",
)  # fmt: skip
NAME = "probewatch-playground"
LIFETIME = timedelta(days=365)
DIGITAL_SIGNATURE_AND_CERT_SIGN = b"\x02\x84"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str

    def server_context(self) -> ssl.SSLContext:
        """Return the TLS context of a server with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:  # only its owner can read it
            path = Path(folder) / "both.pem"
            path.write_text(self.key + self.certificate, encoding="ascii")
            context.load_cert_chain(path)
        return context


@functools.cache
def shared_certificate() -> Certificate:
    """Return the certificate that all servers of this process share."""
    return make_certificate()


def make_certificate() -> Certificate:
    """Return a new certificate for 127.0.0.1 and localhost, valid for a year."""
    private = secrets.randbelow(N - 1) + 1
    public = _multiply(private, G)
    point = b"\x04" + b"".join(number.to_bytes(32, "big") for number in public or ())
    begin = datetime.now(UTC) - timedelta(days=1)
    signed = _signed_part(point, begin)
    signature = _bits(_sign(private, signed))
    certificate = _sequence(signed, _algorithm(), signature)
    key = _sequence(
        _integer(1),
        _tagged(0x04, private.to_bytes(32, "big")),
        _tagged(0xA0, _oid(OID_P256)),
        _tagged(0xA1, _bits(point)),
    )
    return Certificate(
        certificate=_pem("CERTIFICATE", certificate), key=_pem("EC PRIVATE KEY", key)
    )


def _signed_part(point: bytes, begin: datetime) -> bytes:
    name = _sequence(_tagged(0x31, _sequence(_oid(OID_COMMON_NAME), _tagged(0x0C, NAME.encode()))))
    return _sequence(
        _tagged(0xA0, _integer(2)),  # version 3
        _integer(secrets.randbits(120) + 1),
        _algorithm(),
        name,
        _sequence(_time(begin), _time(begin + LIFETIME)),
        name,
        _sequence(_sequence(_oid(OID_EC_KEY), _oid(OID_P256)), _bits(point)),
        _tagged(0xA3, _sequence(*_extensions(point))),
    )


def _extensions(point: bytes) -> Iterator[bytes]:
    key_id = hashlib.sha1(point, usedforsecurity=False).digest()
    names = _sequence(_tagged(0x82, b"localhost"), _tagged(0x87, bytes((127, 0, 0, 1))))
    usage = _tagged(0x03, DIGITAL_SIGNATURE_AND_CERT_SIGN)
    yield _extension(OID_CONSTRAINTS, _sequence(_tagged(0x01, b"\xff")), critical=True)
    yield _extension(OID_USAGE, usage, critical=True)
    yield _extension(OID_NAMES, names)
    yield _extension(OID_KEY_ID, _tagged(0x04, key_id))
    yield _extension(OID_ISSUER_ID, _sequence(_tagged(0x80, key_id)))


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = _tagged(0x01, b"\xff") if critical else b""
    return _sequence(_oid(oid), flag, _tagged(0x04, value))


def _algorithm() -> bytes:
    return _sequence(_oid(OID_ECDSA_SHA256))


# --- the curve ---------------------------------------------------------------------


def _add(first: Point, second: Point) -> Point:
    if first is None or second is None:
        return first or second
    if first[0] == second[0]:
        if (first[1] + second[1]) % P == 0:
            return None
        slope = (3 * first[0] * first[0] + A) * pow(2 * first[1], -1, P) % P
    else:
        slope = (second[1] - first[1]) * pow(second[0] - first[0], -1, P) % P
    x = (slope * slope - first[0] - second[0]) % P
    return x, (slope * (first[0] - x) - first[1]) % P


def _multiply(factor: int, point: Point) -> Point:
    product: Point = None
    while factor:
        if factor & 1:
            product = _add(product, point)
        point, factor = _add(point, point), factor >> 1
    return product


def _sign(private: int, message: bytes) -> bytes:
    """Return the ECDSA signature with SHA-256, as DER."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = secrets.randbelow(N - 1) + 1
        point = _multiply(nonce, G)
        r = (point[0] if point else 0) % N
        s = pow(nonce, -1, N) * (digest + r * private) % N
        if r and s:
            return _sequence(_integer(r), _integer(s))


# --- DER ---------------------------------------------------------------------------


def _tagged(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:  # noqa: PLR2004  # the short form of a length
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _integer(number: int) -> bytes:
    return _tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _bits(body: bytes) -> bytes:
    return _tagged(0x03, b"\0" + body)


def _oid(text: str) -> bytes:
    first, second, *rest = (int(part) for part in text.split("."))
    body = bytearray((first * 40 + second,))
    for number in rest:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        body += bytes(reversed(septets))
    return _tagged(0x06, bytes(body))


def _time(moment: datetime) -> bytes:
    return _tagged(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _pem(kind: str, body: bytes) -> str:
    text = base64.encodebytes(body).decode().replace("\n", "")
    lines = (text[start : start + 64] for start in range(0, len(text), 64))
    return "\n".join((f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""))
