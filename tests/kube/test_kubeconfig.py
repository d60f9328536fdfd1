"""Kubeconfigs are found and merged as kubectl does it; errors are one line."""

from pathlib import Path

import pytest
import yaml

from probewatch.errors import KubeconfigError
from probewatch.kube.access import Access
from probewatch.kube.credentials import PodCredentials, find_credentials, find_home
from probewatch.kube.file_credentials import FileCredentials
from probewatch.kube.kubeconfig import read_kubeconfig
from probewatch.kube.kubeconfig_paths import find_paths
from probewatch.kube.login import Login
from tests.support.fake_time import FakeTime

Json = dict[str, object]


def config(name: str = "one", *, user: Json | None = None, **cluster: str) -> Json:
    """A kubeconfig with one cluster, one user and one context, all of the same name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {"name": name, "cluster": {"server": f"https://{name}.example:6443", **cluster}}
        ],
        "users": [{"name": name, "user": {"token": f"token-{name}"} if user is None else user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


async def read(path: Path, context: str = "") -> Access:
    return await FileCredentials((path,), context).read(refused=False)


def test_the_flag_is_stronger_than_all(tmp_path: Path) -> None:
    """A file named by the flag is the only one used."""
    path = write(tmp_path / "named", config())

    assert (path,) == find_paths(str(path), {"KUBECONFIG": "/no/such"}, tmp_path)


def test_of_several_files_some_may_be_missing(tmp_path: Path) -> None:
    """Of the files in $KUBECONFIG the existing ones are used, in order."""
    one, two = write(tmp_path / "1", config("one")), write(tmp_path / "2", config("two"))
    environ = {"KUBECONFIG": f"{two}:{tmp_path}/missing:{one}"}

    assert (two, one) == find_paths("", environ, tmp_path)


def test_names_of_files_are_as_in_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ~ is the home directory, and a colon at either end adds no file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write(tmp_path / "config", config())

    assert (path,) == find_paths("", {"KUBECONFIG": ":~/config:"}, tmp_path)
    assert (path,) == find_paths("~/config", {}, tmp_path)


def test_the_usual_place_comes_last(tmp_path: Path) -> None:
    """Without flag and variable ~/.kube/config is used, if it exists."""
    assert () == find_paths("", {}, tmp_path)
    (tmp_path / ".kube").mkdir()
    path = write(tmp_path / ".kube" / "config", config())

    assert (path,) == find_paths("", {}, tmp_path)


def test_without_a_home_nothing_is_found_by_chance(tmp_path: Path) -> None:
    """Where no HOME is set, as in a container, the working directory does not stand for it."""
    assert tmp_path == find_home({"HOME": str(tmp_path)})
    for environ in ({}, {"HOME": ""}):
        home = find_home(environ)
        assert (True, False) == (home.is_absolute(), home.exists())


async def test_server_may_end_with_a_slash(tmp_path: Path) -> None:
    """The paths of requests begin with a slash, and two in a row are another path."""
    access = await read(write(tmp_path / "config", config(server="https://one.example/base/")))

    assert "https://one.example/base" == access.server


async def test_first_file_wins(tmp_path: Path) -> None:
    """If files disagree, the first one wins, also for the current context."""
    first = write(tmp_path / "1", config("one"))
    other = config("two") | {"contexts": [{"name": "one", "context": {"cluster": "two"}}]}
    second = write(tmp_path / "2", other)

    access = await FileCredentials((first, second), "").read(refused=False)

    assert ("https://one.example:6443", "Bearer token-one") == (access.server, access.authorization)


async def test_context_is_chosen_by_name(tmp_path: Path) -> None:
    """A named context from any file overrides the current one."""
    paths = (write(tmp_path / "1", config("one")), write(tmp_path / "2", config("two")))

    access = await FileCredentials(paths, "two").read(refused=False)

    assert "https://two.example:6443" == access.server


async def test_context_may_have_a_namespace(tmp_path: Path) -> None:
    """The context's namespace is the default of commands."""
    context = {"cluster": "one", "user": "one", "namespace": "shop"}
    content = config() | {"contexts": [{"name": "one", "context": context}]}

    assert "shop" == (await read(write(tmp_path / "config", content))).namespace


NO_CONTEXT = config() | {"current-context": ""}
BAD_SERVER = config(server="one.example:6443")
NO_SERVER = config(server="")
USER_IN_SERVER = config(server="https://admin:s3cret@one.example:6443")
UNKNOWN_USER = config() | {"users": []}
UNKNOWN_CLUSTER = config() | {"clusters": []}
MISSING_CA = config() | {
    "clusters": [
        {
            "name": "one",
            "cluster": {"server": "https://one", "certificate-authority": "/no/such/ca.crt"},
        }
    ]
}


