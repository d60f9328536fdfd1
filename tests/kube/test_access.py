"""Access to the API server, as the official client's configuration has it."""

import pytest
from kubernetes.aio.client.configuration import Configuration

from probewatch.errors import KubeconfigError
from probewatch.kube.access import WORDS_LIMIT, Access, access_of, as_kubeconfig_errors


def configuration(**fields: object) -> Configuration:
    found = Configuration()
    found.host = "https://kube.example"
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def access(**fields: object) -> Access:
    return access_of(configuration(**fields), "here")


def test_access_has_what_the_configuration_says() -> None:
    """Each setting of a connection is taken over; verification is on unless it is switched off."""
    found = access(
        api_key={"BearerToken": "bearer t"},
        ssl_ca_cert="ca.pem",
        cert_file="cert.pem",
        key_file="key.pem",
        verify_ssl=False,
        tls_server_name="kubernetes",
        proxy="http://proxy.example:3128",
    )

    assert found == Access(
        where="here",
        server="https://kube.example",
        authorization="Bearer t",
        ca_path="ca.pem",
        certificate_path="cert.pem",
        private_key_path="key.pem",
        insecure=True,
        tls_server_name="kubernetes",
        proxy="http://proxy.example:3128",
    )
    assert access() == Access(where="here", server="https://kube.example")


@pytest.mark.parametrize("server", ["kube.example", "ftp://kube.example", "httpx://kube", ""])
def test_server_that_is_no_url_is_refused(server: str) -> None:
    """A server is an http or https URL; another text is named in the error."""
    with pytest.raises(KubeconfigError, match=f"here: the server '{server}' is not an http"):
        access(host=server)


@pytest.mark.parametrize(
    ("token", "header"),
    [("Bearer t\r\n", "Bearer t"), ("Bearer  t \n", "Bearer t"), ("Bearer \n", ""), ("", "")],
)
def test_token_of_a_file(token: str, header: str) -> None:
    """White space around a token is no part of it, and white space alone is no token."""
    assert header == access(api_key={"BearerToken": token}).authorization


def test_secrets_are_not_shown() -> None:
    """Neither the token, nor a proxy with its password, nor who is impersonated gets into a log."""
    shown = repr(
        Access(
            where="here",
            server="https://kube.example",
            authorization="Bearer hush",
            proxy="http://me:hush@proxy.example",
            impersonation=(("Impersonate-User", "hush"),),
        )
    )

    assert "https://kube.example" in shown
    assert "hush" not in shown


@pytest.mark.parametrize("error", [AttributeError, KeyError, OSError, TypeError, ValueError])
def test_unusable_file_is_an_error_of_one_line(error: type[Exception]) -> None:
    """Whatever the official client raises for a file, people read one short line of it."""
    words = "bad\n" * 999
    with pytest.raises(KubeconfigError) as caught, as_kubeconfig_errors("here"):
        raise error(words)

    told = str(caught.value)
    assert told.startswith("here: ")
    assert "\n" not in told
    assert len(told) <= len("here: ") + WORDS_LIMIT
