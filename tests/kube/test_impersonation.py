"""A user of a kubeconfig may act as another one (`as`), with the headers that kubectl sends."""

import json
import re
from pathlib import Path

import pytest
from aiohttp import web

from probewatch.clock import Clock
from probewatch.errors import KubeconfigError
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.file_credentials import FileCredentials
from probewatch.kube.impersonation import Headers, read_impersonation
from probewatch.kube.login import Login
from tests.support.fake_cluster import FakeCluster, serving
from tests.support.fake_time import FakeTime

USER = {
    "token": "abc",
    "as": "jane",
    "as-uid": "u-1",
    "as-groups": ["dev", "ops"],
    "as-user-extra": {"example.com/scope": ["a", "b"], "50%": ["c"]},
}
HEADERS = (
    ("Impersonate-User", "jane"),
    ("Impersonate-Uid", "u-1"),
    ("Impersonate-Group", "dev"),
    ("Impersonate-Group", "ops"),
    ("Impersonate-Extra-example.com%2Fscope", "a"),
    ("Impersonate-Extra-example.com%2Fscope", "b"),
    ("Impersonate-Extra-50%25", "c"),
)


@pytest.mark.parametrize(("user", "headers"), [(USER, HEADERS), ({"token": "abc"}, ())])
async def test_access_has_the_headers_of_the_user(
    user: dict[str, object], headers: Headers, tmp_path: Path
) -> None:
    """A kubeconfig's `as`, `as-uid`, `as-groups` and `as-user-extra` become headers."""
    path = tmp_path / "config"
    content = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://one.example:6443"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(json.dumps(content))

    access = await FileCredentials((path,), "").read(refused=False)

    assert headers == access.impersonation
    assert "Bearer abc" == access.authorization


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"as-groups": ["dev"]}, "need `as`"),
        ({"as": "jane", "as-groups": "dev"}, "as-groups of a user is not a list"),
        ({"as": "jane", "as-user-extra": ["a"]}, "as-user-extra of a user is not a mapping"),
        ({"as": "jane", "as-user-extra": {"a": "b"}}, "as-user-extra of a user is not a mapping"),
        ({"as": "jane\nX-Other: 1"}, "contains a control character"),
    ],
)
def test_what_kubectl_refuses_is_refused(user: dict[str, object], words: str) -> None:
    """Groups without a user, values of another type, and line breaks are errors."""
    with pytest.raises(KubeconfigError, match=re.escape(words)):
        read_impersonation(user, "kubeconfig x")


class Acting:
    """Credentials of a user that acts as another one."""

    def __init__(self, server: str) -> None:
        self._server = server

    async def read(self, *, refused: bool) -> Access:
        assert not refused
        return Access(where="test", server=self._server, impersonation=HEADERS)


async def test_each_request_says_whom_it_acts_as() -> None:
    """Single requests and streams carry all headers, those of several groups one by one."""
    cluster, seen = FakeCluster(), []

    async def note(request: web.Request) -> web.Response:
        seen.append(
            [(name, text) for name, text in request.headers.items() if name.startswith("Imp")]
        )
        return web.json_response({})

    cluster.instead = note
    async with serving(cluster) as server:
        login = Login(Acting(server), clock=FakeTime().clock)
        await login.read()
        async with ApiClient(login, timeout_seconds=5.0, clock=Clock()) as client:
            await client.request("GET", "/version")
            async with client.stream("/api/v1/pods", {"watch": "true"}, timeout_seconds=5.0):
                pass

    assert [list(HEADERS), list(HEADERS)] == seen


def test_group_that_is_a_number_is_read_as_text() -> None:
    """YAML reads a group without quotes as a number; the header has its digits."""
    headers = read_impersonation({"as": "jane", "as-groups": [7]}, "here")

    assert (("Impersonate-User", "jane"), ("Impersonate-Group", "7")) == headers


def test_control_character_in_any_header_is_refused() -> None:
    """Not only the user's name must be legal: each request has all headers."""
    with pytest.raises(KubeconfigError, match="control character"):
        read_impersonation({"as": "jane", "as-groups": ["dev", "o\nps"]}, "here")