def holding(ca: str) -> Json:
    """A kubeconfig with this certificate-authority-data."""
    cluster = {"server": "https://one", "certificate-authority-data": ca}
    return config() | {"clusters": [{"name": "one", "cluster": cluster}]}


NO_BASE64 = holding("-----BEGIN CERTIFICATE-----")
REFUSALS = {
    "no YAML": ("a: [1", "not YAML in line 1"),
    "no mapping": ("just words", "not a kubeconfig"),
    "empty": ("", "no current context; it has: none"),
    "no current context": (NO_CONTEXT, "no current context; it has: one"),
    "a server without scheme": (BAD_SERVER, "'one.example:6443' is not an http(s) URL"),
    "a password in the URL": (USER_IN_SERVER, "the URL of the server contains a user"),
    "no server": (NO_SERVER, "the cluster of 'one' has no server"),
    "a cluster that is a word": (
        config() | {"clusters": [{"name": "one", "cluster": "https://one"}]},
        "the cluster 'one' is not a mapping",
    ),
    "a key as it is": (
        config(user={"client-key-data": "-----BEGIN PRIVATE KEY-----"}),
        "client-key-data of the user 'one' is not in base64",
    ),
    "an unknown user": (UNKNOWN_USER, "names a missing user: one"),
    "an unknown cluster": (UNKNOWN_CLUSTER, "names a missing cluster: one"),
    "no list": (config() | {"users": "x"}, "users is not a list"),
    "no name": (config() | {"users": [{}]}, "an item of users has no name"),
    "a CA that is missing": (MISSING_CA, "/no/such/ca.crt"),
    "data as it is": (NO_BASE64, "data of the cluster 'one' is not in base64"),
}


async def test_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """A kubeconfig that is not UTF-8 is an error like others, not a crash."""
    path = tmp_path / "config"
    path.write_bytes(b"kind: \xe9")

    with pytest.raises(KubeconfigError, match="not YAML"):
        await read(path)


@pytest.mark.parametrize(("content", "words"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, content: object, words: str
) -> None:
    """The error for an invalid kubeconfig names the file and the fault in one line."""
    path = write(tmp_path / "config", content)

    with pytest.raises(KubeconfigError) as raised:
        await read(path)

    assert str(path) in str(raised.value)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_unknown_context_names_those_there_are(tmp_path: Path) -> None:
    """An unknown context is refused with the names of the existing ones."""
    path = write(tmp_path / "config", config())

    with pytest.raises(KubeconfigError, match="no context 'two'; it has: one"):
        read_kubeconfig((path,), "two")


@pytest.mark.parametrize("environ", [{"KUBECONFIG": "/no/such:/nor/this"}, {}])
def test_nothing_to_read(environ: dict[str, str], tmp_path: Path) -> None:
    """If no cluster is configured, the error says so."""
    with pytest.raises(KubeconfigError, match=r"no such file|no cluster is configured"):
        find_credentials(kubeconfig="", context="", environ=environ, home=tmp_path)


async def test_anonymous_context(tmp_path: Path) -> None:
    """A context without a user has no credentials."""
    content = config() | {"contexts": [{"name": "one", "context": {"cluster": "one"}}]}

    assert "" == (await read(write(tmp_path / "config", content))).authorization


async def test_contents_that_are_no_certificate_are_named_by_their_field(tmp_path: Path) -> None:
    """An invalid embedded CA is named by its field, not by a temporary file."""
    path = write(tmp_path / "config", holding("cG\nVt"))
    credentials = FileCredentials((path,), "")

    with pytest.raises(
        KubeconfigError, match=r"not a PEM certificate \(certificate-authority-data"
    ):
        await Login(credentials, clock=FakeTime().clock).read()


async def test_contents_of_a_user_are_named_by_their_field(tmp_path: Path) -> None:
    """An invalid embedded client certificate is named by its field."""
    user: Json = {"client-certificate-data": "cGVt", "client-key-data": "cGVt"}
    credentials = FileCredentials((write(tmp_path / "config", config(user=user)),), "")

    with pytest.raises(KubeconfigError, match=r"\(client-certificate-data of the user 'one'\)"):
        await Login(credentials, clock=FakeTime().clock).read()


async def test_token_file_is_read_again(tmp_path: Path) -> None:
    """A token file is read again after a change, without the trailing newline."""
    token = write(tmp_path / "token", "first\n")
    path = write(tmp_path / "config", config(user={"tokenFile": "token"}))
    credentials = FileCredentials((path,), "")

    first = await credentials.read(refused=False)
    write(token, "second\n")
    second = await credentials.read(refused=False)

    assert ("Bearer first", "Bearer second") == (first.authorization, second.authorization)


async def test_token_file_without_a_token_is_said(tmp_path: Path) -> None:
    """An empty token file is an error: anonymous requests would look like missing rights."""
    write(tmp_path / "token", "\n")
    path = write(tmp_path / "config", config(user={"tokenFile": "token"}))

    with pytest.raises(KubeconfigError, match="there is no token in token"):
        await read(path)


@pytest.mark.parametrize("token", ["two\nlines", "half\0", "half\r\nX-Other: header"])
async def test_token_that_no_request_can_carry_is_said(tmp_path: Path, token: str) -> None:
    """A token that cannot be an HTTP header is refused when it is read."""
    write(tmp_path / "token", token)
    path = write(tmp_path / "config", config(user={"tokenFile": "token"}))

    with pytest.raises(KubeconfigError, match="the token contains a line break or a control"):
        await read(path)


async def test_user_and_password(tmp_path: Path) -> None:
    """A username and password become a Basic header."""
    path = write(tmp_path / "config", config(user={"username": "me", "password": "x"}))

    assert "Basic bWU6eA==" == (await read(path)).authorization


def plugin(script: str) -> Json:
    """A user whose credentials come from a shell script; each run adds a line to `$RUNS`."""
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "/bin/sh",
            "args": ["-c", script],
        }
    }


