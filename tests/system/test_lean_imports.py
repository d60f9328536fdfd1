"""Which modules of the official client are imported, and how others still get the rest."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

HEAVY = ("pydantic", "requests", "urllib3", "oauthlib", "websocket", "kubernetes.client")
"""Imported only by the parts of the official client that nothing here uses."""

LOAD = ("from probewatch.cli import load_command", "load_command('run')")


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ID_TOKEN = f"e30.{base64_of(json.dumps({'exp': 32503680000}))}.x"  # of the year 3000
STATUS = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "kind": "ExecCredential",
    "status": {"token": "from-a-plugin"},
}
PLUGIN = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": sys.executable,
    "args": ["-c", f"print({json.dumps(STATUS)!r})"],
    "interactiveMode": "Never",
}
USERS = {
    "token": ({"token": "from-a-file"}, "Bearer from-a-file", ""),
    "certificate": (
        {
            "client-certificate-data": base64_of("a certificate"),
            "client-key-data": base64_of("a key"),
        },
        "",
        "a certificate",
    ),
    "plugin": ({"exec": PLUGIN}, "Bearer from-a-plugin", ""),
    "OIDC": (
        {"auth-provider": {"name": "oidc", "config": {"id-token": ID_TOKEN}}},
        f"Bearer {ID_TOKEN}",
        "",
    ),
}
"""Users of a kubeconfig, with the header or the certificate that they lead to."""

READ = """
import asyncio, pathlib, sys
from probewatch.kube.credentials import find_credentials
for path in sys.argv[1:]:
    home = pathlib.Path("/nonexistent")
    found = find_credentials(kubeconfig=path, context="", environ={}, home=home)
    access = asyncio.run(found.read(refused=False))
    certificate = access.certificate_path and pathlib.Path(access.certificate_path).read_text()
    print(f"{access.authorization}|{certificate}")
"""

READ_IN_A_POD = """
import asyncio, sys
from probewatch.kube.credentials import PodCredentials
place = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
found = PodCredentials(place, token_path=sys.argv[1], ca_path=sys.argv[2])
access = asyncio.run(found.read(refused=False))
print(access.server, access.authorization)
"""


def run(*lines: str, arguments: tuple[str, ...] = ()) -> str:
    """Run a program of these lines and return its output."""
    told = subprocess.run(
        [sys.executable, "-c", "\n".join(lines), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


def write_kubeconfig(path: Path, user: object) -> str:
    cluster = {"server": "https://one.example:6443"}
    content = {
        "current-context": "one",
        "clusters": [{"name": "one", "cluster": cluster}],
        "users": [{"name": "one", "user": user}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_a_pod_loads_no_more_of_the_official_client_than_it_needs(tmp_path: Path) -> None:
    """A pod with a service account imports neither models nor a second HTTP client."""
    (tmp_path / "token").write_text("of-the-account\n")
    (tmp_path / "ca.crt").write_text("pem")
    told = run(
        *LOAD,
        READ_IN_A_POD,
        f"print([name for name in {HEAVY} if sys.modules.get(name)])",
        arguments=(str(tmp_path / "token"), str(tmp_path / "ca.crt")),
    )

    assert told.split("\n") == ["https://10.0.0.1:443 Bearer of-the-account", "[]"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("import kubernetes", "", id="loaded before"),
        pytest.param("", "from probewatch.lean_imports import let_in; let_in()", id="let in"),
    ],
)
def test_the_official_client_is_there_for_whoever_wants_it(before: str, after: str) -> None:
    """A client that was imported before stays complete; later, `let_in` makes it complete."""
    told = run(
        before,
        *LOAD,
        after,
        "from kubernetes import client, config",
        "print(client.V1Pod.__name__, config.load_kube_config.__name__)",
    )

    assert told == "V1Pod load_kube_config"


def test_credentials_of_all_kinds_are_read_without_the_rest_of_the_client(tmp_path: Path) -> None:
    """Tokens, certificates, plugins and OIDC work with the few modules that are imported."""
    paths = tuple(write_kubeconfig(tmp_path / name, user) for name, (user, _, _) in USERS.items())

    told = run(*LOAD, READ, "print(sys.modules['kubernetes.client'])", arguments=paths)

    known_by = [f"{header}|{certificate}" for _, header, certificate in USERS.values()]
    assert [*known_by, "None"] == told.split("\n")


def test_modules_of_the_official_client_find_each_other() -> None:
    """The lean modules are bound in their packages, as a normal import binds them."""
    told = run(
        *LOAD,
        "import kubernetes.aio.client.models",
        "print(kubernetes.aio.client.models.V1Pod.__name__, kubernetes.aio.config.__name__)",
    )

    assert told == "V1Pod kubernetes.aio.config"
