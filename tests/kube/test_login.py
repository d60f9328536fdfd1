"""TLS with the API server: trusted CAs, client certificates, and files that change."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from probewatch.clock import Clock
from probewatch.errors import ApiError, KubeconfigError
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from probewatch.playground.api.certificate import Certificate, make_certificate
from tests.support.credentials import HeldCredentials


@pytest.fixture(name="certificate", scope="module")
def _certificate() -> Certificate:
    return make_certificate()


@pytest.fixture(name="ca")
def _ca(certificate: Certificate, tmp_path: Path) -> Path:
    path = tmp_path / "ca.crt"
    path.write_text(certificate.certificate)
    return path


def reach(server: str = "https://127.0.0.1", **more: object) -> Access:
    return Access(where="kubeconfig x", server=server, **more)  # type: ignore[arg-type]  # by name


def replace_file(path: Path, content: str | None) -> None:
    """Replace a file with other contents, or remove it (None)."""
    path.unlink()
    if content is not None:
        path.write_text(content)


async def log_in(access: Access) -> Login:
    login = Login(HeldCredentials(access), clock=Clock())
    await login.read()
    return login


@asynccontextmanager
async def serving(certificate: Certificate) -> AsyncIterator[str]:
    """An API server that speaks TLS; yields its URL."""

    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(text="{}")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.server_context()).start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def ask(access: Access) -> int:
    login = await log_in(access)
    async with ApiClient(login, timeout_seconds=5, clock=Clock()) as client:
        status, _ = await client.request("GET", "/version")
    return status


async def test_verification_that_is_switched_on_again_is_done(certificate: Certificate) -> None:
    """A kubeconfig that becomes secure or insecure is heeded from the next reading on."""
    answers: list[str] = []
    async with serving(certificate) as server:
        credentials = HeldCredentials(reach(server, insecure=True))
        login = Login(credentials, clock=Clock())
        async with ApiClient(login, timeout_seconds=5, clock=Clock()) as client:
            for insecure in (True, False, True):
                credentials.access = reach(server, insecure=insecure)
                await login.read()
                try:
                    status, _ = await client.request("GET", "/version")
                    answers.append(str(status))
                except ApiError as error:
                    answers.append(str(error).rpartition("its certificate ")[2].partition(":")[0])

    assert ["200", "is not trusted", "200"] == answers


async def test_authority_that_is_no_file_is_a_clear_error(tmp_path: Path) -> None:
    """A folder in place of the file of a CA is named in the error."""
    with pytest.raises(KubeconfigError, match=str(tmp_path)):
        await log_in(reach(ca_path=str(tmp_path)))


async def test_server_of_our_ca_is_trusted(certificate: Certificate, ca: Path) -> None:
    """A server whose certificate is signed by the kubeconfig's CA is trusted."""
    async with serving(certificate) as server:
        assert 200 == await ask(reach(server, ca_path=str(ca)))


async def test_other_servers_are_not_trusted(certificate: Certificate) -> None:
    """Any other server is refused, and the error says why."""
    async with serving(certificate) as server:
        with pytest.raises(ApiError, match="its certificate is not trusted"):
            await ask(reach(server))


async def test_trust_can_be_switched_off(certificate: Certificate) -> None:
    """`insecure-skip-tls-verify` accepts any certificate, as with kubectl."""
    async with serving(certificate) as server:
        assert 200 == await ask(reach(server, insecure=True))


async def test_name_of_the_certificate_can_be_given(certificate: Certificate, ca: Path) -> None:
    """The certificate has to match `tls-server-name`."""
    async with serving(certificate) as server:
        assert 200 == await ask(reach(server, ca_path=str(ca), tls_server_name="localhost"))
        with pytest.raises(ApiError, match="its certificate is not trusted"):
            await ask(reach(server, ca_path=str(ca), tls_server_name="elsewhere"))


async def test_no_tls_for_a_server_without_it() -> None:
    """A plain HTTP server (a local proxy) gets no TLS context."""
    assert None is (await log_in(reach("http://127.0.0.1:8001"))).tls


async def test_files_that_change_make_new_connections(ca: Path) -> None:
    """A rotated CA file leads to a new TLS context and version; unchanged files keep both."""
    login = await log_in(reach(ca_path=str(ca)))
    first, version = login.tls, login.version
    await login.read()
    kept = login.tls
    assert version == login.version
    replace_file(ca, make_certificate().certificate)
    await login.read()

    assert isinstance(first, ssl.SSLContext)
    assert first is kept
    assert login.tls is not kept
    assert version + 1 == login.version


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("garbage", "kubeconfig x: the CA is not a PEM certificate", id="garbage"),
        pytest.param(None, "ca.crt: No such file or directory", id="missing"),
    ],
)
async def test_ca_that_cannot_be_used(ca: Path, content: str | None, words: str) -> None:
    """A missing or invalid CA is one line of error."""
    replace_file(ca, content)

    with pytest.raises(KubeconfigError, match=words):
        await log_in(reach(ca_path=str(ca)))


async def test_client_certificate(certificate: Certificate, ca: Path, tmp_path: Path) -> None:
    """A client certificate is loaded with its key; a key that does not fit is an error."""
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_text(certificate.key)
    other.write_text(make_certificate().key)
    own = reach(ca_path=str(ca), certificate_path=str(ca), private_key_path=str(key))
    wrong = reach(ca_path=str(ca), certificate_path=str(ca), private_key_path=str(other))

    assert isinstance((await log_in(own)).tls, ssl.SSLContext)
    with pytest.raises(KubeconfigError, match=r"the client certificate is not PEM .* its key"):
        await log_in(wrong)