def speaking(folder: Path, status: str) -> Json:
    answer = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":%s}'
    return plugin(f"echo run >> {folder}/runs; echo '{answer % status}'")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "runs"),
    [
        pytest.param('{"token":"t"}', 2, id="without an end"),
        pytest.param('{"token":"t","expirationTimestamp":"2999-01-01T00:00:00Z"}', 2, id="long"),
        pytest.param('{"token":"t","expirationTimestamp":"2020-01-01T00:00:00Z"}', 3, id="over"),
    ],
)
async def test_plugin_runs_when_it_is_time(tmp_path: Path, status: str, runs: int) -> None:
    """An exec plugin runs again only if its credentials expired or were refused."""
    path = write(tmp_path / "config", config(user=speaking(tmp_path, status)))
    credentials = FileCredentials((path,), "")

    read = [await credentials.read(refused=refused) for refused in (False, False, True)]

    assert ["Bearer t"] * 3 == [access.authorization for access in read]
    assert runs == len((tmp_path / "runs").read_text().splitlines())


@pytest.mark.slow
async def test_plugin_that_fails_is_named_with_its_words(tmp_path: Path) -> None:
    """The error of a failed exec plugin includes its output."""
    path = write(tmp_path / "config", config(user=plugin("echo no session >&2; exit 3")))

    with pytest.raises(KubeconfigError, match=r"/bin/sh returned no credentials: .*no session"):
        await read(path)


async def test_pod_uses_its_service_account(tmp_path: Path) -> None:
    """In a pod the address comes from the environment, token and CA from files."""
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    credentials = PodCredentials(
        environ,
        token_path=str(write(tmp_path / "token", "abc\n")),
        ca_path=str(write(tmp_path / "ca.crt", "pem")),
    )

    access = await credentials.read(refused=False)

    assert ("https://[fd00::1]:443", "Bearer abc") == (access.server, access.authorization)


async def test_pod_with_an_empty_token_is_told(tmp_path: Path) -> None:
    """Without a token all requests would be anonymous, and be refused as if rights were missing."""
    credentials = PodCredentials(
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"},
        token_path=str(write(tmp_path / "token", "\n")),
        ca_path=str(write(tmp_path / "ca.crt", "pem")),
    )

    with pytest.raises(KubeconfigError, match=r"service account of this pod: .*token"):
        await credentials.read(refused=False)


async def test_pod_without_a_token_is_told(tmp_path: Path) -> None:
    """A pod without a mounted service account gets one clear error."""
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    credentials = PodCredentials(environ, token_path=str(tmp_path / "none"), ca_path="/none")

    with pytest.raises(KubeconfigError, match=r"service account of this pod: .*token"):
        await credentials.read(refused=False)
